"""``python -m pipeline_lib features``: read feature tables of genes and describe them."""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import click
import pandas as pd

from pipeline_lib.artefacts.schemas import FEATURES_SUMMARY
from pipeline_lib.config.command_options import json_option, named_files, part_of, print_layouts, settings_option
from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE, Provenance, find_provenance

_PATH = click.Path(path_type=Path)


@click.group()
def app() -> None:
    """Build feature tables of genes: read each, say what they rest on and how many genes they cover."""


@app.command("readers")
@json_option
def readers_command(*, as_json: bool) -> None:
    """List the readers, the files that each needs, and the layout that it understands."""
    from pipeline_lib.config.features import FEATURE_READERS

    print_layouts(FEATURE_READERS, as_json=as_json)


@app.command("read")
@settings_option("features", dict[str, FeatureSettings])
@click.option("--name", required=True, help="Which feature table of the settings.")
@click.option("--genes", type=_PATH, required=True, help="The gene table (tables/genes.parquet).")
@click.option("--file", "files", multiple=True, callback=named_files, metavar="ROLE=PATH", help="A file of the reader.")
@click.option("--output", type=_PATH, required=True, help="gene_index and one float32 column a feature (parquet).")
@click.option("--coverage", type=_PATH, help="Written: how many of its gene names the gene table knows (parquet).")
def read_command(
    settings: dict[str, FeatureSettings],
    name: str,
    genes: Path,
    files: dict[str, Path],
    output: Path,
    coverage: Path | None,
) -> None:
    """Read one feature table; columns left out are listed on stderr with the reason."""
    from pipeline_lib.artefacts.schemas import FEATURES, GENE_COVERAGE, GENES
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.features.building import build_features, read_raw_features
    from pipeline_lib.genes.gene_tables import gene_coverage
    from pipeline_lib.genes.names import GeneNames

    chosen = part_of(settings, name, "feature table")
    raw = read_raw_features(files, chosen)
    gene_table = read_table(genes, GENES)
    table = build_features(name, raw, gene_table)
    write_table(table, output, FEATURES)
    if coverage is not None:
        names = GeneNames.from_table(gene_table)
        write_table(gene_coverage("features", name, names, raw.genes.to_list()), coverage, GENE_COVERAGE)
    for column, reason in raw.left_out.items():
        click.echo(f"left out: {column} ({reason})", err=True)
    counts = ", ".join(f"{key.replace('_', ' ')} {count:,}" for key, count in table.attrs["losses"].items())
    click.echo(f"features '{name}': {table.shape[1] - 1:,} columns, {len(table):,} genes; {counts}.", err=True)


@app.command("summarise")
@settings_option("features", dict[str, FeatureSettings])
@click.option("--table", "tables", type=_PATH, multiple=True, help="features/<name>.parquet; repeat it.")
@click.option("--used", multiple=True, help="Name of a table that models read; repeat it.")
@click.option(
    "--catalogue",
    type=_PATH,
    default=DEFAULT_CATALOGUE,
    show_default=True,
    help="The catalogue of upstream files; states what a table rests on where its settings do not.",
)
@click.option("--output", type=_PATH, required=True, help="One row a feature table (parquet).")
def summarise_command(
    settings: dict[str, FeatureSettings],
    tables: tuple[Path, ...],
    used: tuple[str, ...],
    catalogue: Path,
    output: Path,
) -> None:
    """Describe feature tables: columns, genes covered, evidence, year, losses. No table: an empty summary."""
    from pipeline_lib.artefacts.schemas import FEATURES, FEATURES_SUMMARY
    from pipeline_lib.artefacts.tables import read_table, write_table

    read = {path.stem: read_table(path, FEATURES) for path in tables}
    unknown = sorted({*read, *used} - set(settings))
    if unknown:
        raise PipelineError(f"the settings have no feature table '{unknown[0]}'; there are {list(settings)}.")
    provenances = {name: find_provenance(settings[name], catalogue) for name in read}
    summary = summarise(read, settings, provenances, used)
    write_table(summary, output, FEATURES_SUMMARY)
    if summary.empty:
        click.echo("this run has no feature tables; models read none.", err=True)
    for row in summary[~summary["used"]].itertuples():
        click.echo(
            f"models do not read '{row.name}' (holds genetic interactions: {row.holds_genetic}); name it in "
            "cell.features to use it.",
            err=True,
        )


_COUNTS = ("rows", "unknown_genes", "rows_merged", "columns_constant", "columns_left_out")
_TYPES = {
    **dict.fromkeys(("name", "evidence", "holds_genetic", "source", "notes"), "object"),
    **dict.fromkeys(("columns", "genes", *_COUNTS), "int64"),
    "measured": "float64",
    "used": "bool",
    "year": "Int64",
}


def summarise(
    tables: Mapping[str, pd.DataFrame],
    settings: Mapping[str, FeatureSettings],
    provenances: Mapping[str, Provenance],
    used: Collection[str],
) -> pd.DataFrame:
    """Return the summary of several feature tables, `FEATURES_SUMMARY`, sorted by name; no rows where there is none.

    Parameters
    ----------
    tables
        Tables that `pipeline_lib.features.building.build_features` made, by name.
    settings, provenances
        Settings of each, and what it rests on, by name.
    used
        Names of the tables that models read.
    """
    rows = [_row(name, tables[name], settings[name], provenances[name], used=name in used) for name in sorted(tables)]
    return pd.DataFrame(rows, columns=list(FEATURES_SUMMARY.columns)).astype(_TYPES)


def _row(
    name: str, table: pd.DataFrame, settings: FeatureSettings, provenance: Provenance, *, used: bool
) -> dict[str, object]:
    values = table.drop(columns="gene_index")
    losses = table.attrs.get("losses", {})
    return {
        "name": name,
        "columns": values.shape[1],
        "genes": len(values),
        "measured": float(values.notna().to_numpy().mean()),
        "evidence": ", ".join(provenance.evidence or ("metabolic",) * settings.computed),
        "holds_genetic": settings.stated_genetic(provenance.files_hold_genetic),
        "used": used,
        "year": provenance.year,
        "source": "the run's metabolic model" if settings.computed else ", ".join(settings.files.values()),
        **{count: losses.get(count, 0) for count in _COUNTS},
        "notes": _notes(table.attrs.get("left_out", {})),
    }


def _notes(left_out: Mapping[str, str]) -> str:
    """Return how many columns were left out for each reason."""
    return "; ".join(f"{count} columns left out: {reason}" for reason, count in Counter(left_out.values()).items())
