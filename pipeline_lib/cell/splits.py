"""Train, validation and test folds that keep genotypes, queries, genes or screens apart, and what they still share.

What a split keeps together is its *group*: a genotype (random), the gene set of a query (query_disjoint), a
held-out gene (gene_disjoint_one, gene_disjoint_all) or a screen (cross_screen). Replicates, alleles, phenotypes
and screens of one genotype never stand on both sides. Observations that would break a split's separation whichever
fold they joined are left out of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.artefacts import FOLDS, PHENOTYPES
from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.cell.testable import (
    genotype_codes,
    genotype_names,
    one_label_calls,
    query_genes,
    symmetric_rows,
    why_empty,
)
from pipeline_lib.config.training import SplitSettings, kind_and_repeat
from pipeline_lib.errors import PipelineError

TRAIN, VALIDATION, TEST, LEFT_OUT = 0, 1, 2, -1

Folds = NDArray[np.int64]
Names = NDArray[np.object_]


@dataclass(frozen=True)
class Assignment:
    """Fold (0 train, 1 validation, 2 test, -1 none) and group of every observation, both [n].

    Groups are texts of arrow: as objects of Python, those of 20 million observations would take gigabytes.
    """

    fold: Folds
    group: pa.LargeStringArray


def draw_folds(n: int, validation: float, test: float, generator: np.random.Generator) -> Folds:
    """Assign n units to folds at random; the shares are exact to one unit, and training is never empty.

    Returns
    -------
    int64 [n]
        All training where there are fewer than three units.
    """
    fold = np.full(n, TRAIN, dtype=np.int64)
    if n < 3:
        return fold
    order = generator.permutation(n)
    tested = min(max(1, round(n * test)), n - 2)
    validated = min(max(1, round(n * validation)), n - tested - 1)
    fold[order[:tested]] = TEST
    fold[order[tested : tested + validated]] = VALIDATION
    return fold


def split_random(data: Genotypes, names: Names, settings: SplitSettings, generator: np.random.Generator) -> Assignment:
    """Keep genotypes together; the shares hold within every screen and order.

    A genotype of several screens is drawn with the first of them.
    """
    _, first, inverse = np.unique(genotype_codes(data.genes), return_index=True, return_inverse=True)
    stratum = data.screen[first] * (data.genes.shape[1] + 1) + data.order[first]
    fold = np.empty(len(first), dtype=np.int64)
    for value in np.unique(stratum):
        members = np.flatnonzero(stratum == value)
        fold[members] = draw_folds(len(members), settings.validation, settings.test, generator)
    return Assignment(fold[inverse], genotype_names(data.genes, names))


def split_query_disjoint(
    data: Genotypes, names: Names, settings: SplitSettings, generator: np.random.Generator
) -> Assignment:
    """Keep the gene sets of queries apart; observations without a query only train.

    One query's gene set has one fold in every array screen, since publications share strains. In a symmetric
    screen any gene may be called the query, so a random half of its genes are the queries; pairs that touch a
    held-out query and another query are left out. A training genotype that is also tested (through another
    query) is left out of training.
    """
    fold = np.full(len(data), TRAIN, dtype=np.int64)
    group = data.genes.copy()
    symmetric = symmetric_rows(data)
    for screen in np.unique(data.screen[symmetric]):
        rows = np.flatnonzero(symmetric & (data.screen == screen))
        fold[rows], group[rows] = _symmetric_queries(data.take(rows), settings, generator)
    rows = np.flatnonzero((data.query >= 0) & ~symmetric)
    if len(rows):
        fold[rows], group[rows] = _array_screen_queries(data.take(rows), settings, generator)
    return Assignment(_drop_shared_genotypes(data, fold), genotype_names(group, names))


def _array_screen_queries(
    part: Genotypes, settings: SplitSettings, generator: np.random.Generator
) -> tuple[Folds, NDArray[np.int64]]:
    """Return the fold and the genes of the query of every observation, int64 [n] and [n, 3]."""
    sets = query_genes(part)
    _, first, inverse = np.unique(genotype_codes(sets), return_index=True, return_inverse=True)
    # Single- and double-mutant queries of every screen are drawn apart, so that each is tested.
    stratum = part.screen[first] * (sets.shape[1] + 1) + (sets[first] != NO_GENE).sum(axis=1)
    fold = np.empty(len(first), dtype=np.int64)
    for value in np.unique(stratum):
        members = np.flatnonzero(stratum == value)
        fold[members] = draw_folds(len(members), settings.validation, settings.disjoint_test, generator)
    return fold[inverse], sets


def _symmetric_queries(
    part: Genotypes, settings: SplitSettings, generator: np.random.Generator
) -> tuple[Folds, NDArray[np.int64]]:
    """Return the fold and the query gene of every observation, or all its genes where two or none serve as query."""
    genes = np.unique(part.genes[part.genes != NO_GENE])
    queries = np.sort(generator.permutation(genes)[: (len(genes) + 1) // 2])
    of_gene = np.full(int(genes.max()) + 2, LEFT_OUT)
    of_gene[queries] = draw_folds(len(queries), settings.validation, settings.disjoint_test, generator)
    folds = np.where(part.genes == NO_GENE, LEFT_OUT, of_gene[part.genes])
    held = folds > TRAIN
    queried = folds != LEFT_OUT
    fold = np.full(len(part), TRAIN, dtype=np.int64)
    alone = held.any(axis=1) & (queried.sum(axis=1) == 1)
    fold[alone] = folds.max(axis=1)[alone]
    fold[held.any(axis=1) & ~alone] = LEFT_OUT
    return fold, _marked_gene(part.genes, queried, queried.any(axis=1))


def _marked_gene(genes: NDArray[np.int64], marked: NDArray[np.bool_], alone: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the genes [n, 3]; of the rows `alone` [n] only the first that is marked [n, 3], then -1."""
    kept = genes.copy()
    kept[alone] = NO_GENE
    kept[alone, 0] = genes[alone, marked[alone].argmax(axis=1)]
    return kept


