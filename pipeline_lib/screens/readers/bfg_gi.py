"""Pairs of DNA-repair genes in nine conditions (BFG-GI, Diaz-Mejia et al. 2018, Table EV4), and in two (St Onge 2007).

One row a pair of genes, a group of columns a quantity and in it a column a condition. The score ``GIS_xy`` is the
fitness of the double mutant less the product of the fitness of the single mutants, in fitness units; its standard error
is the SD here. One observation a pair and condition; the condition stands in the column ``condition``, the authors'
false discovery rate in ``fdr`` and their class (Negative, Positive, Expected) in ``published_class``.

The table has no P-value. Its ``Z_GIS_xy`` is the score over its standard error, and the P-value here is the two-sided
tail of the normal distribution beyond it. Among pairs with a neutral gene none is below 0.05, so the standard errors
are too large and these P-values conservative. The authors' rate rests on the neutral pairs instead and is far smaller.

Pairs that the table marks as linked or of one gene are rejected. Every strain stands for its gene in either role.

The columns ``SOJ_E_NoMMS`` and ``SOJ_E_MMS`` of the same table hold epsilon of 287 pairs of St Onge et al. 2007,
without and with methyl methanesulphonate, in fitness units. No SD, no P-value. The authors' class (NEUTRAL,
AGGRAVATING, ALLEVIATING) stands in ``published_class``.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import KINDS, SAME_GENE, GenotypeColumns, named_genes
from pipeline_lib.screens.batch import GREATEST_MAGNITUDE, Batch, Batches, Source, check_values, constant, measurements
from pipeline_lib.screens.strain_pairs import replicate_numbers
from pipeline_lib.sources.row_block import Column, Expected, Reason, Rejections, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

PAIR_COLUMNS = {
    "gene_x": Column(("Gene_x",)),
    "gene_y": Column(("Gene_y",)),
    "left_out": Column(("Remove_by_Chromosomal_distance_or_SameGene",)),
}
"""The genes of a pair, and whether the authors leave it out; the reader of St Onge et al. 2007 reads them too."""

_LINKED = Reason("linked genes, or one gene with itself, as the authors mark the pair", Expected.UP_TO_HALF)

_CONDITIONS = SCREEN_READERS.built_in["bfg_gi"].conditions
_COLUMNS = PAIR_COLUMNS | {
    f"{ours}.{condition}": Column((theirs.format(condition),), "text" if ours == "class" else "number")
    for condition in _CONDITIONS
    for ours, theirs in (
        ("score", "GIS_xy.{}"),
        ("std", "SE_GIS_xy.{}"),
        ("z", "Z_GIS_xy.{}"),
        ("fdr", "FDR.neutral_xy.{}"),
        ("class", "Z_GIS_xy.{}_Class"),
    )
}


def read(source: Source) -> Batches:
    """Yield one batch: the conditions one after another."""
    path = source.files["table"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _COLUMNS, rejections), path)
    pairs = unlinked_pairs(block, np.ones(len(block), dtype=bool), source.names, rejections)
    tables = [_measured(block, pairs, condition, rejections) for condition in _CONDITIONS]
    yield Batch(pa.concat_tables(tables), rejections.take(), int(pairs.kept.sum()))


@dataclass(frozen=True)
class UnlinkedPairs:
    """The pairs of a table that can be used.

    Attributes
    ----------
    kept
        bool [rows of the block].
    genotypes
        Of the kept rows, in their order.
    """

    kept: NDArray[np.bool_]
    genotypes: GenotypeColumns

    def take(self, rows: NDArray[np.bool_]) -> GenotypeColumns:
        """Return the genotypes of some of the kept rows, given as a mask over all rows of the block."""
        return self.genotypes.take(rows[self.kept])


def unlinked_pairs(
    block: RowBlock, measured: NDArray[np.bool_], names: GeneNames, rejections: Rejections
) -> UnlinkedPairs:
    """Return the pairs that can be used; those that the authors leave out or whose gene is unknown are rejected.

    Parameters
    ----------
    block
        Rows with `PAIR_COLUMNS`.
    measured
        bool [rows]: the rows that are of the screen.
    names
        The gene index.
    rejections
        Gets the rejected rows.
    """
    left_out = measured & (np.array([mark.strip().lower() for mark in block.text("left_out").to_pylist()]) != "no")
    block.reject(left_out, _LINKED, rejections)
    usable = measured & ~left_out
    genes = named_genes(block, ("gene_x", "gene_y"), names, usable, rejections)
    same = usable & (genes[:, 0] == genes[:, 1])
    block.reject(same, SAME_GENE, rejections)
    usable &= ~same
    kinds = np.full((int(usable.sum()), 2), KINDS.index("deletion"), dtype=np.int8)
    return UnlinkedPairs(usable, GenotypeColumns.sort(names, genes[usable], kinds))


def pair_labels(block: RowBlock, rows: NDArray[np.bool_]) -> dict[str, pa.Array]:
    """Return the genes of the rows as query and array, under the names of the file."""
    return {
        role: block.text(column).filter(pa.array(rows)) for role, column in (("query", "gene_x"), ("array", "gene_y"))
    }


def _measured(block: RowBlock, pairs: UnlinkedPairs, condition: str, rejections: Rejections) -> pa.Table:
    score, std = (f"{quantity}.{condition}" for quantity in ("score", "std"))
    rows = pairs.kept & check_values(block, rejections, needed=score, std=std)
    genotypes = pairs.take(rows)
    return measurements(
        genotypes,
        "interaction",
        block.number(score)[rows],
        std=block.number(std)[rows],
        p_value=2 * stats.norm.sf(np.abs(block.number(f"z.{condition}")[rows])),
        p_sided=2,
        replicate=replicate_numbers(genotypes.keys()),
        extra={
            "condition": constant(condition, len(genotypes)),
            "fdr": pa.array(block.number(f"fdr.{condition}")[rows], from_pandas=True),
            "published_class": block.text(f"class.{condition}").filter(pa.array(rows)),
        },
        **pair_labels(block, rows),
    )


_ST_ONGE_CONDITIONS = SCREEN_READERS.built_in["st_onge2007"].conditions
_ST_ONGE_COLUMNS = PAIR_COLUMNS | {
    f"{ours}.{condition}": Column((theirs.format(condition),), "number" if ours == "score" else "text")
    for condition in _ST_ONGE_CONDITIONS
    for ours, theirs in (("score", "SOJ_E_{}"), ("class", "SOJ_Class_{}"))
}


def read_st_onge2007(source: Source) -> Batches:
    """Yield one batch: the conditions one after another. Pairs that only BFG-GI measured are no rows of this screen."""
    path = source.files["table"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _ST_ONGE_COLUMNS, rejections), path)
    scores = np.stack([block.number(f"score.{condition}") for condition in _ST_ONGE_CONDITIONS])
    measured = np.asarray(np.isfinite(scores).any(axis=0))
    pairs = unlinked_pairs(block, measured, source.names, rejections)
    tables = [_st_onge_scores(block, pairs, condition) for condition in _ST_ONGE_CONDITIONS]
    yield Batch(pa.concat_tables(tables), rejections.take(), int(pairs.kept.sum()))


def _st_onge_scores(block: RowBlock, pairs: UnlinkedPairs, condition: str) -> pa.Table:
    score = block.number(f"score.{condition}")
    rows = pairs.kept & (np.abs(score) <= GREATEST_MAGNITUDE)
    genotypes = pairs.take(rows)
    return measurements(
        genotypes,
        "interaction",
        score[rows],
        replicate=replicate_numbers(genotypes.keys()),
        extra={
            "condition": constant(condition, len(genotypes)),
            "published_class": block.text(f"class.{condition}").filter(pa.array(rows)),
        },
        **pair_labels(block, rows),
    )
