"""The contracts of the tables that the evaluation writes, beside the leaderboard's.

Every interval (``low``, ``high``) is at the run's confidence and NaN where too few clusters are there to tell.
"""

import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema
from pipeline_lib.evaluation.ceilings import BOUNDS
from pipeline_lib.evaluation.validation import OTHER_SCREENS, OWN, TEST
from pipeline_lib.evaluation.verdicts import VERDICTS


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
        "chosen_on": pa.Column(str, pa.Check.isin(("", OWN, OTHER_SCREENS, TEST))),
        "split": _text(),
        "screen": _text(),
        "phenotype": _text(),
        "metric": _text(),
        "value": _number(),
        "low": _number(),
        "high": _number(),
        "p_value": _share(),
        "q_value": _share(),
        "verdict": pa.Column(str, pa.Check.isin(VERDICTS)),
        "detectable": _number(),
        "seeds": _count(),
        "reference_seeds": _count(),
        "n": _count(),
        "groups": _count(),
        "lower_is_better": pa.Column(bool),
    },
)
"""``value`` is the model's metric less the reference's, paired on the same resamples and on the seeds that both have
(``seeds``, ``reference_seeds``: how many of each it rests on). ``role``: why the reference was chosen; ``chosen_on``:
the rows by which a baseline is the best one of its assay; that baseline itself is held against the next best.
``p_value`` is two-sided, ``q_value`` after Benjamini and Hochberg over the models of one (role, split, screen,
phenotype, metric) and reference. ``verdict``: win or loss where the whole interval is on one side of zero and q < 0.05,
else level; undetermined without an interval. ``detectable``: the true difference that would be found with a power of
0.8. Where ``lower_is_better`` (rmse), a negative difference is the better one."""

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
        "split": _text(),
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
its interval. ``split``: the test fold among whose rows it was estimated, "all": among all rows of the screen.
``order`` 0: all orders together. ``scope``: whether the noise is set against the variance of the
repeated rows or of the whole screen, which is what a leaderboard value is to be held against. ``centred``: within
queries, to be held against ``pearson_within_query``. ``n``: rows behind the noise estimate; ``groups``: clusters
that these stand in (0: a value taken from the literature, without an interval). ``truth``: a simulated screen's
noise-free values, no estimate."""

SCOREBOARD = TableSchema(
    "scoreboard",
    {
        "screen": _text(),
        "phenotype": _text(),
        "split": _text(),
        "model": _text(),
        "baseline": _text(),
        "difference": _number(),
        "low": _number(),
        "high": _number(),
        "q": _share(),
        "verdict": pa.Column(str, pa.Check.isin(VERDICTS)),
        "metric": _text(),
        "p": _share(),
        "detectable": _number(),
        "chosen_on": pa.Column(str, pa.Check.isin((OWN, OTHER_SCREENS, TEST))),
        "seeds": _count(),
        "baseline_seeds": _count(),
        "n": _count(),
        "groups": _count(),
        "value": _number(),
        "value_low": _number(),
        "value_high": _number(),
        "baseline_value": _number(),
        "baseline_low": _number(),
        "baseline_high": _number(),
        "fba": _number(),
        "control": _number(),
        "control_model": _text(),
        "agreement": _number(),
        "scaled": _number(),
        "scaled_baseline": _number(),
        "ceiling": _share(),
        "ceiling_low": _share(),
        "ceiling_high": _share(),
        "ceiling_method": _text(),
        "ceiling_bound": pa.Column(str, pa.Check.isin(("", *BOUNDS))),
        "ceiling_rows": _count(),
        "above_ceiling": pa.Column(bool),
    },
)
"""Every screen, phenotype and split once: the report's model against the best baseline of that assay (``chosen_on``:
the rows that chose it). ``difference`` in the assay's leading ``metric`` with its interval, two-sided ``p``, and ``q``
after Benjamini and Hochberg over all rows of this table; ``verdict`` as in DIFFERENCES. Splits that were drawn several
times stand once, pooled. ``fba`` is null where flux balance analysis predicts the same for every row. ``control`` is
the best of the constant, screen-mean and main-effect models, ``agreement`` the correlation of two measurements
(the square of the ceiling): ``scaled`` is 0 at the one and 1 at the other. ``ceiling``: that of the split's own rows
where these tell it (`pipeline_lib.evaluation.ceilings`), ``above_ceiling``: the whole interval of ``value`` lies above
that of the ceiling, so the model knows errors of the test rows."""

P_VALUES = TableSchema(
    "p_values",
    {
        "screen": _text(),
        "phenotype": _text(),
        "order": _count(),
        "quantity": pa.Column(str, pa.Check.isin(("pi0", "pi0_at_lambda", "discoveries", "largest_p_released"))),
        "detail": _text(),
        "value": _number(),
        "low": _number(),
        "high": _number(),
        "n": _count(),
        "groups": _count(),
    },
)
"""``pi0``: Storey's share of true nulls; its ``low`` and ``high`` are the range over all lambda. ``pi0_at_lambda``:
``detail`` is lambda, above 1 where large P-values are too many; interval over queries. ``discoveries``: ``detail`` is
the criterion, ``value`` a number of rows out of ``n``; interval over queries but for q-values. P-values are two-sided
unless "as released"."""

P_HISTOGRAM = TableSchema(
    "p_histogram",
    {
        "screen": _text(),
        "phenotype": _text(),
        "order": _count(),
        "sides": pa.Column(str, pa.Check.isin(("released", "two-sided"))),
        "left": _share(),
        "right": _share(),
        "count": _count(),
        "density": _number(),
    },
)
"""Histograms of P-values; ``density`` is 1 where P-values are uniform."""

_JOINED = {
    "model": _text(),
    "split": _text(),
    "screen": _text(),
    "phenotype": _text(),
    "order": _count(),
    "source": _text(),
    "p_of": _text(),
}

P_VALUE_DECILES = TableSchema(
    "p_value_deciles",
    {
        **_JOINED,
        "decile": pa.Column("int64", pa.Check.in_range(1, 10)),
        "n": _count(),
        "groups": _count(),
        "prediction": _number(),
        "median_p": _share(),
        "base_rate": _share(),
        "hit_rate": _share(),
        "hit_low": _share(),
        "hit_high": _share(),
        "negative_rate": _share(),
        "negative_low": _share(),
        "negative_high": _share(),
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
        "value": _number(),
        "low": _number(),
        "high": _number(),
        "p_value": _share(),
        "n": _count(),
        "groups": _count(),
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
        "rank": _count(),
        "genes": _text(),
        "prediction": _number(),
        "value": _number(),
        "p_value": _share(),
    },
)
"""The rows that stand out: smallest P-values, strongest predicted negative interactions, hits that are predicted to be
none, and predicted ones that are not measured. ``genes``: systematic names joined by +."""

_ASSAY = {"screen": _text(), "phenotype": _text(), "order": _count(), "query": _text()}

P_VALUE_QUERIES = TableSchema(
    "p_value_queries",
    {
        **_ASSAY,
        "n": _count(),
        "hits": _count(),
        "hit_rate": _share(),
        "p_value": _share(),
        "inflation": _number(),
    },
)
"""Rows with a two-sided P below 0.05 of every query (of every gene in a symmetric screen); ``query`` is empty for all
together. ``p_value``: binomial, of as many hits at the nominal rate; ``inflation``: median chi-squared over that of
nulls."""

P_VALUE_QUANTILES = TableSchema("p_value_quantiles", {**_ASSAY, "expected": _share(), "observed": _share()})
"""Points of a QQ plot: quantiles of uniform P-values, and those observed."""

P_VALUE_POINTS = TableSchema(
    "p_value_points",
    {
        **_JOINED,
        "observation_id": _count(),
        "prediction": _number(),
        "value": _number(),
        "p_value": _share(),
        "negative": pa.Column("boolean", nullable=True),
    },
)
"""The rows behind the deciles: two-sided ``p_value`` and ``value`` as measured, ``prediction`` in the units of the
source, ``negative``: called at the published threshold (null where ``value`` is no interaction score)."""

CALIBRATION = TableSchema(
    "calibration",
    {
        "model": _text(),
        "split": _text(),
        "screen": _text(),
        "phenotype": _text(),
        "quantity": pa.Column(
            str,
            pa.Check.isin(("reliability", "calibration_error", "slope", "spread_ratio", "rmse", "coverage", "spread")),
        ),
        "recalibration": pa.Column(str, pa.Check.isin(("none", "isotonic", "scaled"))),
        "position": _number(),
        "expected": _number(),
        "observed": _number(),
        "low": _number(),
        "high": _number(),
        "n": _count(),
        "groups": _count(),
        "seeds": _count(),
    },
)
"""``expected`` is what calibration would show, ``observed`` what the test fold shows, with its interval.
``reliability``: mean prediction against mean measured value in bins of the prediction (``position`` 1, 2, ...);
``calibration_error``: their mean absolute distance (no interval). ``slope``: of measured on predicted (1: neither too
wide nor too narrow). ``spread_ratio``: SD of predictions over SD of values, against the Pearson correlation, which is
its value at the optimum of the squared error. ``coverage``: share inside the central interval whose nominal level is
``position``. ``spread``: root mean squared error against root mean predicted variance in bins of the predicted SD.
``recalibration``, fitted on the validation fold: ``isotonic`` of the value or of the interval's levels, ``scaled`` of
all SDs by one factor."""

PRECISION_RECALL = TableSchema(
    "precision_recall",
    {
        "model": _text(),
        "split": _text(),
        "screen": _text(),
        "phenotype": _text(),
        "recall": _share(),
        "precision": _share(),
        "low": _share(),
        "high": _share(),
        "prevalence": _share(),
        "positives": _count(),
        "n": _count(),
        "groups": _count(),
        "seeds": _count(),
    },
)
"""Precision where each recall is first reached, mean over seeds, with its interval; ``prevalence`` is the precision
of a guess. A positive is a call (1), or an interaction below the published threshold of its screen."""

QUERY_PRECISION = TableSchema(
    "query_precision",
    {
        "model": _text(),
        "split": _text(),
        "screen": _text(),
        "phenotype": _text(),
        "query": _text(),
        "top": _count(),
        "precision": _share(),
        "positives": _count(),
        "n": _count(),
        "seeds": _count(),
    },
)
"""One row a query of at least ``top`` tested genotypes: share of calls among its ``top`` strongest predictions, mean
over seeds. No model can do better than ``positives`` / ``top``; a guess gets ``positives`` / ``n``."""

DANGO_SCORING = TableSchema(
    "dango_scoring",
    {
        "model": _text(),
        "split": _text(),
        "screen": _text(),
        "phenotype": _text(),
        "auroc": _share(),
        "average_precision": _share(),
        "called": _count(),
        "n": _count(),
        "seeds": _count(),
    },
)
"""The scoring of DANGO's paper, for comparison with its numbers alone: called is tau < -0.05 whatever the P-value, and
other triples are weighted to one for each called one, so that a guess has 0.5 in both columns. Mean over seeds."""
