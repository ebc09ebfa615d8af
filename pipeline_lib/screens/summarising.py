"""What each screen holds, how well it repeats itself, what it shares, and whether its tau follows from its controls.

tau_ijk = epsilon_(ij)k - epsilon_ik f_j - epsilon_jk f_i, with the raw epsilon of the double-mutant query ij against
the array strain k, and for each gene of the query the control screen of its single mutant against the same array strain
(Kuzmin et al. 2018, Science 360:eaao1729, supplementary methods). It is exact only against those control screens.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.genes.names import MAX_ORDER
from pipeline_lib.screens.reading import gene_of_key, genotype_key

if TYPE_CHECKING:
    import polars as pl


_ASSAY = ("screen", "phenotype")
_DIGITS = 10


def summarise(observations: Path, genes: Path, output: Path) -> None:
    """Write the summary of the observations table, in long form.

    Parameters
    ----------
    observations
        The combined table.
    genes
        The gene table.
    output
        Columns screen, phenotype, other_screen (null but for overlaps), quantity, value, n (what the value rests on).
        Quantities: see `_counts`, `_reproducibility`, `_overlaps`.
    """
    import polars as pl

    index = pl.read_parquet(genes, columns=["gene", "in_gem"])
    rows = _rows(observations, index["gene"])
    measured = rows.filter(~pl.col("repeated") & ~pl.col("assumed_tested"))
    parts = [_counts(rows), _gene_counts(rows, index["in_gem"]), *_reproducibility(measured), _overlaps(measured)]
    columns = ["screen", "phenotype", "other_screen", "quantity", "value", "n"]
    # The last digits of a sum depend on the number of threads.
    text = pl.col("screen", "phenotype", "other_screen").cast(pl.String)
    table = pl.concat([part.select(columns).with_columns(text) for part in parts])
    table = table.with_columns(pl.col("value").round_sig_figs(_DIGITS))
    table = table.sort("screen", "phenotype", "other_screen", "quantity")
    with atomic_path(output) as temporary:
        table.write_parquet(temporary, compression="zstd")


def _rows(path: Path, genes: "pl.Series") -> "pl.DataFrame":
    """Return the observations; texts and genotypes as numbers, since there may be tens of millions."""
    import polars as pl

    rows = pl.scan_parquet(path)
    present = rows.collect_schema().names()
    marks = [
        pl.col(mark).fill_null(value=False) if mark in present else pl.lit(value=False).alias(mark)
        for mark in ("repeated", "assumed_tested", "p_value_averaged")
    ]
    text = [pl.col(name).cast(pl.Categorical) for name in ("query", "array")]
    of_one_condition = pl.lit("").alias("condition")
    condition = pl.col("condition").fill_null("") if "condition" in present else of_one_condition
    return rows.select(
        *(pl.col(name).cast(pl.Categorical) for name in _ASSAY),
        "order",
        "value",
        "std",
        "p_value",
        "temperature",
        condition.cast(pl.Categorical),
        *text,
        *marks,
        key=genotype_key(genes),
    ).collect(engine="streaming")


def _long(wide: "pl.DataFrame", n: str) -> "pl.DataFrame":
    """Return one row a quantity of a table with one row an assay; `n` names the column that all values rest on."""
    import polars as pl

    base = wide[n].cast(pl.Int64)
    return (
        wide.with_columns(base.alias("n"))
        .unpivot(index=[*_ASSAY, "n"], variable_name="quantity", value_name="value")
        .with_columns(pl.col("value").cast(pl.Float64), other_screen=pl.lit(None, dtype=pl.String))
    )


def _counts(rows: "pl.DataFrame") -> "pl.DataFrame":
    """Count observations, genotypes, strains, missing values, and describe the distribution of the values.

    ``copies`` are rows that give an earlier measurement again, ``assumed_tested`` rows that nobody measured;
    ``replicated_genotypes`` have more than one measurement in one condition. ``missing_query``: rows of two or three
    deleted genes whose query nobody knows, which no number by query counts. ``averaged_p_value``: the P-value is a mean
    of several.
    """
    import polars as pl

    measured = pl.len().over(*_ASSAY, "key", "condition")
    wide = (
        rows.with_columns(copies_of_genotype=measured)
        .group_by(*_ASSAY)
        .agg(
            observations=pl.len(),
            **{f"order_{order}": (pl.col("order") == order).sum() for order in (1, 2, 3)},
            genotypes=pl.col("key").n_unique(),
            replicated_genotypes=pl.col("key").filter(pl.col("copies_of_genotype") > 1).n_unique(),
            copies=pl.col("repeated").sum(),
            assumed_tested=pl.col("assumed_tested").sum(),
            queries=pl.col("query").drop_nulls().n_unique(),
            arrays=pl.col("array").drop_nulls().n_unique(),
            conditions=pl.col("condition").n_unique(),
            missing_query=(pl.col("query").is_null() & (pl.col("order") > 1)).sum(),
            averaged_p_value=pl.col("p_value_averaged").sum(),
            missing_std=pl.col("std").null_count(),
            missing_p_value=pl.col("p_value").null_count(),
            mean=pl.col("value").mean(),
            sd=pl.col("value").std(),
            minimum=pl.col("value").min(),
            median=pl.col("value").median(),
            maximum=pl.col("value").max(),
        )
    )
    return _long(wide.with_columns(pl.exclude(*_ASSAY).cast(pl.Float64)), "observations")


def _gene_counts(rows: "pl.DataFrame", in_gem: "pl.Series") -> "pl.DataFrame":
    """Count the genes of each assay, and those of the metabolic model (bool, by gene index) among them."""
    import polars as pl

    genotypes = rows.select(*_ASSAY, "key").unique()
    places = [
        genotypes.select(*_ASSAY, gene=gene_of_key(pl.col("key"), slot, len(in_gem))).unique()
        for slot in range(MAX_ORDER)
    ]
    genes = pl.concat(places).filter(pl.col("gene") >= 0).unique()
    metabolic = pl.Series(in_gem.arg_true(), dtype=pl.Int64)
    wide = genes.group_by(*_ASSAY).agg(genes=pl.len(), genes_in_gem=pl.col("gene").is_in(metabolic.implode()).sum())
    return _long(wide.with_columns(pl.exclude(*_ASSAY).cast(pl.Float64)), "genes")


def _reproducibility(measured: "pl.DataFrame") -> Iterable["pl.DataFrame"]:
    """Correlate two measurements of one genotype at one temperature and in one condition.

    ``pearson_replicates``: of the same two strains; ``pearson_alleles``: of other strains (other alleles, or query and
    array exchanged). One pair a genotype, entered both ways round: which came first means nothing.
    """
    import polars as pl

    genotype = [*_ASSAY, "key", "temperature", "condition"]
    strains = [*genotype, "query", "array"]
    by_strains = measured.group_by(strains, maintain_order=True).agg(
        x=pl.col("value").first(), y=pl.col("value").slice(1, 1)
    )
    same = by_strains.with_columns(pl.col("y").list.first()).drop_nulls("y")
    other = (
        by_strains.group_by(genotype, maintain_order=True)
        .agg(pl.col("x").first(), y=pl.col("x").slice(1, 1).first())
        .drop_nulls("y")
    )
    for name, pairs in (("pearson_replicates", same), ("pearson_alleles", other)):
        one_a_genotype = pairs.unique([*_ASSAY, "key"], keep="first", maintain_order=True).select(*_ASSAY, "x", "y")
        both_ways = pl.concat([one_a_genotype, one_a_genotype.select(*_ASSAY, x="y", y="x")])
        yield (
            both_ways.group_by(*_ASSAY)
            .agg(value=pl.corr("x", "y").fill_nan(None), n=pl.len().floordiv(2).cast(pl.Int64))
            .with_columns(quantity=pl.lit(name), other_screen=pl.lit(None, dtype=pl.String))
        )


def _overlaps(measured: "pl.DataFrame") -> "pl.DataFrame":
    """Count the genotypes that two screens share for one phenotype, and correlate their means."""
    import polars as pl

    means = measured.group_by(*_ASSAY, "key").agg(pl.col("value").mean())
    shared = means.join(means, on=["phenotype", "key"], suffix="_other").filter(
        pl.col("screen").cast(pl.String) < pl.col("screen_other").cast(pl.String)
    )
    wide = shared.group_by("screen", "phenotype", other_screen="screen_other").agg(
        shared_genotypes=pl.len().cast(pl.Float64), pearson_shared=pl.corr("value", "value_other").fill_nan(None)
    )
    return wide.with_columns(n=pl.col("shared_genotypes").cast(pl.Int64)).unpivot(
        index=["screen", "phenotype", "other_screen", "n"], variable_name="quantity", value_name="value"
    )


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
    # A digenic screen of 20 million rows has no part in any tau.
    trigenic_screens = scanned.filter(pl.col("order") == 3).select("screen").unique().collect()["screen"]
    wanted = pl.col("phenotype").is_in(["fitness", "interaction", "raw_interaction"])
    rows = scanned.filter(wanted & pl.col("screen").is_in(trigenic_screens.implode())).collect()
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
