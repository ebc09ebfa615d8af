"""``python -m pipeline_lib reporting``: figures, provenance, the report page."""

from pathlib import Path

import click

from pipeline_lib.command_line.settings_option import settings_option
from pipeline_lib.config.figures import TOPICS
from pipeline_lib.config.reporting import ReportingSettings

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
@click.argument("topic", type=click.Choice(list(TOPICS)))
@click.option("--input", "inputs", multiple=True, callback=_named_paths, metavar="NAME=PATH",
              help="An artefact that the topic is drawn from; once an artefact.")  # fmt: skip
@click.option(
    "--models", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of fitted models."
)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where figures go.")
@click.option("--records", type=_Output, required=True, help="JSON of titles and captions.")
def figures(
    settings: ReportingSettings, topic: str, inputs: dict[str, Path], models: Path, folder: Path, records: Path
) -> None:
    """Draw the figures of one topic, as SVG and PNG."""
    import matplotlib as mpl

    mpl.use("agg")
    from pipeline_lib.reporting.drawing import save, write_records
    from pipeline_lib.reporting.style import paper_style
    from pipeline_lib.reporting.topics import draw_topic

    with paper_style():
        drawn = draw_topic(topic, inputs, models)
        save(drawn, folder, settings.png_dpi)
    write_records(drawn, records)


@app.command()
@click.option("--config", "config_json", required=True, help="The whole configuration: JSON, or a run's YAML file.")
@click.option("--lock", type=click.Path(exists=True, path_type=Path), required=True, help="sources.lock.json")
@click.option("--benchmarks", type=click.Path(path_type=Path), required=True, help="Folder of the rules' benchmarks.")
@click.option("--project", type=_Folder, default=Path(), show_default=True, help="The checkout, for the commit.")
@click.option("--output", type=_Output, required=True, help="provenance.json")
def provenance(config_json: str, lock: Path, benchmarks: Path, project: Path, output: Path) -> None:
    """Write where a run's numbers came from."""
    from pydantic import TypeAdapter

    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.config.loading import parse_section, read_run_config
    from pipeline_lib.config.run import RunConfig
    from pipeline_lib.reporting.provenance import provenance as collect

    if config_json.lstrip().startswith("{"):
        run = parse_section(TypeAdapter(RunConfig), config_json, "--config")
    else:
        run = read_run_config(Path(config_json))
    write_json(collect(run, lock, benchmarks, project), output)


@app.command()
@settings_option("reporting", ReportingSettings)
@click.option("--run-folder", type=_Folder, required=True, help="results/<run>")
@click.option("--output", type=_Output, required=True, help="report.html")
def html(settings: ReportingSettings, run_folder: Path, output: Path) -> None:
    """Write the report: one page that needs no network."""
    from pipeline_lib.reporting.html import render, write_page
    from pipeline_lib.reporting.sections import RunFolder, all_sections, facts, headline, title_of

    run = RunFolder(run_folder, settings.png_dpi)
    page = render(
        run=title_of(run),
        description=str(run.provenance["configuration"]["description"]),
        facts=facts(run),
        findings=headline(run),
        sections=all_sections(run),
        provenance=run.provenance,
    )
    write_page(page, output)
