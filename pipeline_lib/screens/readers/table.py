"""A long table of one's own (csv, tsv, parquet or xlsx): columns named in the configuration.

One row a measurement. Genes are systematic, standard or alias names, in one column (separated by ``+ ; |`` or blanks)
or in up to three. What the values are, and whether P-values are one-sided, is said in the configuration.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import UNKNOWN, GeneNames
from pipeline_lib.screens.alleles import KINDS
from pipeline_lib.screens.batch import Batch, Batches, Rejections, Source, measurements
from pipeline_lib.screens.excel_table import read_sheet
from pipeline_lib.screens.genotype_columns import MAX_ORDER, GenotypeColumns
from pipeline_lib.screens.replicates import replicate_numbers
from pipeline_lib.screens.row_block import Column, RowBlock, column_places, one_block
from pipeline_lib.screens.text_table import read_blocks
from pipeline_lib.screens.upstream_file import open_upstream
from pipeline_lib.screens.value_checks import ONE_SIDED_MAXIMUM, check_values

_NUMBERS = {"value", "std", "p_value", "temperature"}
_GENE_COLUMNS = ("gene1", "gene2", "gene3")
_SEPARATORS = re.compile(r"[+;|\s]+")


def read(source: Source) -> Batches:
    """Yield one batch."""
    path, settings = source.files["table"], source.settings
    columns = {
        ours: Column((theirs,), "number" if ours in _NUMBERS else "text") for ours, theirs in settings.columns.items()
    }
    rejections = Rejections(path)
    block = _rows(path, columns, rejections)
    usable = check_values(
        block,
        rejections,
        needed="value",
        p_value="p_value" if "p_value" in columns else None,
        p_maximum=ONE_SIDED_MAXIMUM if settings.p_sided == 1 else 1.0,
        std="std" if "std" in columns else None,
    )
    genes = _genes(block, source.names, usable, rejections)
    genotypes = GenotypeColumns.sort(
        source.names, genes, np.full(genes.shape, KINDS.index("unspecified"), dtype=np.int8)
    )

    def number(name: str) -> NDArray[np.float64]:
        return block.number(name)[usable]

    strains = {
        name: _blank_is_missing(block.text(name).filter(pa.array(usable)))
        for name in ("query", "array")
        if name in columns
    }
    table = measurements(
        genotypes,
        settings.phenotype,
        number("value"),
        std=number("std"),
        p_value=number("p_value"),
        temperature=number("temperature"),
        p_sided=settings.p_sided,
        replicate=replicate_numbers(genotypes.keys()),
        **strains,
    )
    yield Batch(table, rejections.take(), len(genotypes))


def _blank_is_missing(labels: pa.DictionaryArray) -> pa.Array:
    text = labels.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text).dictionary_encode()


def _rows(path: Path, columns: Mapping[str, Column], rejections: Rejections) -> RowBlock:
    suffixes = path.name.lower().removesuffix(".gz").rsplit(".", 1)
    kind = suffixes[-1]
    if kind == "parquet":
        return _parquet_rows(path, columns)
    if kind == "xlsx":
        return read_sheet(path, columns, rejections)
    return one_block(read_blocks(path, columns, rejections, delimiter=_delimiter(path), quote='"'), path)


def _delimiter(path: Path) -> str:
    """Return the delimiter that the header line uses most."""
    with open_upstream(path) as stream:
        header = stream.readline().decode("utf-8", "replace")
    return max("\t;,", key=header.count)


def _parquet_rows(path: Path, columns: Mapping[str, Column]) -> RowBlock:
    if not path.is_file():
        raise PipelineError(f"{path} does not exist; give the path of the table.")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise PipelineError(f"{path} is truncated or not a parquet file ({str(error).splitlines()[0]}).") from error
    if table.num_rows == 0:
        raise PipelineError(f"{path}: the file holds no rows; give the whole file.")
    converted: dict[str, pa.Array] = {}
    for name, place in column_places(table.column_names, columns, str(path)).items():
        column = table.column(place).combine_chunks()
        try:
            if columns[name].holds == "number":
                converted[name] = column.cast(pa.float64())
            else:
                converted[name] = column.cast(pa.string()).fill_null("").dictionary_encode()
        except pa.ArrowException as error:
            raise PipelineError(
                f"{path}: column '{columns[name].spellings[0]}' is {column.type}, not {columns[name].holds}."
            ) from error

    def originals(rows: NDArray[np.int64]) -> list[str]:
        return ["\t".join(str(value) for value in row.values()) for row in table.take(pa.array(rows)).to_pylist()]

    return RowBlock(pa.table(converted), np.arange(1, table.num_rows + 1, dtype=np.int64), originals)


def _gene_names(block: RowBlock) -> tuple[list[list[str]], NDArray[np.int64]]:
    """Return the distinct lists of gene names and, for every row, which of them it holds."""
    if block.has("genes"):
        text = block.text("genes")
        lists = [[name for name in _SEPARATORS.split(cell) if name] for cell in text.dictionary.to_pylist()]
        return lists, text.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    present = [name for name in _GENE_COLUMNS if block.has(name)]
    joined = pc.binary_join_element_wise(*[block.text(name).cast(pa.string()) for name in present], "\x1f")
    encoded = joined.dictionary_encode()
    lists = [[name.strip() for name in cell.split("\x1f") if name.strip()] for cell in encoded.dictionary.to_pylist()]
    return lists, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _genes(block: RowBlock, names: GeneNames, usable: NDArray[np.bool_], rejections: Rejections) -> NDArray[np.int32]:
    """Return the genes of the usable rows, int32 [n, 3]; rows whose genes cannot be told leave `usable`."""
    lists, codes = _gene_names(block)
    positions = np.full((len(lists), MAX_ORDER), UNKNOWN, dtype=np.int32)
    faults = [""] * len(lists)
    for row, given in enumerate(lists):
        if not 1 <= len(given) <= MAX_ORDER:
            faults[row] = f"{len(given)} genes where 1 to 3 are needed"
            continue
        found = [names.position(name) for name in given]
        bad = [name for name, position in zip(given, found, strict=True) if position < 0]
        if bad:
            faults[row] = names.explain(bad[0])
        elif len(set(found)) < len(found):
            faults[row] = "one gene is named twice"
        else:
            positions[row, : len(found)] = found
    wrong = usable & np.array([bool(fault) for fault in faults], dtype=bool)[codes]
    block.reject(wrong, [faults[code] for code in codes[wrong]], rejections)
    usable &= ~wrong
    return positions[codes[usable]]
