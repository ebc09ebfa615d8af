"""The contracts of the tables that the evaluation writes, beside the leaderboard's.

Every interval (``low``, ``high``) is at the run's confidence and NaN where too few clusters are there to estimate it.
"""

import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema
from pipeline_lib.evaluation.ceilings.noise_ceiling import BOUNDS
from pipeline_lib.evaluation.tables.differences import OTHER_SCREENS, OWN, TEST, VERDICTS
from pipeline_lib.evaluation.tables.leaderboard import count_column, number_column, share_column, text_column

DIFFERENCES = TableSchema(
    "differences",
    {
        "model": text_column(),
        "reference": text_column(),
        "role": pa.Column(str, pa.Check.isin(("best_baseline", "reference"))),
        "chosen_on": pa.Column(str, pa.Check.isin(("", OWN, OTHER_SCREENS, TEST))),
        "split": text_column(),
        "screen": text_column(),
        "phenotype": text_column(),
        "metric": text_column(),
        "value": number_column(),
        "low": number_column(),
        "high": number_column(),
        "p_value": share_column(),
        "q_value": share_column(),
        "verdict": pa.Column(str, pa.Check.isin(VERDICTS)),
        "detectable": number_column(),
        "seeds": count_column(),
        "reference_seeds": count_column(),
        "n": count_column(),
        "groups": count_column(),
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
        "model": text_column(),
        "split": text_column(),
        "screen": text_column(),
        "phenotype": text_column(),
        "subgroup": pa.Column(str, pa.Check.isin(("metabolic", "essential", "order", "degree"))),
        "level": text_column(),
        "metric": text_column(),
        "value": number_column(),
        "low": number_column(),
        "high": number_column(),
        "n": count_column(),
        "groups": count_column(),
        "seeds": count_column(),
    },
)
"""``level``: all, some, none (metabolic, essential); 1, 2, 3 (order); low, middle, high (degree). ``metric`` is
pearson. A subgroup of which an assay holds one level alone is left out; the screen is a column of its own."""

NOISE_CEILING = TableSchema(
    "noise_ceiling",
    {
        "screen": text_column(),
        "phenotype": text_column(),
        "split": text_column(),
        "order": count_column(),
        "method": pa.Column(
            str,
            pa.Check.isin(("replicates", "repeated_genotypes", "alleles", "reported_sd", "literature", "truth")),
        ),
        "scope": pa.Column(str, pa.Check.isin(("repeated", "screen"))),
        "centred": pa.Column(bool),
        "reliability": number_column(),
        "ceiling": share_column(),
        "low": share_column(),
        "high": share_column(),
        "n": count_column(),
        "groups": count_column(),
        "assumption": text_column(),
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
        "screen": text_column(),
        "phenotype": text_column(),
        "split": text_column(),
        "model": text_column(),
        "baseline": text_column(),
        "difference": number_column(),
        "low": number_column(),
        "high": number_column(),
        "q": share_column(),
        "verdict": pa.Column(str, pa.Check.isin(VERDICTS)),
        "metric": text_column(),
        "p": share_column(),
        "detectable": number_column(),
        "chosen_on": pa.Column(str, pa.Check.isin((OWN, OTHER_SCREENS, TEST))),
        "seeds": count_column(),
        "baseline_seeds": count_column(),
        "n": count_column(),
        "groups": count_column(),
        "value": number_column(),
        "value_low": number_column(),
        "value_high": number_column(),
        "baseline_value": number_column(),
        "baseline_low": number_column(),
        "baseline_high": number_column(),
        "fba": number_column(),
        "control": number_column(),
        "control_model": text_column(),
        "agreement": number_column(),
        "scaled": number_column(),
        "scaled_baseline": number_column(),
        "ceiling": share_column(),
        "ceiling_low": share_column(),
        "ceiling_high": share_column(),
        "ceiling_method": text_column(),
        "ceiling_bound": pa.Column(str, pa.Check.isin(BOUNDS)),
        "ceiling_rows": count_column(),
        "above_ceiling": pa.Column(bool),
    },
)
"""Every screen, phenotype and split once: the report's model against the best baseline of that assay (``chosen_on``:
the rows that chose it). ``difference`` in the assay's leading ``metric`` with its interval, two-sided ``p``, and ``q``
after Benjamini and Hochberg over all rows of this table; ``verdict`` as in DIFFERENCES. Splits that were drawn several
times stand once, pooled. ``fba`` is null where flux balance analysis predicts the same for every row. ``control`` is
the best of the constant, screen-mean and main-effect models, ``agreement`` the correlation of two measurements
(the square of the ceiling): ``scaled`` is 0 at the one and 1 at the other, null where the ceiling is a lower bound or
the interval of the agreement is not above the control. ``ceiling``: that of the split's own rows where these are enough
(`pipeline_lib.evaluation.ceilings.noise_ceiling`); null where ``ceiling_bound`` states why there is none.
``above_ceiling``: the whole interval of ``value`` lies above that of the ceiling, so the model knows errors of the test
rows, or the ceiling's assumption fails."""

