"""The identity of tau, row by row: the released score against raw epsilon and the screen's own control screens.

tau_ijk = epsilon_(ij)k - epsilon_ik f_j - epsilon_jk f_i, with the raw epsilon of the double-mutant query ij against
the array strain k, and for each gene of the query the control screen of its single mutant against the same array strain
(Kuzmin et al. 2018, Science 360:eaao1729, supplementary methods). It is exact only against those control screens.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_lib.artefacts.atomic import atomic_path

if TYPE_CHECKING:
    import polars as pl

TOLERANCE = 1e-4
"""Distance within which the recomputed and the released tau agree: the tables are rounded to four to six decimals."""

STATUSES = ("agrees", "differs", "several_controls", "no_control", "no_raw_score")
"""What became of a row; only the first two were recomputed."""

_COLUMNS = ("screen", "phenotype", "order", "observation_id", "genes", "value", "query", "array", "replicate")
_SIDES = ("first", "second")


def recompute_tau(observations: Path, output: Path) -> None:
    """Recompute every released tau and write how it compares.

    Parameters
    ----------
    observations
        The combined table.
    output
        `pipeline_lib.artefacts.schemas.TRIGENIC_IDENTITY`, one row a trigenic interaction: observation_id, screen,
        query, array, tau (as released), recomputed (null where a term is missing), difference, status (`STATUSES`).
        ``several_controls``: a gene of the query has more than one control strain, so which belongs to the query is
        open.
    """
    import polars as pl

    scanned = pl.scan_parquet(observations).select(_COLUMNS).with_columns(pl.col("query", "array").cast(pl.String))
    rows = scanned.filter(pl.col("phenotype").is_in(["fitness", "interaction", "raw_interaction"])).collect()
    cross = ["screen", "query", "array", "genes", "replicate"]
    trigenic = rows.filter(pl.col("order") == 3)
    tau = trigenic.filter(pl.col("phenotype") == "interaction").select("observation_id", *cross, tau="value")
    raw = trigenic.filter(pl.col("phenotype") == "raw_interaction").select(*cross, raw="value")
    table = tau.join(raw, on=cross, how="left", maintain_order="left")
    table = table.join(_query_genes(rows), on=["screen", "query"], how="left", maintain_order="left")
    controls, scores = _controls(rows), _control_scores(rows)
    for side in _SIDES:
        gene = controls.rename({name: f"{name}_{side}" for name in ("gene", "strain", "strains", "fitness")})
        table = table.join(
            gene, left_on=["screen", side], right_on=["screen", f"gene_{side}"], how="left", maintain_order="left"
        )
        table = table.join(
            scores.rename({"epsilon": f"epsilon_{side}"}),
            left_on=["screen", f"strain_{side}", "array"],
            right_on=["screen", "query", "array"],
            how="left",
            maintain_order="left",
        )
    one, two = _SIDES
    explained = pl.col(f"epsilon_{one}") * pl.col(f"fitness_{two}") + pl.col(f"epsilon_{two}") * pl.col(
        f"fitness_{one}"
    )
    several = pl.max_horizontal(f"strains_{one}", f"strains_{two}") > 1
    table = table.with_columns(recomputed=pl.when(~several).then(pl.col("raw") - explained))
    table = table.with_columns(difference=pl.col("recomputed") - pl.col("tau"))
    status = (
        pl.when(pl.col("raw").is_null())
        .then(pl.lit("no_raw_score"))
        .when(several)
        .then(pl.lit("several_controls"))
        .when(pl.col("recomputed").is_null())
        .then(pl.lit("no_control"))
        .when(pl.col("difference").abs() <= TOLERANCE)
        .then(pl.lit("agrees"))
        .otherwise(pl.lit("differs"))
    )
    columns = ("observation_id", "screen", "query", "array", "tau", "recomputed", "difference")
    with atomic_path(output) as temporary:
        table.select(*columns, status=status).write_parquet(temporary, compression="zstd")


def _query_genes(rows: "pl.DataFrame") -> "pl.DataFrame":
    """Return the two genes of every double-mutant query: screen, query, first, second."""
    import polars as pl

    strains = rows.filter((pl.col("phenotype") == "fitness") & (pl.col("order") == 2) & pl.col("array").is_null())
    return (
        strains.drop_nulls("query")
        .unique(["screen", "query"], keep="first", maintain_order=True)
        .select("screen", "query", first=pl.col("genes").list.get(0), second=pl.col("genes").list.get(1))
    )


def _controls(rows: "pl.DataFrame") -> "pl.DataFrame":
    """Return the control strain of every gene: screen, gene, strain, strains (how many there are), fitness."""
    import polars as pl

    strains = rows.filter((pl.col("phenotype") == "fitness") & (pl.col("order") == 1) & pl.col("array").is_null())
    strains = strains.drop_nulls("query").unique(["screen", "query"], keep="first", maintain_order=True)
    return strains.group_by("screen", gene=pl.col("genes").list.get(0), maintain_order=True).agg(
        strain=pl.col("query").first(), strains=pl.len(), fitness=pl.col("value").first()
    )


def _control_scores(rows: "pl.DataFrame") -> "pl.DataFrame":
    """Return epsilon of every digenic cross once: screen, query, array, epsilon."""
    import polars as pl

    digenic = rows.filter((pl.col("phenotype") == "interaction") & (pl.col("order") == 2)).drop_nulls(
        ["query", "array"]
    )
    keys = ["screen", "query", "array"]
    return digenic.unique(keys, keep="first", maintain_order=True).select(*keys, epsilon="value")