def _drop_shared_genotypes(data: Genotypes, fold: Folds) -> Folds:
    """Leave observations out of training (then validation) whose genotype stands in a later fold as well."""
    codes = genotype_codes(data.genes)
    kept = fold.copy()
    kept[(fold == VALIDATION) & np.isin(codes, codes[fold == TEST])] = LEFT_OUT
    kept[(fold == TRAIN) & np.isin(codes, codes[(fold == TEST) | (fold == VALIDATION)])] = LEFT_OUT
    return kept


def _gene_folds(data: Genotypes, settings: SplitSettings, generator: np.random.Generator) -> Folds:
    """Return the fold of every gene slot, int64 [n, 3]; -1 where there is no gene."""
    genes = np.unique(data.genes[data.genes != NO_GENE])
    of_gene = np.full(int(genes.max(initial=0)) + 2, TRAIN)
    of_gene[genes] = draw_folds(len(genes), settings.validation, settings.disjoint_test, generator)
    return np.where(data.genes == NO_GENE, -1, of_gene[data.genes])


def split_gene_disjoint_one(
    data: Genotypes, names: Names, settings: SplitSettings, generator: np.random.Generator
) -> Assignment:
    """Test genotypes with exactly one gene that training never sees; training sees all of their other genes.

    A gene that the repeat leaves to training may still stand beside held-out genes alone; its genotypes are left out.
    """
    folds = _gene_folds(data, settings, generator)
    held = folds > TRAIN
    fold = np.full(len(data), LEFT_OUT, dtype=np.int64)
    fold[~held.any(axis=1)] = TRAIN
    trained = np.unique(data.genes[fold == TRAIN])
    one = (held.sum(axis=1) == 1) & (held | (folds == -1) | np.isin(data.genes, trained)).all(axis=1)
    fold[one] = folds.max(axis=1)[one]
    return Assignment(fold, genotype_names(_marked_gene(data.genes, held, one), names))


def split_gene_disjoint_all(
    data: Genotypes, names: Names, settings: SplitSettings, generator: np.random.Generator
) -> Assignment:
    """Test genotypes of which training sees no gene at all."""
    folds = _gene_folds(data, settings, generator)
    fold = np.full(len(data), LEFT_OUT, dtype=np.int64)
    for value in (TRAIN, VALIDATION, TEST):
        fold[((folds == value) | (folds == -1)).all(axis=1)] = value
    return Assignment(fold, genotype_names(data.genes[:, :1], names))


