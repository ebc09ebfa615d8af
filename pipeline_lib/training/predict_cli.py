"""``clp predict``: genotypes of your own, with a fitted model of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline_lib.training.predict import Predictor
    from pipeline_lib.training.requested_genotypes import RequestedGenotypes

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("predict")
@click.option(
    "--run-folder", "run", required=True, type=click.Path(path_type=Path), help="Folder of the run: results/<run>."
)
@click.option("--model", required=True, help="Name of a model that the run fitted.")
@click.option("--split", help="Split that it was fitted on. Default: the only one, or random.")
@click.option("--seed", type=int, help="Seed that it was fitted with. Default: the only one, or 0.")
@click.option(
    "--genotype",
    "genes",
    multiple=True,
    help="One genotype, its genes (systematic, standard or alias names) joined by , + ; or |. Repeatable.",
)
@click.option(
    "--genotypes",
    type=_FILE,
    help="Table (csv, tsv, xlsx, parquet), one genotype a row: a column 'genes', or gene1 to gene3 (gene_a to gene_c).",
)
@click.option("--all-pairs", type=_FILE, help="Text file of genes, one a line: predict every pair of them.")
@click.option("--all-triples", type=_FILE, help="Text file of genes, one a line: predict every triple of them.")
@click.option("--screen", help="Predict in the units of this screen. Default: the one with most training observations.")
@click.option("--phenotype", help="What to predict. Default: what has most training observations.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads.")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Written: .csv, .tsv, .txt (tabs) or .parquet; - prints csv, or JSON with --json.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a genotype and line, where - prints.")
def predict_app(
    run: Path,
    model: str,
    split: str | None,
    seed: int | None,
    genes: tuple[str, ...],
    genotypes: Path | None,
    all_pairs: Path | None,
    all_triples: Path | None,
    screen: str | None,
    phenotype: str | None,
    threads: int,
    output: Path,
    *,
    as_json: bool,
) -> None:
    """Predict genotypes with a fitted model of a run.

    Give exactly one of --genotype, --genotypes, --all-pairs and --all-triples. Columns: genes, names, order, phenotype,
    screen, unit, prediction, sd, genes_seen (how many of the genes training had seen in that screen), measured and
    measured_value (whether the genotype itself was measured, and the mean), fold.
    """
    if sum(map(bool, (genes, genotypes, all_pairs, all_triples))) != 1:
        raise click.UsageError("give exactly one of --genotype, --genotypes, --all-pairs and --all-triples.")
    from pipeline_lib.training.prediction_files import STDOUT, refuse_unknown_suffix
    from pipeline_lib.training.run_files import find_fit

    refuse_unknown_suffix(output)
    if as_json and output != STDOUT:
        raise click.UsageError("--json is for what is printed; give --output -, or leave --json out.")
    files = find_fit(run, model, split, seed)

    from pipeline_lib.training import requested_genotypes
    from pipeline_lib.training.predict import open_predictor
    from pipeline_lib.training.processes import limit_threads

    with limit_threads(threads):
        predictor = open_predictor(files, screen, phenotype, processes=threads)
        click.echo(f"model {files.model}, split {files.split}, seed {files.seed} of {files.run}", err=True)
        if screen is None or phenotype is None:
            click.echo(predictor.explain_choice(), err=True)
        if genes:
            request = requested_genotypes.named(genes, predictor.names, predictor.least)
        elif genotypes is not None:
            request = requested_genotypes.tabled(genotypes, predictor.names, predictor.least)
        elif all_pairs is not None:
            request = requested_genotypes.every_pair(all_pairs, predictor.names)
        elif all_triples is not None:
            request = requested_genotypes.every_triple(all_triples, predictor.names)
        _predict_and_write(predictor, request, output, as_json=as_json)


def _predict_and_write(predictor: "Predictor", request: "RequestedGenotypes", output: Path, *, as_json: bool) -> None:
    """Predict chunk by chunk into `output`, and report how many genotypes have no prediction."""
    from pipeline_lib.training.prediction_files import prediction_writer
    from pipeline_lib.training.progress import PredictionBar

    failed, orders = 0, set()
    with prediction_writer(output, as_json=as_json) as write, PredictionBar(request.count) as bar:
        for batch in predictor.batches(request.chunks):
            write(batch)
            failed += batch["prediction"].null_count
            orders |= set(batch["order"].unique().to_pylist())
            bar.advance(len(batch))
    if failed:
        click.echo(
            f"the solver failed on {failed:,} of {request.count:,} genotypes; their prediction is empty", err=True
        )
    unseen = [str(order) for order in sorted(orders) if not predictor.assay.observations[order]]
    if unseen and predictor.assay.screen:
        click.echo(f"training had no genotype of {' or '.join(unseen)} deleted genes in this assay", err=True)
    what = "genotype" if request.count == 1 else "genotypes"
    click.echo(f"{request.count:,} {what} predicted by {predictor.fitted.name}: {output}", err=True)
