"""``python -m pipeline_lib reporting``: figures, what to measure next, provenance, the report page, its gallery."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_lib.config.command_options import SectionType, scores_option, settings_option
from pipeline_lib.config.evaluation import TOPICS, ReportingSettings
from pipeline_lib.config.models import DangoSettings
from pipeline_lib.config.screen_readers import ScreenScores

if TYPE_CHECKING:
    from pipeline_lib.config.loading import RunConfig

_Input = click.Path(exists=True, dir_okay=False, path_type=Path)
_Output = click.Path(dir_okay=False, path_type=Path)
_Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def app() -> None:
    """Figures, provenance and the report page."""


def _named_paths(_: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, Path]:
    named = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals:
            raise click.BadParameter(f"'{text}' is not name=path", param=parameter)
        named[name] = Path(path)
    return named


@app.command()
@settings_option("reporting", ReportingSettings)
@scores_option
@click.argument("topic", type=click.Choice(list(TOPICS)))
@click.option(
    "--input",
    "inputs",
    multiple=True,
    callback=_named_paths,
    metavar="NAME=PATH",
    help="An artefact that the topic is drawn from; once an artefact.",
)
@click.option(
    "--models", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of fitted models."
)
@click.option(
    "--dango-settings",
    "dango",
    required=True,
    type=SectionType("models.dango", DangoSettings),
    help="Section 'models.dango', by which a training shorter than that of its paper is named: JSON, or a run's YAML.",
)
@click.option("--p-values-of", "pages", multiple=True, help="A screen whose P-values have a figure; once a screen.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where figures go.")
@click.option("--records", type=_Output, required=True, help="JSON of titles and captions.")
@click.option(
    "--listed",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the figures that show something, for `snakemake --report`.",
)
@click.option("--captions", type=_Output, required=True, help="Template of their captions, for `snakemake --report`.")
def figures(
    settings: ReportingSettings,
    scores: dict[str, ScreenScores],
    topic: str,
    inputs: dict[str, Path],
    models: Path,
    dango: DangoSettings,
    pages: tuple[str, ...],
    folder: Path,
    records: Path,
    listed: Path,
    captions: Path,
) -> None:
    """Draw the figures of one topic, as SVG and PNG."""
    import matplotlib as mpl

    mpl.use("agg")
    from pipeline_lib.reporting.drawing import save, with_names, write_listed, write_records
    from pipeline_lib.reporting.names import DAGGER, training_in_words, with_training
    from pipeline_lib.reporting.style import paper_style
    from pipeline_lib.reporting.topics import Given, draw_topic

    with paper_style():
        drawn = [
            with_names(one, lambda text: with_training(text, dango, DAGGER), f"{DAGGER} {training_in_words(dango)}")
            for one in draw_topic(topic, Given(inputs, models, settings.model, scores, pages))
        ]
        save(drawn, folder, settings.png_dpi)
    write_listed(drawn, folder, listed, captions)
    write_records(drawn, records)


@app.command()
@settings_option("reporting", ReportingSettings)
@click.option("--counts", type=_Input, required=True, help="metabolism/triples.json")
@click.option("--subsystems", type=_Input, required=True, help="metabolism/triples_by_subsystem.parquet")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where figures go.")
@click.option("--records", type=_Output, required=True, help="JSON of title and caption.")
def trigenic(settings: ReportingSettings, counts: Path, subsystems: Path, folder: Path, records: Path) -> None:
    """Draw every trigenic interaction of the metabolic model by subsystem, as SVG and PNG."""
    import matplotlib as mpl

    mpl.use("agg")
    from pipeline_lib.artefacts.atomic import read_json
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.reporting.drawing import save, write_records
    from pipeline_lib.reporting.figures.correlations import draw_trigenic
    from pipeline_lib.reporting.style import paper_style

    with paper_style():
        drawn = [draw_trigenic(read_json(counts), read_table(subsystems))]
        save(drawn, folder, settings.png_dpi)
    write_records(drawn, records)


@app.command()
@click.option("--records", type=_Input, multiple=True, help="figures/<topic>.json, in the order of the page.")
@click.option("--run", required=True, help="Name of the run, for the head of the page.")
@click.option("--output", type=_Output, required=True, help="figures/gallery.html, beside the figures.")
def gallery(records: tuple[Path, ...], run: str, output: Path) -> None:
    """Write a page of every figure, for who wants pictures alone."""
    from pipeline_lib.artefacts.atomic import write_text
    from pipeline_lib.reporting.drawing import read_records
    from pipeline_lib.reporting.html import render_gallery

    write_text(render_gallery(run, [(path.stem, read_records(path)) for path in records]), output)


@app.command("next-experiments")
@settings_option("reporting", ReportingSettings)
@scores_option
@click.option("--fitted", "models", type=_Input, multiple=True, help="A fitted model (.pt); one a seed.")
@click.option("--observations", type=_Input, required=True, help="tables/observations.parquet")
@click.option("--genes", "genes_path", type=_Input, required=True, help="tables/genes.parquet")
@click.option("--edges", type=_Input, required=True, help="networks/edges.parquet")
@click.option("--stoichiometry", type=_Input, required=True, help="metabolism/stoichiometry.pt")
@click.option("--knockouts", type=_Input, help="metabolism/knockouts.<method>.parquet, where the model reads growth.")
@click.option(
    "--metabolic-network",
    "network",
    type=(_Input, _Input, _Input),
    help="metabolism/{reactions,incidence,complexes}.parquet, beside it.",
)
@click.option("--features", type=_Input, multiple=True, help="features/<name>.parquet of the models' run; repeat it.")
@click.option("--output", type=_Output, required=True, help="Parquet: pairs and triples with both ranks.")
@click.option("--csv", "csv_path", type=_Output, required=True, help="The same in the order in which a lab would pick.")
def next_experiments(
    settings: ReportingSettings,
    scores: dict[str, ScreenScores],
    models: tuple[Path, ...],
    observations: Path,
    genes_path: Path,
    edges: Path,
    stoichiometry: Path,
    knockouts: Path | None,
    network: tuple[Path, Path, Path] | None,
    features: tuple[Path, ...],
    output: Path,
    csv_path: Path,
) -> None:
    """Rank untested pairs and triples by expected value and by information."""
    from pipeline_lib.artefacts.atomic import write_text
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.reporting.next_experiments import FittedSeeds, rank_untested, with_names
    from pipeline_lib.reporting.results_table import to_csv
    from pipeline_lib.training.fitted_model import read_cell, read_solver

    cell = read_cell(genes_path, edges, stoichiometry, knockouts, features)
    if network is not None:
        # What no screen has measured is not among the knockouts.
        cell = replace(cell, solve=read_solver(*network, cell.genes))
    columns = ["screen", "genes", "order", "phenotype", "value"]
    table = rank_untested(
        read_table(observations, columns=columns),
        cell.genes,
        FittedSeeds.read(models, cell),
        settings,
        scores,
    )
    write_table(table, output)
    write_text(to_csv(with_names(table, cell.genes)), csv_path)


def _run_config(config_json: str) -> "RunConfig":
    from pydantic import TypeAdapter

    from pipeline_lib.config.loading import RunConfig, parse_section, read_run_config

    if config_json.lstrip().startswith("{"):
        config: RunConfig = parse_section(TypeAdapter(RunConfig), config_json, "--config")
        return config
    return read_run_config(Path(config_json))


@app.command()
@click.option("--config", "config_json", required=True, help="The whole configuration: JSON, or a run's YAML file.")
@click.option("--lock", type=click.Path(exists=True, path_type=Path), required=True, help="sources.lock.json")
@click.option("--benchmarks", type=click.Path(path_type=Path), required=True, help="Folder of the rules' benchmarks.")
@click.option("--project", type=_Folder, default=Path(), show_default=True, help="The checkout, for the commit.")
@click.option("--output", type=_Output, required=True, help="provenance.json")
def provenance(config_json: str, lock: Path, benchmarks: Path, project: Path, output: Path) -> None:
    """Write where a run's numbers came from."""
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.reporting.provenance import provenance as collect

    write_json(collect(_run_config(config_json), lock, benchmarks, project), output)


