"""``training scan`` and ``training merge-scan``: every pair or triple of many genes, shard by shard."""

from pathlib import Path

import click

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
    from pipeline_lib.training.genome_scan import Shard, scan_shard
    from pipeline_lib.training.genotype_streams import read_gene_list
    from pipeline_lib.training.predict import open_predictor
    from pipeline_lib.training.prediction_progress import PredictionBar
    from pipeline_lib.training.run_files import find_fit
    from pipeline_lib.training.threads import limit_threads

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
