"""The contracts of the tables under ``results/<run>/``: other people's scripts read these columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from pipeline_lib.artefacts import FOLDS, PHENOTYPES
from pipeline_lib.errors import PipelineError


@dataclass(frozen=True)
class TableSchema:
    """A table's contract: its name and the checks of each column; columns beside these are allowed."""

    name: str
    columns: Mapping[str, pa.Column]

    def validate(self, frame: pd.DataFrame, path: Path | str) -> pd.DataFrame:
        """Return `frame` with the contract's columns first.

        Raises
        ------
        PipelineError
            Names the file, the column, the first offending row and the check that it fails.
        """
        missing = [name for name in self.columns if name not in frame.columns]
        if missing:
            raise PipelineError(
                f"{path}: the table '{self.name}' breaks its contract: column '{missing[0]}' is missing."
            )
        schema = pa.DataFrameSchema(dict(self.columns), name=self.name)
        try:
            schema.validate(frame, lazy=True)
        except SchemaErrors as error:
            first = error.failure_cases.iloc[0]
            where = f" in row {int(first['index'])}" if pd.notna(first["index"]) else ""
            raise PipelineError(
                f"{path}: the table '{self.name}' breaks its contract: column '{first['column']}'{where} "
                f"fails '{first['check']}' (found {first['failure_case']!r})."
            ) from error
        rest = [name for name in frame.columns if name not in self.columns]
        return frame[[*self.columns, *rest]]


def _index(*, unique: bool = False) -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0), unique=unique)


GENES = TableSchema(
    "genes",
    {
        "gene_index": _index(unique=True),
        "gene": pa.Column(str, unique=True),
        "name": pa.Column(str),
        "in_gem": pa.Column(bool),
        "essential": pa.Column("boolean", nullable=True),
    },
)
"""One row a gene, ``gene_index`` = 0..N-1 in row order; beside stand ``aliases`` (list of str) and ``gem_id`` (the
gene's id in the metabolic model; several are joined by ``|``)."""

GENE_COVERAGE = TableSchema(
    "gene coverage",
    {
        "kind": pa.Column(str, pa.Check.isin(("model", "screen", "network", "features", "essential"))),
        "name": pa.Column(str),
        "named": _index(),
        "known": _index(),
        "unknown": _index(),
        "ambiguous": _index(),
        "by_alias": _index(),
        "examples": pa.Column(str),
    },
)
"""One row a model, screen, network, feature table or list of essential genes: its distinct gene names, how many of them
mean one gene of the gene table, none or several, and how many of the known ones are neither a systematic nor a standard
name (aliases, retired names, other spellings)."""

OBSERVATIONS = TableSchema(
    "observations",
    {
        "observation_id": _index(unique=True),
        "screen": pa.Column(str),
        "genes": pa.Column(object),
        "order": pa.Column("int64", pa.Check.isin((1, 2, 3))),
        "phenotype": pa.Column(str, pa.Check.isin(PHENOTYPES)),
        "value": pa.Column("float64"),
        "std": pa.Column("float64", pa.Check.ge(0), nullable=True),
        "p_value": pa.Column("float64", pa.Check.in_range(0, 1), nullable=True),
        "p_sided": pa.Column("Int64", pa.Check.isin((1, 2)), nullable=True),
        "query": pa.Column(str, nullable=True),
        "array": pa.Column(str, nullable=True),
        "replicate": pa.Column("int64", pa.Check.ge(0)),
        "kinds": pa.Column(object),
        "temperature": pa.Column("float64", nullable=True),
    },
)
"""One row a measurement; ``genes`` is the sorted list of systematic names."""

REJECTED = TableSchema(
    "rejected",
    {
        "screen": pa.Column(str),
        "file": pa.Column(str),
        "row": pa.Column("int64"),
        "reason": pa.Column(str),
        "text": pa.Column(str),
    },
)
"""Rows of upstream files that did not become observations, with the reason."""

TRIGENIC_IDENTITY = TableSchema(
    "trigenic identity",
    {
        "observation_id": _index(unique=True),
        "screen": pa.Column(str),
        "query": pa.Column(str, nullable=True),
        "array": pa.Column(str, nullable=True),
        "tau": pa.Column("float64"),
        "recomputed": pa.Column("float64", nullable=True),
        "difference": pa.Column("float64", nullable=True),
        "status": pa.Column(
            str, pa.Check.isin(("agrees", "differs", "several_controls", "no_control", "no_raw_score"))
        ),
    },
)
"""One row a released trigenic interaction: tau as released, and recomputed from its raw score and control screens."""

