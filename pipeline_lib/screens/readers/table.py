"""A long table of one's own, and a list of essential genes, as screens.

A table has one row a measurement. Genes are systematic, standard or alias names, in one column (separated by ``+ ; |``
or blanks, or a list) or in up to three. What the values are, and whether P-values are one-sided, stands in the
configuration. Calls are 0 and 1 (or one pair of words for no and yes), an interaction has two or three different genes.

A list of essential genes has fitness 0 for the genes that it names and 1 for the others, so that every model predicts
essentiality as it predicts fitness. What lives grows at very different rates, and the list does not state which.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.gene_tables import read_essential_genes, read_gene_table
from pipeline_lib.genes.names import FAULTS, MAX_ORDER, UNKNOWN, GeneNames, genotype_faults, smallest_order
from pipeline_lib.screens.alleles import KINDS, GenotypeColumns
from pipeline_lib.screens.batch import (
    ONE_SIDED_MAXIMUM,
    Batch,
    Batches,
    Source,
    call_values,
    check_values,
    measurements,
)
from pipeline_lib.screens.strain_pairs import replicate_numbers
from pipeline_lib.sources.own_table import own_table_header, read_own_table
from pipeline_lib.sources.row_block import Column, Reason, Rejections, RowBlock
from pipeline_lib.sources.written_numbers import is_missing, looks_like_date, looks_like_serial_date

_NUMBERS = ("value", "std", "p_value", "temperature")
_GENE_COLUMNS = ("gene1", "gene2", "gene3")
_LABELS = ("query", "array")
_SEPARATORS = r"[+;|\s\x{00A0}]+"
_GREATEST_MEDIAN_FITNESS = 10.0
"""What half of the strains of a screen cannot exceed where the wild type has 1."""


def read(source: Source) -> Batches:
    """Yield one batch."""
    path, settings = source.files["table"], source.settings
    columns = _wanted_columns(settings)
    rejections = Rejections(path)
    block = read_own_table(path, columns, rejections, settings.sheet)
    if settings.phenotype == "call":
        values = call_values(block.text("value"), path, settings.columns["value"])
        place = block.table.column_names.index("value")
        block = replace(block, table=block.table.set_column(place, "value", pa.array(values, from_pandas=True)))
    usable = check_values(
        block,
        rejections,
        needed="value",
        p_value="p_value" if "p_value" in columns else None,
        p_maximum=ONE_SIDED_MAXIMUM if settings.p_sided == 1 else 1.0,
        std="std" if "std" in columns else None,
    )
    if settings.phenotype == "fitness":
        _check_relative(block.number("value")[usable], path, settings.columns["value"])
    genes = _genes(block, source.names, smallest_order(settings.phenotype), usable, rejections)
    genotypes = GenotypeColumns.sort(
        source.names, genes, np.full(genes.shape, KINDS.index("unspecified"), dtype=np.int8)
    )

    def number(name: str) -> NDArray[np.float64]:
        return block.number(name)[usable]

    labels = {name: _blank_is_missing(block.text(name).filter(pa.array(usable))) for name in _LABELS if name in columns}
    table = measurements(
        genotypes,
        settings.phenotype,
        number("value"),
        std=number("std"),
        p_value=number("p_value"),
        temperature=number("temperature"),
        p_sided=settings.p_sided,
        replicate=replicate_numbers(genotypes.keys()),
        **labels,
    )
    yield Batch(table, rejections.take(), len(genotypes))


def _check_relative(fitness: NDArray[np.float64], path: Path, column: str) -> None:
    """Refuse fitness [n] that is not relative to the wild type: percentages, sizes of colonies, minutes."""
    if len(fitness) and (median := float(np.median(fitness))) > _GREATEST_MEDIAN_FITNESS:
        raise PipelineError(
            f"{path}: half of the values of the column '{column}' lie above {median:g}, but fitness is relative to the "
            "wild type, which has 1; divide them by the wild type's (percentages by 100)."
        )


def check_header(path: Path, settings: ScreenSettings) -> None:
    """Check that a table can be read and has the columns that the settings name; only its header is read.

    Parameters
    ----------
    path
        The table.
    settings
        The screen's section of the configuration.

    Raises
    ------
    PipelineError
        When the file is missing, is of no kind that can be read, or lacks a column; or when one column is to be two
        things that exclude each other.
    """
    own_table_header(path, _wanted_columns(settings), settings.sheet)


def _wanted_columns(settings: ScreenSettings) -> dict[str, Column]:
    """Return the columns of the settings; a column of genes may also label the query or the array.

    A column of calls is text: which words stand for 0 and 1 shows only the whole column.
    """
    roles: dict[str, str] = {}
    for role, column in settings.columns.items():
        if role in _LABELS:
            continue
        if column in roles:
            raise PipelineError(
                f"columns: '{roles[column]}' and '{role}' are both given the column '{column}' of "
                f"{settings.files['table']}; give each its own."
            )
        roles[column] = role
    numbers = [name for name in _NUMBERS if name != "value" or settings.phenotype != "call"]
    holds: dict[str, Literal["number", "names"]] = {**dict.fromkeys(numbers, "number"), "genes": "names"}
    return {ours: Column((theirs,), holds.get(ours, "text")) for ours, theirs in settings.columns.items()}


def _blank_is_missing(labels: pa.DictionaryArray) -> pa.Array:
    text = labels.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text).dictionary_encode()


def _gene_names(block: RowBlock) -> list[pa.DictionaryArray]:
    """Return columns of gene names, one name or none a row: as many as a genotype may have, and one more."""
    if not block.has("genes"):
        return [block.text(name) for name in _GENE_COLUMNS if block.has(name)]
    cells = block.text("genes")
    lists = pc.split_pattern_regex(cells.dictionary.cast(pa.string()), _SEPARATORS)
    encoded = pc.list_flatten(lists).dictionary_encode()
    filled = np.asarray(pc.not_equal(encoded.cast(pa.string()), ""))
    owner = np.asarray(pc.list_parent_indices(lists))[filled]
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    within = place <= MAX_ORDER
    named = np.full((len(lists), MAX_ORDER + 1), UNKNOWN, dtype=np.int32)
    named[owner[within], place[within]] = np.asarray(encoded.indices)[filled][within]
    rows = named[np.asarray(cells.indices)]
    return [
        pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes == UNKNOWN), encoded.dictionary) for codes in rows.T
    ]


def _genes(
    block: RowBlock, names: GeneNames, least: int, usable: NDArray[np.bool_], rejections: Rejections
) -> NDArray[np.int32]:
    """Return the genes of the usable rows, int32 [n, k <= 3], `UNKNOWN` where a row has fewer.

    Rows leave `usable` that name what is no gene of the index, or that are no genotype of at least `least` genes.
    """
    columns = _gene_names(block)
    genes = np.full((len(block), len(columns)), UNKNOWN, dtype=np.int32)
    for place, column in enumerate(columns):
        given = column.dictionary.to_pylist()
        positions = np.fromiter((names.position(name) for name in given), np.int32, len(given))
        # Some gene may be called NA; where none is, it stands for no gene.
        blank = (positions < 0) & is_missing(column.dictionary.cast(pa.string()))
        codes = np.asarray(column.indices.fill_null(len(given)))
        genes[:, place] = np.append(np.where(blank, UNKNOWN, positions), UNKNOWN)[codes]
        wrong = usable & np.append((positions < 0) & ~blank, False)[codes]
        reasons = {code: _explain(names, given[code]) for code in np.unique(codes[wrong])}
        block.reject(wrong, [reasons[code] for code in codes[wrong]], rejections)
        usable &= ~wrong
    faults = genotype_faults(genes, least)
    wrong = usable & (faults > 0)
    block.reject(wrong, [FAULTS[fault] for fault in faults[wrong]], rejections)
    usable &= ~wrong
    return genes[usable, :MAX_ORDER]


_DATE = "; it is a date, as a spreadsheet makes of genes such as OCT1"


def _explain(names: GeneNames, name: str) -> Reason:
    """Return why `name` is no gene."""
    reason = names.explain(name)
    if looks_like_date(name) or looks_like_serial_date(name):
        return replace(reason, sentence=f"{reason.sentence}{_DATE}")
    return reason


def read_essentiality(source: Source) -> Batches:
    """Yield one batch, a row a gene that both the gene table and the run know."""
    path = source.files["essential"]
    listed = read_essential_genes(path, source.names)
    tested = source.names.positions(pa.array(read_gene_table(source.files["genes"])["gene"]))
    genes = np.union1d(tested[tested > UNKNOWN], listed)
    kinds = np.full((len(genes), 1), KINDS.index("deletion"), dtype=np.int8)
    genotypes = GenotypeColumns.sort(source.names, genes[:, None], kinds)
    fitness = np.where(np.isin(genes, listed), 0.0, 1.0)
    table = measurements(genotypes, "fitness", fitness, replicate=np.zeros(len(genes), dtype=np.int64))
    yield Batch(table, Rejections(path).take(), len(genes))
