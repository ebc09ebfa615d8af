"""The contracts of the tables that the evaluation writes, beside the leaderboard's.

Every interval (``low``, ``high``) is at the run's confidence and NaN where too few clusters are there to tell.
"""

import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema


def _text() -> pa.Column:
    return pa.Column(str)


def _number() -> pa.Column:
    return pa.Column("float64", nullable=True)


def _count() -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0))


def _share() -> pa.Column:
    return pa.Column("float64", pa.Check.in_range(0, 1), nullable=True)


DIFFERENCES = TableSchema(
    "differences",
    {
        "model": _text(),
        "reference": _text(),
        "role": pa.Column(str, pa.Check.isin(("best_baseline", "reference"))),
        "split": _text(),
        "screen": _text(),
        "phenotype": _text(),
        "metric": _text(),
        "value": _number(),
        "low": _number(),
        "high": _number(),
        "p_value": _share(),
        "q_value": _share(),
        "n": _count(),
        "groups": _count(),
        "lower_is_better": pa.Column(bool),
    },
)
"""``value`` is the model's metric less the reference's, paired on the same resamples. ``role``: why the reference was
chosen. ``p_value`` is two-sided, ``q_value`` after Benjamini and Hochberg over the models of one (role, reference,
split, screen, phenotype, metric). Where ``lower_is_better`` (rmse), a negative difference is the better one."""

SUBGROUPS = TableSchema(
    "subgroups",
    {
        "model": _text(),
        "split": _text(),
        "screen": _text(),
        "phenotype": _text(),
        "subgroup": pa.Column(str, pa.Check.isin(("metabolic", "essential", "order", "degree"))),
        "level": _text(),
        "metric": _text(),
        "value": _number(),
        "low": _number(),
        "high": _number(),
        "n": _count(),
        "groups": _count(),
        "seeds": _count(),
    },
)
"""``level``: all, some, none (metabolic, essential); 1, 2, 3 (order); low, middle, high (degree). ``metric`` is
pearson. A subgroup of which an assay holds one level alone is left out; the screen is a column of its own."""

NOISE_CEILING = TableSchema(
    "noise_ceiling",
    {
        "screen": _text(),
        "phenotype": _text(),
        "order": _count(),
        "method": pa.Column(
            str,
            pa.Check.isin(("replicates", "repeated_genotypes", "alleles", "reported_sd", "literature", "truth")),
        ),
        "scope": pa.Column(str, pa.Check.isin(("repeated", "screen"))),
        "centred": pa.Column(bool),
        "reliability": _number(),
        "ceiling": _share(),
        "low": _share(),
        "high": _share(),
        "n": _count(),
        "groups": _count(),
        "assumption": _text(),
    },
)
"""``ceiling`` = sqrt(``reliability``), the best Pearson correlation with one released score; ``low`` and ``high`` are
its interval. ``order`` 0: all orders together. ``scope``: whether the noise is set against the variance of the repeated
rows or of the whole screen, which is what a leaderboard value is to be held against. ``centred``: within queries, to be
held against ``pearson_within_query``. ``n``: rows that the noise was told from; ``groups``: clusters that these stand in
(0: a value taken from the literature, without an interval). ``truth``: a simulated screen's noise-free values, no
estimate."""