def split_cross_screen(
    data: Genotypes, names: Names, settings: SplitSettings, generator: np.random.Generator
) -> Assignment:
    """Test whole screens whose phenotype other screens share; their genotypes leave the other folds.

    Raises
    ------
    PipelineError
        When no held-out screen is named, one is not in the table, or it shares no phenotype with the rest.
    """
    unknown = sorted(set(settings.cross_screen_test) - set(data.screens))
    if unknown or not settings.cross_screen_test:
        raise PipelineError(
            f"split cross_screen: splits.cross_screen_test names {unknown or 'no screen'}; "
            f"choose among {', '.join(data.screens)}."
        )
    held = np.isin(np.asarray(data.screens, dtype=object)[data.screen], settings.cross_screen_test)
    shared = np.intersect1d(data.phenotype[held], data.phenotype[~held])
    if not shared.size:
        raise PipelineError(
            f"split cross_screen: {', '.join(settings.cross_screen_test)} shares no phenotype with another screen."
        )
    fold = np.full(len(data), LEFT_OUT, dtype=np.int64)
    fold[held & np.isin(data.phenotype, shared)] = TEST
    inside = split_random(data.take(~held), names, settings, generator).fold
    fold[~held] = np.where(inside == TEST, TRAIN, inside)
    group = pa.array(data.screens, type=pa.large_string()).take(pa.array(data.screen))
    return Assignment(_drop_shared_genotypes(data, fold), group)


SPLITS: dict[str, Callable[[Genotypes, Names, SplitSettings, np.random.Generator], Assignment]] = {
    "random": split_random,
    "query_disjoint": split_query_disjoint,
    "gene_disjoint_one": split_gene_disjoint_one,
    "gene_disjoint_all": split_gene_disjoint_all,
    "cross_screen": split_cross_screen,
}


def assign(data: Genotypes, genes: pd.DataFrame, name: str, settings: SplitSettings) -> Assignment:
    """Assign every observation to a fold of the split `name`: ``random`` (repeat 0), ``random-1`` and so on.

    Raw interactions are in no split where their screen also holds the fitness or the adjusted interactions that they
    belong to, for those are the same measurements. Calls that all have one label (`one_label_calls`) only train.

    Raises
    ------
    PipelineError
        When the split is unknown, or one of its folds stays empty: the sentence gives the reason.
    """
    kind, repeat = kind_and_repeat(name)
    if kind not in SPLITS or repeat is None:
        raise PipelineError(f"unknown split '{name}'; choose among {', '.join(SPLITS)}, or a repeat such as random-1.")
    generator = np.random.default_rng([settings.seed, list(SPLITS).index(kind), *([repeat] if repeat else [])])
    usable = np.flatnonzero(~_raw_beside_others(data))
    names = genes.sort_values("gene_index")["gene"].to_numpy(dtype=object)
    usable_data = data.take(usable)
    part = SPLITS[kind](usable_data, names, settings, generator)
    untestable = one_label_calls(usable_data)
    part.fold[untestable & (part.fold != TRAIN)] = LEFT_OUT
    for value, fold in enumerate(FOLDS):
        if not (part.fold == value).any():
            raise PipelineError(f"split {name}: the {fold} fold is empty: {why_empty(usable_data, kind)}")
    folds, place = (np.full(len(data), value, dtype=np.int64) for value in (LEFT_OUT, len(usable)))
    folds[usable], place[usable] = part.fold, np.arange(len(usable))
    group = part.group.take(pa.array(place, mask=place == len(usable)))
    return Assignment(folds, group.fill_null(""))


def _raw_beside_others(data: Genotypes) -> NDArray[np.bool_]:
    """Mark the raw interactions [n] of screens that hold other phenotypes too."""
    raw = data.phenotype == PHENOTYPES.index("raw_interaction")
    return np.asarray(raw & np.isin(data.screen, data.screen[~raw]))


def split_table(data: Genotypes, assignment: Assignment) -> pa.Table:
    """Return the split as a table (`pipeline_lib.artefacts.schemas.SPLIT`), without what is left out."""
    kept = pa.array(assignment.fold != LEFT_OUT)
    fold = pa.DictionaryArray.from_arrays(pa.array(np.maximum(assignment.fold, TRAIN).astype(np.int8)), FOLDS)
    table = pa.table({"observation_id": data.observation_id, "fold": fold, "group": assignment.group})
    return table.filter(kept).cast(
        pa.schema([("observation_id", pa.int64()), ("fold", pa.string()), ("group", pa.large_string())])
    )


