"""``python -m pipeline_lib training`` and ``clp predict``: fit, check, walk through, predict, scan."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline_lib.config.command_options import SectionType, settings_option
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings

if TYPE_CHECKING:
    from pipeline_lib.models.interface import Cell
    from pipeline_lib.training.fitted_model import SplitData
    from pipeline_lib.training.genotypes import RequestedGenotypes
    from pipeline_lib.training.predict import Predictor


_FILE = click.Path(path_type=Path, dir_okay=False)
_KEPT = click.option("--kept", type=click.IntRange(1), default=1000, show_default=True, help="Genotypes of either end.")


@click.command("scan")
@click.option("--run-folder", required=True, type=click.Path(path_type=Path), help="Folder of the run: results/<run>.")
@click.option("--model", required=True, help="Name of a model that the run fitted.")
@click.option("--split", help="Split that it was fitted on. Default: the only one, or random.")
@click.option("--seed", type=int, help="Seed that it was fitted with. Default: the only one, or 0.")
@click.option("--order", type=click.IntRange(2, 3), default=3, show_default=True, help="Number of deleted genes.")
@click.option("--shard", default="1-of-1", show_default=True, help="Which part of the genotypes: 3-of-16, say.")
@_KEPT
@click.option("--gene-list", type=_FILE, help="Text file of genes, one a line. Default: every gene of the gene index.")
@click.option("--screen", help="Predict in the units of this screen. Default: the one with most training observations.")
@click.option("--phenotype", help="What to predict. Default: what has most training observations.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads.")
@click.option("--output", required=True, type=_FILE, help="Parquet to write: the strongest genotypes of the shard.")
@click.option("--summary", required=True, type=_FILE, help="JSON to write: counts, moments, extremes, seconds.")
def scan(
    run_folder: Path,
    model: str,
    split: str | None,
    seed: int | None,
    order: int,
    shard: str,
    kept: int,
    gene_list: Path | None,
    screen: str | None,
    phenotype: str | None,
    threads: int,
    output: Path,
    summary: Path,
) -> None:
    """Predict one shard of every pair or triple of many genes, and keep the strongest."""
    from math import comb

    import numpy as np
    import pyarrow.parquet as pq

    from pipeline_lib.artefacts.atomic import atomic_path, write_json
    from pipeline_lib.training.checkpoint import PredictionBar
    from pipeline_lib.training.genome_scan import Shard, scan_shard
    from pipeline_lib.training.genotypes import read_gene_list
    from pipeline_lib.training.predict import open_predictor
    from pipeline_lib.training.processes import limit_threads
    from pipeline_lib.training.run_files import find_fit

    part = Shard.of(shard)
    with limit_threads(threads):
        predictor = open_predictor(find_fit(run_folder, model, split, seed), screen, phenotype, processes=threads)
        click.echo(predictor.explain_choice(), err=True)
        genes = np.arange(len(predictor.names)) if gene_list is None else read_gene_list(gene_list, predictor.names)
        begin, end = part.between(comb(len(genes), order))
        with PredictionBar(end - begin) as bar:
            table, found = scan_shard(predictor, genes, order, part, kept, bar.advance)
    with atomic_path(output) as path:
        pq.write_table(table, path, compression="zstd")
    write_json(found.content(), summary)
    click.echo(f"{found.genotypes:,} genotypes predicted in {found.seconds:.1f} s, {len(table):,} kept", err=True)


@click.command("merge-scan")
@click.option(
    "--folder", required=True, type=click.Path(path_type=Path), help="Folder of 1-of-N.parquet, 1-of-N.json, ..."
)
@click.option("--shards", required=True, type=click.IntRange(1), help="How many shards there are: N.")
@_KEPT
@click.option("--output", required=True, type=_FILE, help="Parquet to write: the strongest genotypes of all shards.")
@click.option("--summary", required=True, type=_FILE, help="JSON to write: the summary of all shards.")
def merge_scan(folder: Path, shards: int, kept: int, output: Path, summary: Path) -> None:
    """Keep the strongest genotypes of all shards."""
    import pyarrow.parquet as pq

    from pipeline_lib.artefacts.atomic import atomic_path, read_json, write_json
    from pipeline_lib.training.genome_scan import ScanSummary, merge_shards

    names = [folder / f"{number}-of-{shards}" for number in range(1, shards + 1)]
    found = ScanSummary.joined(ScanSummary.from_content(read_json(f"{name}.json")) for name in names)
    merged = merge_shards([pq.read_table(f"{name}.parquet") for name in names], kept)
    with atomic_path(output) as path:
        pq.write_table(merged, path, compression="zstd")
    write_json(found.content(), summary)
    click.echo(f"{found.genotypes:,} genotypes of {shards} shards, {len(merged):,} kept: {output}", err=True)


_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def app() -> None:
    """Fit a model on a split, or the closed form that fits share; overfit check; walk-through; scan of the genome."""


app.add_command(scan)
app.add_command(merge_scan)


@dataclass(frozen=True)
class FitInputs:
    """What a command that fits a model is given.

    Attributes
    ----------
    name
        Of the model.
    model_settings, training
        Sections ``models`` and ``training`` of the configuration.
    seed
        Of weights and batches.
    threads
        CPU threads.
    split
        File of the folds.
    observations
        File of the measurements.
    cell
        Files of genes, edges, stoichiometry, knockouts (None: none were computed) and features.
    """

    name: str
    model_settings: ModelSettings
    training: TrainingSettings
    seed: int
    threads: int
    split: Path
    observations: Path
    cell: tuple[Path, Path, Path, Path | None, tuple[Path, ...]]

    def read(self) -> "tuple[SplitData, Cell]":
        """Return the split with its measurements, and the cell."""
        from pipeline_lib.training.fitted_model import read_cell, read_split, unrelated_features

        cell = read_cell(*self.cell)
        split = read_split(self.observations, self.split, cell.genes)
        for sentence in unrelated_features(cell, split.genotypes.genes):
            click.echo(sentence, err=True)
        return split, cell


def _inputs(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name what a model is fitted on, and hand them over as one `FitInputs`."""
    options: list[Callable[[Any], Any]] = [
        settings_option("training", TrainingSettings),
        click.option(
            "--model-settings",
            required=True,
            type=SectionType("models", ModelSettings),
            help="Section 'models' of the configuration: JSON, or the path of a run's YAML file.",
        ),
        click.option("--model", "name", required=True, help="Name out of `models list`."),
        click.option("--folds", "split", required=True, type=_FILE, help="splits/<split>.parquet"),
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of weights and batches."),
        click.option("--observations", required=True, type=_FILE, help="tables/observations.parquet"),
        click.option("--genes", required=True, type=_FILE, help="tables/genes.parquet"),
        click.option("--edges", required=True, type=_FILE, help="networks/edges.parquet"),
        click.option("--stoichiometry", required=True, type=_FILE, help="metabolism/stoichiometry.pt"),
        click.option("--knockouts", type=_FILE, help="metabolism/knockouts.parquet, for the flux models."),
        click.option("--features", type=_FILE, multiple=True, help="features/<name>.parquet; repeat it."),
        click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads."),
    ]

    @wraps(command)
    def with_inputs(
        settings: TrainingSettings,
        model_settings: ModelSettings,
        name: str,
        split: Path,
        seed: int,
        observations: Path,
        genes: Path,
        edges: Path,
        stoichiometry: Path,
        knockouts: Path | None,
        features: tuple[Path, ...],
        threads: int,
        **others: Any,  # noqa: ANN401 - the command's own options
    ) -> None:
        cell = genes, edges, stoichiometry, knockouts, features
        command(FitInputs(name, model_settings, settings, seed, threads, split, observations, cell), **others)

    decorated: Callable[..., None] = with_inputs
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@app.command("fit")
@_inputs
@click.option("--checkpoints", type=_FOLDER, help="Folder of checkpoints; an interrupted fit resumes from it.")
@click.option("--predictions", required=True, type=_FILE, help="Parquet to write: every observation of the split.")
@click.option("--history", required=True, type=_FILE, help="Parquet to write: epoch, fold, metric, value.")
@click.option("--metrics", required=True, type=_FILE, help="JSON to write: scores by fold and assay, seconds, memory.")
@click.option("--output", required=True, type=_FILE, help="The fitted model (.pt) to write.")
def fit(
    inputs: FitInputs,
    checkpoints: Path | None,
    predictions: Path,
    history: Path,
    metrics: Path,
    output: Path,
) -> None:
    """Fit one model on the training fold of one split and predict every observation of it."""
    from pipeline_lib.training.fit import fit_model, write_fitted
    from pipeline_lib.training.processes import is_first_process

    data, cell = inputs.read()
    fitted = fit_model(
        inputs.name,
        data,
        cell,
        inputs.model_settings,
        inputs.training,
        seed=inputs.seed,
        threads=inputs.threads,
        checkpoints=checkpoints,
    )
    fitted.metrics["split"] = inputs.split.stem
    if is_first_process():
        write_fitted(fitted, data, cell, predictions=predictions, history=history, metrics=metrics, output=output)