@app.command()
@settings_option("reporting", ReportingSettings)
@click.option("--run-folder", type=_Folder, required=True, help="results/<run>")
@click.option("--output", type=_Output, required=True, help="report.html")
def html(settings: ReportingSettings, run_folder: Path, output: Path) -> None:
    """Write the report: one page that needs no network."""
    from pipeline_lib.artefacts.atomic import write_text
    from pipeline_lib.reporting.html import render
    from pipeline_lib.reporting.run_folder import RunFolder
    from pipeline_lib.reporting.sections.page import all_tabs, first_screen, gene_data

    run = RunFolder(run_folder, settings.model)
    page = render(first_screen(run), all_tabs(run), gene_data(run), run.provenance)
    write_text(page, output)


@app.command()
@click.option("--run-folder", type=_Folder, required=True, help="results/<run>")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Page whose table of results is made anew.",
)
def reference(run_folder: Path, output: Path, page: Path | None) -> None:
    """Copy the small tables of a run as CSV, with their provenance, to keep under version control."""
    from pipeline_lib.reporting.results_table import put_into, results_table, write_reference
    from pipeline_lib.reporting.run_folder import RunFolder

    write_reference(run_folder, output)
    if page is not None:
        import pandas as pd

        names = ("leaderboard", "noise_ceiling", "scoreboard")
        leaderboard, ceilings, board = (pd.read_csv(output / f"{name}.csv") for name in names)
        dango = RunFolder(run_folder, "").dango
        put_into(page, results_table(leaderboard, ceilings, board, dango))


@app.command()
@click.option("--run-folder", type=_Folder, required=True, help="results/<run>")
@click.option("--model", default="clp", show_default=True, help="Model whose card is written.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write.")
def cards(run_folder: Path, model: str, output: Path) -> None:
    """Write the model card and the data cards of a run as Markdown."""
    from pipeline_lib.artefacts.atomic import read_json, write_text
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.config.evaluation import ARTEFACTS
    from pipeline_lib.reporting.cards import data_cards, model_card
    from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE, read_catalogue

    provenance = read_json(run_folder / "provenance.json")
    board, screens = (read_table(run_folder / ARTEFACTS[name]) for name in ("scoreboard", "screens_summary"))
    catalogue = Path(provenance["configuration"].get("catalogue") or DEFAULT_CATALOGUE)
    write_text(model_card(provenance, board, model), output / "model_card.md")
    write_text(data_cards(provenance, screens, read_catalogue(catalogue)), output / "data_cards.md")
