"""``python -m pipeline_lib screens``: read published screens into one table."""

from pathlib import Path

import click

from pipeline_lib.config.command_options import json_option, named_files, part_of, print_json, settings_option
from pipeline_lib.config.screens import ScreenSettings

_Input = click.Path(exists=True, dir_okay=False, path_type=Path)
_Output = click.Path(dir_okay=False, path_type=Path)


@click.group()
def app() -> None:
    """Read published screens into one table of observations.

    `read` reads one screen with the reader of its publication; `combine` puts the screens of a run together; `summary`
    states what they hold and how well they repeat themselves.
    """


@app.command()
@json_option
def readers(*, as_json: bool) -> None:
    """List the readers: files by role, units, sidedness of P-values, control, kinds, temperature, strains."""
    from pipeline_lib.config.screen_readers import SCREEN_READERS

    sided = {1: "one-sided", 2: "two-sided", None: "none, or as the configuration states"}
    rows = []
    for name in SCREEN_READERS.names():
        reader = SCREEN_READERS.get(name)
        facts = {
            "files": str(reader.files),
            "values": reader.units,
            "P-values": sided[reader.p_sided],
            "control": reader.control,
            "kinds": reader.kinds,
            "degrees": reader.temperature,
            "query": reader.query,
            "array": reader.array,
            "package": SCREEN_READERS.package_of(name),
        }
        rows.append({"reader": name, "publication": reader.publication, **facts})
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row.pop('reader')}: {row.pop('publication')}")
        for fact, text in row.items():
            click.echo(f"    {fact:<9} {text}")


@app.command()
@settings_option("screens", dict[str, ScreenSettings])
@click.option("--name", required=True, help="Which screen of the settings to read.")
@click.option("--genes", "genes_path", type=_Input, required=True, help="tables/genes.parquet")
@click.option(
    "--file",
    "files",
    multiple=True,
    required=True,
    callback=named_files,
    metavar="ROLE=PATH",
    help="An upstream file and its role; once a file.",
)
@click.option("--output", type=_Output, required=True, help="The screen's observations, parquet.")
@click.option("--rejected", type=_Output, required=True, help="The rows that were rejected, with reasons, parquet.")
@click.option("--coverage", type=_Output, help="How many of the screen's gene names the gene table knows, parquet.")
def read(
    settings: dict[str, ScreenSettings],
    name: str,
    genes_path: Path,
    files: dict[str, Path],
    output: Path,
    rejected: Path,
    coverage: Path | None,
) -> None:
    """Read one screen; print how many rows became observations and why others did not."""
    from pipeline_lib.artefacts.schemas import GENE_COVERAGE, GENES
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.errors import PipelineError
    from pipeline_lib.genes.gene_tables import gene_coverage
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.screens.reading import read_screen

    screen = part_of(settings, name, "screen")
    wrong = sorted(set(screen.files) ^ set(files))
    if wrong:
        raise PipelineError(f"screen '{name}': the file '{wrong[0]}' is not both in the settings and given by --file.")
    names = GeneNames.from_table(read_table(genes_path, GENES))
    counts = read_screen(name, screen, files, names, output, rejected)
    if coverage:
        write_table(gene_coverage("screen", name, names, names.looked_up), coverage, GENE_COVERAGE)
    click.echo(f"{name}: {counts.observations} observations, {counts.left_out} left out by the settings")
    for reason, n in counts.summary():
        click.echo(f"    rejected {n}: {reason}")


@app.command()
@click.option("--genes", "genes_path", type=_Input, required=True, help="tables/genes.parquet")
@click.option(
    "--screen-table", "screens", type=_Input, multiple=True, required=True, help="Output of `read`; once a screen."
)
@click.option("--rejected-part", "rejected_parts", type=_Input, multiple=True, help="Rejected rows of `read`.")
@click.option("--observations", type=_Output, required=True, help="All screens, one row a measurement.")
@click.option("--rejected", type=_Output, required=True, help="All rejected rows.")
@click.option("--aggregated", type=_Output, required=True, help="One row a screen, phenotype and genotype.")
def combine(
    genes_path: Path,
    screens: tuple[Path, ...],
    rejected_parts: tuple[Path, ...],
    observations: Path,
    rejected: Path,
    aggregated: Path,
) -> None:
    """Put the screens of a run together, in the order given, and number the observations."""
    from pipeline_lib.artefacts.schemas import GENES
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.screens.reading import aggregate, combine_observations, combine_rejected

    names = GeneNames.from_table(read_table(genes_path, GENES))
    n = combine_observations(screens, names, observations)
    n_rejected = combine_rejected(rejected_parts, rejected)
    aggregate(observations, names, aggregated)
    click.echo(f"{n} observations of {len(screens)} screens, {n_rejected} rejected rows")


@app.command()
@click.option("--observations", type=_Input, required=True, help="tables/observations.parquet")
@click.option("--genes", type=_Input, required=True, help="tables/genes.parquet")
@click.option("--output", type=_Output, required=True, help="Counts, reproducibility and overlaps, long form.")
def summary(observations: Path, genes: Path, output: Path) -> None:
    """Summarise every screen: counts, missing values, reproducibility, overlap with the other screens."""
    from pipeline_lib.screens.summarising import summarise

    summarise(observations, genes, output)


@app.command()
@click.option("--observations", type=_Input, required=True, help="tables/observations.parquet")
@click.option("--output", type=_Output, required=True, help="One row a trigenic interaction: released and recomputed.")
def identity(observations: Path, output: Path) -> None:
    """Recompute every trigenic score from its raw score and the control screens of its query."""
    from pipeline_lib.artefacts.schemas import TRIGENIC_IDENTITY
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.screens.summarising import recompute_tau

    recompute_tau(observations, output)
    counts = read_table(output, TRIGENIC_IDENTITY).value_counts(["screen", "status"], sort=False).reset_index()
    for row in counts.itertuples():
        click.echo(f"{row.screen}: {row[3]} {str(row.status).replace('_', ' ')}")