@app.command("closed-form")
@_inputs
@click.option("--checkpoints", required=True, type=_FOLDER, help="Folder of checkpoints of the fits that read it.")
@click.option("--output", required=True, type=_FILE, help="JSON to write: every level with its gains.")
def closed_form(
    inputs: FitInputs,
    checkpoints: Path,
    output: Path,
) -> None:
    """Fit the closed form that all fits of a model on one split share."""
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.training.fit import fit_closed_form

    data, cell = inputs.read()
    levels = fit_closed_form(
        inputs.name,
        data,
        cell,
        inputs.model_settings,
        inputs.training,
        seed=inputs.seed,
        threads=inputs.threads,
        checkpoints=checkpoints,
    )
    write_json({"model": inputs.name, "split": inputs.split.stem, "levels": levels}, output)


@app.command("pack")
@click.option("--run-folder", required=True, type=_FOLDER, help="Folder of the run: results/<run>.")
@click.option("--model", default="clp", show_default=True, help="A model of the CLP family that the run fitted.")
@click.option("--split", help="Split that it was fitted on. Default: the only one, or random.")
@click.option("--rows", type=click.IntRange(1), default=25_000, show_default=True, help="Observations of each kind.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="CPU threads.")
@click.option("--output", required=True, type=_FILE, help="The pack (.pt) to write, for benchmarks/gpu.py.")
def pack(run_folder: Path, model: str, split: str | None, rows: int, threads: int, output: Path) -> None:
    """Pack network, cell and observations of a run for a machine that has little but torch."""
    from pipeline_lib.training.pack import pack_run, write_pack
    from pipeline_lib.training.processes import limit_threads
    from pipeline_lib.training.run_files import find_fit

    with limit_threads(threads):
        write_pack(pack_run(find_fit(run_folder, model, split), rows), output)
    click.echo(f"{output}: {output.stat().st_size / 1e6:.1f} MB", err=True)


@app.command("overfit")
@_inputs
@click.option(
    "--observations-count", type=click.IntRange(4), default=16, show_default=True, help="How many to overfit."
)
@click.option("--history", required=True, type=_FILE, help="Parquet to write: the training curve.")
@click.option("--predictions", required=True, type=_FILE, help="Parquet to write: the observations and predictions.")
@click.option("--report", required=True, type=_FILE, help="JSON to write: Pearson, RMSE, verdict.")
def overfit_command(
    inputs: FitInputs,
    observations_count: int,
    history: Path,
    predictions: Path,
    report: Path,
) -> None:
    """Overfit a handful of real observations; fail when Pearson does not pass 0.99."""
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.artefacts.schemas import HISTORY, PREDICTIONS
    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.training.walk_through import overfit, overfit_table, refuse_failure

    data, cell = inputs.read()
    fitted = overfit(
        inputs.name,
        data,
        cell,
        inputs.model_settings,
        inputs.training,
        seed=inputs.seed,
        threads=inputs.threads,
        count=observations_count,
    )
    write_table(fitted.history, history, HISTORY)
    write_table(overfit_table(fitted), predictions, PREDICTIONS)
    write_json(fitted.report, report)
    refuse_failure(fitted.report)


@app.command("walk-through")
@_inputs
@click.option("--output", required=True, type=_FILE, help="JSON to write.")
def walk_through_command(
    inputs: FitInputs,
    output: Path,
) -> None:
    """Take a real batch through the network method by method; fail when an invariant does not hold."""
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.training.processes import limit_threads
    from pipeline_lib.training.walk_through import refuse_failures, walk_through

    data, cell = inputs.read()
    with limit_threads(inputs.threads):
        report = walk_through(
            inputs.name, data, cell, inputs.model_settings, inputs.training, seed=inputs.seed, threads=inputs.threads
        )
    write_json(report, output)
    refuse_failures(report)


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
    from pipeline_lib.training.predict import STDOUT, refuse_unknown_suffix
    from pipeline_lib.training.run_files import find_fit

    refuse_unknown_suffix(output)
    if as_json and output != STDOUT:
        raise click.UsageError("--json is for what is printed; give --output -, or leave --json out.")
    files = find_fit(run, model, split, seed)

    from pipeline_lib.training import genotypes as requested
    from pipeline_lib.training.predict import open_predictor
    from pipeline_lib.training.processes import limit_threads

    with limit_threads(threads):
        predictor = open_predictor(files, screen, phenotype, processes=threads)
        click.echo(f"model {files.model}, split {files.split}, seed {files.seed} of {files.run}", err=True)
        if screen is None or phenotype is None:
            click.echo(predictor.explain_choice(), err=True)
        if genes:
            request = requested.named(genes, predictor.names, predictor.least)
        elif genotypes is not None:
            request = requested.tabled(genotypes, predictor.names, predictor.least)
        elif all_pairs is not None:
            request = requested.every_pair(all_pairs, predictor.names)
        elif all_triples is not None:
            request = requested.every_triple(all_triples, predictor.names)
        _predict_and_write(predictor, request, output, as_json=as_json)


def _predict_and_write(predictor: "Predictor", request: "RequestedGenotypes", output: Path, *, as_json: bool) -> None:
    """Predict chunk by chunk into `output`, and report how many genotypes have no prediction."""
    from pipeline_lib.training.checkpoint import PredictionBar
    from pipeline_lib.training.predict import prediction_writer

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