CALIBRATION = TableSchema(
    "calibration",
    {
        "model": text_column(),
        "split": text_column(),
        "screen": text_column(),
        "phenotype": text_column(),
        "quantity": pa.Column(
            str,
            pa.Check.isin(("reliability", "calibration_error", "slope", "spread_ratio", "rmse", "coverage", "spread")),
        ),
        "recalibration": pa.Column(str, pa.Check.isin(("none", "isotonic", "scaled"))),
        "position": number_column(),
        "expected": number_column(),
        "observed": number_column(),
        "low": number_column(),
        "high": number_column(),
        "n": count_column(),
        "groups": count_column(),
        "seeds": count_column(),
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
        "model": text_column(),
        "split": text_column(),
        "screen": text_column(),
        "phenotype": text_column(),
        "recall": share_column(),
        "precision": share_column(),
        "low": share_column(),
        "high": share_column(),
        "prevalence": share_column(),
        "positives": count_column(),
        "n": count_column(),
        "groups": count_column(),
        "seeds": count_column(),
    },
)
"""Precision where each recall is first reached, mean over seeds, with its interval; ``prevalence`` is the precision
of a guess. A positive is a call (1), or an interaction below the published threshold of its screen."""

QUERY_PRECISION = TableSchema(
    "query_precision",
    {
        "model": text_column(),
        "split": text_column(),
        "screen": text_column(),
        "phenotype": text_column(),
        "query": text_column(),
        "top": count_column(),
        "precision": share_column(),
        "positives": count_column(),
        "n": count_column(),
        "seeds": count_column(),
    },
)
"""One row a query of at least ``top`` tested genotypes: share of calls among its ``top`` strongest predictions, mean
over seeds. No model can do better than ``positives`` / ``top``; a guess gets ``positives`` / ``n``."""

DANGO_SCORING = TableSchema(
    "dango_scoring",
    {
        "model": text_column(),
        "split": text_column(),
        "screen": text_column(),
        "phenotype": text_column(),
        "auroc": share_column(),
        "average_precision": share_column(),
        "called": count_column(),
        "n": count_column(),
        "seeds": count_column(),
    },
)
"""The scoring of DANGO's paper, for comparison with its numbers alone: called is tau < -0.05 whatever the P-value, and
other triples are weighted to one for each called one, so that a guess has 0.5 in both columns. Mean over seeds."""


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
        "p_of": text_column(),
        "sides": pa.Column(str, pa.Check.isin(("released", "two-sided"))),
        "left": share_column(),
        "right": share_column(),
        "count": count_column(),
        "density": number_column(),
        "nulls": number_column(),
    },
)
"""Histograms of P-values, of screens that release none two-sided alone. ``p_of``: the phenotype that they test;
``nulls``: the density that true nulls give, 1, or 2 up to 0.5 of one-sided P-values in the direction of the effect."""

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
        "ranked_by": pa.Column(str, pa.Check.isin(("size", "negative"))),
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
``decile`` 1 holds the strongest predicted interactions, ``ranked_by`` their size, of either sign (not of predicted
calls), or how negative they are. ``hit_rate``: share with a two-sided P below 0.05;
``negative_rate``: share called negative at the published threshold (NaN where the rows hold no interaction score);
``base_rate``: hit rate of all deciles together; ``prediction``: mean, in the units of the source."""

P_VALUE_CORRELATIONS = TableSchema(
    "p_value_correlations",
    {
        **_JOINED,
        "quantity": pa.Column(
            str, pa.Check.isin(("spearman", "spearman_signed", "spearman_size", "enrichment", "enrichment_size"))
        ),
        "value": number_column(),
        "low": number_column(),
        "high": number_column(),
        "p_value": share_column(),
        "n": count_column(),
        "hits": count_column(),
        "groups": count_column(),
    },
)
"""``spearman_size``: between the size of the predicted interaction, of either sign, and -log10 P. ``spearman``: the
strength of the predicted negative interaction instead (``spearman_signed``: P-values of measured positive interactions
count as negative). ``enrichment_size``, ``enrichment``: share with a two-sided P below 0.05 in the decile of the
strongest predictions, of either sign or negative, over that of all rows. By size is the answer to whether a small P is
predicted (`pipeline_lib.evaluation.p_values.predicted.headline`); predicted calls have no size. No ``value``: the same
is predicted for every row. ``hits``: rows with a two-sided P below 0.05. ``p_value``: of no correlation, or an
enrichment of 1, from the same resamples. ``p_of``: the phenotype that the P-values test, where ``source`` is what was
predicted."""

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