METABOLITES = TableSchema(
    "metabolites",
    {
        "metabolite_index": _index(unique=True),
        "id": pa.Column(str, unique=True),
        "name": pa.Column(str),
        "compartment": pa.Column(str),
        "formula": pa.Column(str, nullable=True),
        "charge": pa.Column("float64", nullable=True),
        "delta_g": pa.Column("float64", nullable=True),
    },
)

REACTIONS = TableSchema(
    "reactions",
    {
        "reaction_index": _index(unique=True),
        "id": pa.Column(str, unique=True),
        "name": pa.Column(str),
        "lower_bound": pa.Column("float64"),
        "upper_bound": pa.Column("float64"),
        "reversible": pa.Column(bool),
        "subsystem": pa.Column(str),
        "gene_rule": pa.Column(str),
        "delta_g": pa.Column("float64", nullable=True),
        "objective": pa.Column("float64"),
    },
)

INCIDENCE = TableSchema(
    "incidence",
    {
        "reaction_index": _index(),
        "metabolite_index": _index(),
        "coefficient": pa.Column("float64", pa.Check.ne(0)),
    },
)

COMPLEXES = TableSchema("complexes", {"complex_index": _index(), "reaction_index": _index(), "gene_index": _index()})
"""The gene rules in disjunctive normal form: a reaction lives while one of its complexes is whole."""

EDGES = TableSchema(
    "edges",
    {
        "network": pa.Column(str),
        "source": _index(),
        "target": _index(),
        "weight": pa.Column("float64"),
        "directed": pa.Column(bool),
    },
)
"""``source`` and ``target`` are gene indices; an undirected edge is listed once, source < target."""

FEATURES = TableSchema("features", {"gene_index": _index(unique=True)})
"""One row a covered gene; beside ``gene_index`` stands one float32 column a feature, missing where not measured."""

FEATURES_SUMMARY = TableSchema(
    "features summary",
    {
        "name": pa.Column(str, unique=True),
        "columns": pa.Column("int64"),
        "genes": pa.Column("int64"),
        "measured": pa.Column("float64", pa.Check.in_range(0, 1)),
        "evidence": pa.Column(str),
        "holds_genetic": pa.Column(str, pa.Check.isin(("yes", "no", "unknown"))),
        "used": pa.Column(bool),
        "year": pa.Column("Int64", nullable=True),
        "source": pa.Column(str),
        "rows": pa.Column("int64"),
        "unknown_genes": pa.Column("int64"),
        "rows_merged": pa.Column("int64"),
        "columns_constant": pa.Column("int64"),
        "columns_left_out": pa.Column("int64"),
        "notes": pa.Column(str),
    },
)
"""One row a feature table. ``measured``: share of covered genes by columns that holds a value. ``used``: whether models
read it by default. ``rows``, ``unknown_genes``, ``rows_merged``: rows of the files, those whose name is no single gene
of the gene table, and further rows of a gene that several rows name. ``columns_constant`` and ``columns_left_out``:
columns with one value for all genes, and those that the reader's rule leaves out; ``notes`` gives the reason."""

SPLIT = TableSchema(
    "split",
    {
        "observation_id": _index(unique=True),
        "fold": pa.Column(str, pa.Check.isin(FOLDS)),
        "group": pa.Column(str),
    },
)
"""``group`` is what is kept together: the genotype, the query or the gene."""

PREDICTIONS = TableSchema(
    "predictions",
    {
        "observation_id": _index(unique=True),
        "prediction": pa.Column("float64"),
        "prediction_std": pa.Column("float64", pa.Check.ge(0), nullable=True),
        "fold": pa.Column(str, pa.Check.isin(FOLDS)),
    },
)

HISTORY = TableSchema(
    "history",
    {"epoch": _index(), "fold": pa.Column(str), "metric": pa.Column(str), "value": pa.Column("float64")},
)
"""Long form: one row an epoch, fold and metric."""

LEADERBOARD = TableSchema(
    "leaderboard",
    {
        "model": pa.Column(str),
        "split": pa.Column(str),
        "screen": pa.Column(str),
        "phenotype": pa.Column(str),
        "metric": pa.Column(str),
        "value": pa.Column("float64", nullable=True),
        "low": pa.Column("float64", nullable=True),
        "high": pa.Column("float64", nullable=True),
        "n": _index(),
        "groups": _index(),
        "seeds": _index(),
    },
)


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