KEPT_APART: dict[str, frozenset[str]] = {
    "random": frozenset({"genotypes"}),
    "query_disjoint": frozenset({"genotypes", "queries"}),
    "gene_disjoint_one": frozenset({"genotypes", "one unseen gene"}),
    "gene_disjoint_all": frozenset({"genotypes", "genes"}),
    "cross_screen": frozenset({"genotypes", "screens"}),
}
"""What no two folds of a split may share; ``one unseen gene`` counts tested genotypes without exactly one."""

_NO_QUERY = np.iinfo(np.int64).min


def leakage_table(data: Genotypes, assignment: Assignment, split: str) -> pd.DataFrame:
    """Count what every two folds share; a repeat keeps apart what its kind does.

    Returns
    -------
    DataFrame
        split, unit ('genotypes', 'queries', 'genes', 'screens', 'one unseen gene'), first, second (folds),
        shared (count), of (units in the second fold), kept_apart (bool: what the split keeps apart), holds (bool).
    """
    rows = []
    kept_apart = KEPT_APART[kind_and_repeat(split)[0]]
    for unit, first, second, shared, total in _counts(data, assignment):
        must_differ = unit in kept_apart and not (unit == "screens" and TEST not in (first, second))
        rows.append(
            {
                "split": split,
                "unit": unit,
                "first": FOLDS[first],
                "second": FOLDS[second],
                "shared": shared,
                "of": total,
                "kept_apart": must_differ,
                "holds": not must_differ or shared == 0,
            }
        )
    return pd.DataFrame(rows)


def _counts(data: Genotypes, assignment: Assignment) -> Iterator[tuple[str, int, int, int, int]]:
    folds = [np.flatnonzero(assignment.fold == value) for value in (TRAIN, VALIDATION, TEST)]
    units: dict[str, list[NDArray[Any]]] = {
        "genotypes": [np.unique(genotype_codes(data.genes)[rows]) for rows in folds],
        "queries": _query_units(data, assignment, folds),
        "genes": [np.setdiff1d(data.genes[rows], [NO_GENE]) for rows in folds],
        "screens": [np.unique(data.screen[rows]) for rows in folds],
    }
    for unit, of_fold in units.items():
        for first, second in combinations((TRAIN, VALIDATION, TEST), 2):
            shared = np.intersect1d(of_fold[first], of_fold[second]).size
            yield unit, first, second, int(shared), int(of_fold[second].size)
    seen = np.zeros(int(data.genes.max(initial=0)) + 2, dtype=bool)
    seen[units["genes"][TRAIN]] = True
    for value in (VALIDATION, TEST):
        genes = data.genes[folds[value]]
        unseen = (~seen[genes] & (genes != NO_GENE)).sum(axis=1)
        yield "one unseen gene", TRAIN, value, int((unseen != 1).sum()), len(genes)


def _query_units(data: Genotypes, assignment: Assignment, folds: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Return the queries of each fold: gene sets in array screens, the split's own query genes in symmetric ones."""
    symmetric = symmetric_rows(data)
    key = np.full(len(data), _NO_QUERY)
    # Below zero, so that none of them is the code of a gene set.
    groups = assignment.group.filter(pa.array(symmetric)).dictionary_encode()
    key[symmetric] = -1 - (data.screen[symmetric] * len(groups.dictionary) + groups.indices.to_numpy())
    others = data.take(~symmetric) if symmetric.any() else data
    key[~symmetric] = np.where(others.query >= 0, genotype_codes(query_genes(others)), _NO_QUERY)
    queries = (np.unique(key[members]) for members in folds)
    return [found[found != _NO_QUERY] for found in queries]


def check_leakage(table: pd.DataFrame) -> None:
    """Fail the run when folds share what their split keeps apart.

    Raises
    ------
    PipelineError
        Names the split, the folds, what they share and how many.
    """
    broken = table[~table["holds"]]
    if len(broken):
        row = broken.iloc[0]
        raise PipelineError(
            f"split {row['split']}: {row['shared']} of {row['of']} {row['unit']} are shared between "
            f"{row['first']} and {row['second']}; this is a defect of the split, not of the data."
        )
