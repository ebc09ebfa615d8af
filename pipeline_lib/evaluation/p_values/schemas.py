"""The contracts of the tables of P-values.

Every interval (``low``, ``high``) is at the run's confidence and NaN where too few clusters are there to estimate it.
"""

import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema
from pipeline_lib.evaluation.tables.rows import count_column, number_column, share_column, text_column

P_VALUES = TableSchema(
    "p_values",
    {
        "screen": text_column(),
        "phenotype": text_column(),
        "order": count_column(),
        "quantity": pa.Column(str, pa.Check.isin(("pi0", "pi0_at_lambda", "discoveries", "largest_p_released"))),
        "detail": text_column(),
        "value": number_column(),
        "low": number_column(),
        "high": number_column(),
        "n": count_column(),
        "groups": count_column(),
    },
)
"""``pi0``: Storey's share of true nulls; its ``low`` and ``high`` are the range over all lambda. ``pi0_at_lambda``:
``detail`` is lambda, above 1 where large P-values are too many; interval over queries. ``discoveries``: ``detail`` is
the criterion, ``value`` a number of rows out of ``n``; interval over queries but for q-values. P-values are two-sided
unless "as released"."""

P_HISTOGRAM = TableSchema(
    "p_histogram",
    {
        "screen": text_column(),
        "phenotype": text_column(),
        "order": count_column(),
        "sides": pa.Column(str, pa.Check.isin(("released", "two-sided"))),
        "left": share_column(),
        "right": share_column(),
        "count": count_column(),
        "density": number_column(),
    },
)
"""Histograms of P-values; ``density`` is 1 where P-values are uniform."""

_JOINED = {
    "model": text_column(),
    "split": text_column(),
    "screen": text_column(),
    "phenotype": text_column(),
    "order": count_column(),
    "source": text_column(),
    "p_of": text_column(),
}

P_VALUE_DECILES = TableSchema(
    "p_value_deciles",
    {
        **_JOINED,
        "decile": pa.Column("int64", pa.Check.in_range(1, 10)),
        "n": count_column(),
        "groups": count_column(),
        "prediction": number_column(),
        "median_p": share_column(),
        "base_rate": share_column(),
        "hit_rate": share_column(),
        "hit_low": share_column(),
        "hit_high": share_column(),
        "negative_rate": share_column(),
        "negative_low": share_column(),
        "negative_high": share_column(),
    },
)
"""``screen``, ``phenotype``: of the rows with P-values; ``source``: screen and phenotype that was predicted.
``decile`` 1 holds the strongest predicted negative interactions. ``hit_rate``: share with a two-sided P below 0.05;
``negative_rate``: share called negative at the published threshold (NaN where the rows hold no interaction score);
``base_rate``: hit rate of all deciles together; ``prediction``: mean, in the units of the source."""

P_VALUE_CORRELATIONS = TableSchema(
    "p_value_correlations",
    {
        **_JOINED,
        "quantity": pa.Column(str, pa.Check.isin(("spearman", "spearman_signed", "spearman_size", "enrichment"))),
        "value": number_column(),
        "low": number_column(),
        "high": number_column(),
        "p_value": share_column(),
        "n": count_column(),
        "groups": count_column(),
    },
)
"""``spearman``: between the strength of the predicted negative interaction and -log10 P (``spearman_signed``: P-values
of measured positive interactions count as negative; ``spearman_size``: the size of the predicted interaction, of either
sign). ``enrichment``: share with a two-sided P below 0.05 in the decile of the strongest predictions, over that of all
rows. ``p_value``: of no correlation, or an enrichment of 1, from the same resamples. ``p_of``: the phenotype that the
P-values test, where ``source`` is what was predicted."""

P_VALUE_HITS = TableSchema(
    "p_value_hits",
    {
        **_JOINED,
        "kind": pa.Column(str, pa.Check.isin(("measured", "predicted", "missed", "unconfirmed"))),
        "rank": count_column(),
        "genes": text_column(),
        "prediction": number_column(),
        "value": number_column(),
        "p_value": share_column(),
    },
)
"""The rows that stand out: smallest P-values, strongest predicted negative interactions, hits that are predicted to be
none, and predicted ones that are not measured. ``genes``: systematic names joined by +."""

_ASSAY = {"screen": text_column(), "phenotype": text_column(), "order": count_column(), "query": text_column()}

P_VALUE_QUERIES = TableSchema(
    "p_value_queries",
    {
        **_ASSAY,
        "n": count_column(),
        "hits": count_column(),
        "hit_rate": share_column(),
        "p_value": share_column(),
        "inflation": number_column(),
    },
)
"""Rows with a two-sided P below 0.05 of every query (of every gene in a symmetric screen); ``query`` is empty for all
together. ``p_value``: binomial, of as many hits at the nominal rate; ``inflation``: median chi-squared over that of
nulls."""

P_VALUE_QUANTILES = TableSchema("p_value_quantiles", {**_ASSAY, "expected": share_column(), "observed": share_column()})
"""Points of a QQ plot: quantiles of uniform P-values, and those observed."""

P_VALUE_POINTS = TableSchema(
    "p_value_points",
    {
        **_JOINED,
        "observation_id": count_column(),
        "prediction": number_column(),
        "value": number_column(),
        "p_value": share_column(),
        "negative": pa.Column("boolean", nullable=True),
    },
)
"""The rows behind the deciles: two-sided ``p_value`` and ``value`` as measured, ``prediction`` in the units of the
source, ``negative``: called at the published threshold (null where ``value`` is no interaction score)."""
