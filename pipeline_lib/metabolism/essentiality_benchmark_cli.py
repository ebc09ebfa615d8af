"""``metabolism essentiality-benchmark``: flux balance and boosted trees against the measured essential genes."""

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("essentiality-benchmark")
@click.option("--growth", required=True, type=_FILE, help="metabolism/growth_by_medium.parquet.")
@click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet).")
@click.option("--complexes", required=True, type=_FILE, help="metabolism/complexes.parquet.")
@click.option("--edges", required=True, type=_FILE, help="networks/edges.parquet, for numbers of neighbours.")
@click.option(
    "--features",
    "feature_paths",
    multiple=True,
    type=_FILE,
    help="features/<name>.parquet; repeat it. Phenotypes of deletion mutants tell which mutants live: leave them out.",
)
@click.option("--output", required=True, type=_FILE, help="Written: one row a predictor and measure.")
def essentiality_benchmark_command(
    growth: Path, genes: Path, complexes: Path, edges: Path, feature_paths: tuple[Path, ...], output: Path
) -> None:
    """Hold growth by flux balance, and boosted trees on it and gene features, against the measured essential genes."""
    import pandas as pd

    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.flux_balance import ESSENTIALITY_BENCHMARK, GROWTH_BY_MEDIUM
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.essentiality_benchmark import essentiality_benchmark
    from pipeline_lib.metabolism.gene_features import gene_features, same_complex

    table = read_table(genes, schemas.GENES)
    grown = read_table(growth, GROWTH_BY_MEDIUM)
    fitness = grown.pivot_table(index="gene", columns="medium", values="fitness", sort=False, dropna=False)
    tables = {path.stem: read_table(path, schemas.FEATURES) for path in feature_paths}
    features, left_out = gene_features(table["gene"], tables, read_table(edges, schemas.EDGES))
    groups = same_complex(read_table(complexes, schemas.COMPLEXES), len(table))
    found = essentiality_benchmark(
        fitness,
        features,
        table.set_index("gene")["essential"].dropna().astype(bool),
        pd.Series(groups, index=table["gene"]),
    )
    write_table(found, output, ESSENTIALITY_BENCHMARK)
    if left_out:
        click.echo(f"left out, derived from essentiality: {', '.join(left_out)}", err=True)
    for row in found.to_dict("records"):
        what = ", ".join(filter(None, (row["measure"], row["predictor"], row["inputs"], row["folds"])))
        click.echo(f"{what}: {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})", err=True)
