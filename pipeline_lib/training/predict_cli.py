"""``python -m pipeline_lib predict``: genotypes of your own, with a fitted model."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("predict")
@click.option("--model", required=True, type=_FILE, help="A fitted model (.pt).")
@click.option("--genes-table", required=True, type=_FILE, help="tables/genes.parquet of the model's run.")
@click.option("--edges", required=True, type=_FILE, help="networks/edges.parquet of the model's run.")
@click.option("--stoichiometry", required=True, type=_FILE, help="metabolism/stoichiometry.pt of the model's run.")
@click.option("--knockouts", type=_FILE, help="metabolism/knockouts.parquet, for the flux models.")
@click.option("--features", type=_FILE, multiple=True, help="features/<name>.parquet of the model's run; repeat it.")
@click.option("--genes", multiple=True, help="One genotype, genes joined by commas: YAL001C,YBR001C. Repeatable.")
@click.option("--table", type=_FILE, help="Parquet, csv or tsv with a column 'genes'.")
@click.option("--all-pairs", type=_FILE, help="Text file of genes, one a line: predict every pair of them.")
@click.option("--all-triples", type=_FILE, help="Text file of genes, one a line: predict every triple of them.")
@click.option("--screen", help="Predict in the units of this screen.")
@click.option("--phenotype", type=click.Choice(PHENOTYPES), help="What to predict; default: what the model is best at.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads.")
@click.option("--output", required=True, type=_FILE, help="Parquet to write: genes, prediction, prediction_std.")
def app(
    model: Path,
    genes_table: Path,
    edges: Path,
    stoichiometry: Path,
    knockouts: Path | None,
    features: tuple[Path, ...],
    genes: tuple[str, ...],
    table: Path | None,
    all_pairs: Path | None,
    all_triples: Path | None,
    screen: str | None,
    phenotype: str | None,
    threads: int,
    output: Path,
) -> None:
    """Predict genotypes with a fitted model.

    Give exactly one of --genes, --table, --all-pairs and --all-triples.
    """
    if sum(map(bool, (genes, table, all_pairs, all_triples))) != 1:
        raise click.UsageError("give exactly one of --genes, --table, --all-pairs and --all-triples.")
    from pipeline_lib.training.inputs import read_cell
    from pipeline_lib.training.predict import load_fitted, predict_chunks
    from pipeline_lib.training.threads import limit_threads

    cell = read_cell(genes_table, edges, stoichiometry, knockouts, features)
    fitted = load_fitted(model, cell)
    chunks = _chunks(cell.genes, genes, table, all_pairs, all_triples)
    with limit_threads(threads):
        written = predict_chunks(chunks, fitted, cell.genes, output, screen, phenotype)
    click.echo(f"{written:,} genotypes predicted by {fitted.name}: {output}", err=True)


def _chunks(
    index: "pd.DataFrame", genes: tuple[str, ...], table: Path | None, pairs: Path | None, triples: Path | None
) -> "Iterator[NDArray[np.int64]]":
    from pipeline_lib.training import genotype_streams as streams
    from pipeline_lib.training.predict import CHUNK

    if genes:
        sets = [[name for name in text.replace("+", ",").split(",") if name.strip()] for text in genes]
        return streams.cut(streams.named_genotypes(sets, index, "--genes"), CHUNK)
    if table is not None:
        return streams.cut(streams.read_genotype_table(table, index), CHUNK)
    if pairs is not None:
        return streams.all_pairs(streams.read_gene_list(pairs, index), CHUNK)
    if triples is not None:
        return streams.all_triples(streams.read_gene_list(triples, index), CHUNK)
    raise PipelineError("There is nothing to predict.")
