"""Contracts of the media of a run and of what flux balance is compared with: essential genes, subsystems."""

import pandas as pd
import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import PHENOTYPES, TableSchema

ENERGY_UNIT = "kcal/mol"
"""Unit of the Gibbs energies that yeast-GEM publishes, at pH 7."""
BLOCKED, SHORT = "blocked reaction", "short metabolite"
SUPPLEMENT, REACTION = "rescuing supplement", "rescuing reaction"
"""What an explanation finds."""


def _value() -> pa.Column:
    return pa.Column("float64", nullable=True)


def _count() -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0))


def no_rows(schema: TableSchema) -> pd.DataFrame:
    """Return the table of a run that has nothing to compare: the columns of the contract, and no row."""
    kinds = {name: str(column.dtype) for name, column in schema.columns.items()}
    numbers = ("float64", "int64")
    return pd.DataFrame({name: pd.Series(dtype=kind if kind in numbers else "object") for name, kind in kinds.items()})


GROWTH_BY_MEDIUM = TableSchema(
    "growth by medium",
    {"gene": pa.Column(str), "medium": pa.Column(str), "fitness": _value(), "wild_type_growth": _value()},
)
"""One row a gene of the model and medium: ``fitness`` of its deletion (wild type 1), ``wild_type_growth`` in 1/h."""

MEDIA_BENCHMARK = TableSchema(
    "media benchmark",
    {
        "data": pa.Column(str),
        "measure": pa.Column(str),
        "medium": pa.Column(str),
        "value": _value(),
        "low": _value(),
        "high": _value(),
        "difference": _value(),
        "difference_low": _value(),
        "difference_high": _value(),
        "genes": _count(),
        "wild_type_growth": _value(),
    },
)
"""One row a data set (``essential genes`` or a screen), measure and medium; 95 % intervals over genes; differences to
the model's own medium, paired by gene."""

ESSENTIALITY_BENCHMARK = TableSchema(
    "essentiality benchmark",
    {
        "predictor": pa.Column(str),
        "inputs": pa.Column(str),
        "folds": pa.Column(str, pa.Check.isin(("", "genes", "complexes"))),
        "columns": _count(),
        "measure": pa.Column(str, pa.Check.isin(("auroc", "average_precision", "mcc"))),
        "value": _value(),
        "low": _value(),
        "high": _value(),
        "difference": _value(),
        "difference_low": _value(),
        "difference_high": _value(),
        "genes": _count(),
        "essential": _count(),
    },
)
"""One row a predictor of essential genes, its inputs, the folds that it learned on and a measure. ``predictor``: ``flux
balance`` (growth on the medium that ``inputs`` names; nothing is learned) or ``boosted trees``. ``folds``: no gene, or
no enzyme complex, is in training and test. Differences to the trees on growth alone, paired by gene."""

SUBSYSTEM_BENCHMARK = TableSchema(
    "subsystem benchmark",
    {
        "screen": pa.Column(str),
        "phenotype": pa.Column(str, pa.Check.isin(PHENOTYPES)),
        "order": _count(),
        "subsystem": pa.Column(str),
        "value": _value(),
        "low": _value(),
        "high": _value(),
        "n": _count(),
        "genes": _count(),
        "predicted": _count(),
    },
)
"""One row a screen, phenotype, number of deletions and subsystem (``all``: every metabolic genotype): Pearson's
correlation of flux balance with the measurement and its 95 % interval over genes, missing where flux balance predicts
an effect of fewer than five. ``n`` genotypes of ``genes`` genes, ``predicted`` of them with a predicted effect."""

EXPLANATIONS = TableSchema(
    "explanations",
    {
        "rank": _count(),
        "order": _count(),
        "genes": pa.Column(object),
        "screen": pa.Column(str),
        "phenotype": pa.Column(str, pa.Check.isin(PHENOTYPES)),
        "measured": pa.Column("float64"),
        "predicted": pa.Column("float64"),
        "medium": pa.Column(str),
        "fitness": pa.Column("float64"),
        "finding": pa.Column(str, pa.Check.isin((BLOCKED, SHORT, SUPPLEMENT, REACTION))),
        "id": pa.Column(str),
        "name": pa.Column(str),
        "value": pa.Column("float64"),
    },
)
"""One row a finding on one of the strongest measured and predicted interactions, by ``rank`` within its ``order``.
``predicted``: epsilon or tau by flux balance on the screen's ``medium``; ``fitness`` likewise; the rest is the table of
`pipeline_lib.metabolism.explain_deletion`."""


OTHERS = "*"
"""Stands for every screen without a medium of its own."""
BETWEEN_SCREENS = "|"
ABSENT = -1
"""Index of the reaction of a component that the model lacks."""

MEDIA = TableSchema(
    "media",
    {
        "medium": pa.Column(str),
        "screens": pa.Column(str),
        "component": pa.Column(str),
        "reaction": pa.Column(str),
        "reaction_index": pa.Column("int64", pa.Check.ge(ABSENT)),
        "uptake": pa.Column("float64", pa.Check.ge(0)),
        "lower_bound": pa.Column("float64", nullable=True),
        "upper_bound": pa.Column("float64", nullable=True),
        "source": pa.Column(str),
    },
)
"""One row a medium and exchange reaction; ``uptake`` in mmol/gDW/h. A component that the model lacks has no reaction
(``reaction_index`` -1). ``screens``: the screens (and ``simulated:<name>``) that grow on the medium, joined by ``|``;
``*``: every other one."""


def screens_of_media(table: pd.DataFrame) -> dict[str, str]:
    """Return the text of the column ``screens`` by medium, in the order of the table."""
    distinct = table[["medium", "screens"]].drop_duplicates()
    return dict(zip(distinct["medium"], distinct["screens"], strict=True))


def medium_of(table: pd.DataFrame, screen: str) -> str:
    """Return the medium that a screen grows on.

    Parameters
    ----------
    table
        Any table with the columns ``medium`` and ``screens``, at least one row.
    screen
        The screen; one that no medium names, the empty text among them, grows on that of the others (``*``), and where
        the table has none, on its first.
    """
    media = screens_of_media(table)
    own = [medium for medium, screens in media.items() if screen in screens.split(BETWEEN_SCREENS)]
    others = [medium for medium, screens in media.items() if screens == OTHERS]
    return str([*own, *others, *media][0])
