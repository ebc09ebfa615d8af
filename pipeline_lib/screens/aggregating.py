"""One row a genotype beside the raw replicates: mean, pooled SD, number."""

from pathlib import Path

from pipeline_lib.artefacts.atomic import atomic_path


def aggregate(observations: Path, output: Path) -> None:
    """Write the aggregated view of the observations table.

    Parameters
    ----------
    observations
        The combined table.
    output
        Columns screen, genes, order, phenotype; value: mean; std: pooled SD, the root of the mean variance of the
        replicates whose SD is known (null where none is); spread: SD between the replicates (null for one); n: number
        of measurements, n_std: of which with an SD. Copies (column ``repeated``) do not count; rows that were only
        assumed (column ``assumed_tested``) stay out. P-values are not combined: none is made up.
    """
    import polars as pl

    rows = pl.scan_parquet(observations)
    present = rows.collect_schema().names()
    for mark in ("repeated", "assumed_tested"):
        if mark in present:
            rows = rows.filter(~pl.col(mark).fill_null(value=False))
    grouped = (
        rows.select("screen", "phenotype", "order", pl.col("genes").list.join("+").alias("key"), "value", "std")
        .group_by("screen", "phenotype", "order", "key")
        .agg(
            value=pl.col("value").mean(),
            std=pl.col("std").pow(2).mean().sqrt(),
            spread=pl.col("value").std(),
            n=pl.len().cast(pl.Int64),
            n_std=pl.col("std").count().cast(pl.Int64),
        )
        .sort("screen", "phenotype", "key")
        .select(
            "screen", pl.col("key").str.split("+").alias("genes"), "order", "phenotype", "value", "std", "spread", "n",
            "n_std",
        )
    )  # fmt: skip
    with atomic_path(output) as temporary:
        grouped.collect(engine="streaming").write_parquet(temporary, compression="zstd")
