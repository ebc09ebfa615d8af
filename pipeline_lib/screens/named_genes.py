"""Genes of rows that name them in columns of their own, one gene a column."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import RowBlock


def named_genes(
    block: RowBlock, columns: Sequence[str], names: GeneNames, usable: NDArray[np.bool_], rejections: Rejections
) -> NDArray[np.int32]:
    """Return the gene indices of every row, int32 [rows, columns].

    Parameters
    ----------
    block
        Rows of the file.
    columns
        Columns of gene names, in the order wanted.
    names
        The gene index.
    usable
        bool [rows]: rows not rejected so far; rows leave it whose gene is unknown or ambiguous.
    rejections
        Gets these rows.
    """
    positions = []
    for name in columns:
        text = block.text(name)
        found = names.positions(text)
        unknown = usable & (found < 0)
        spelled = text.filter(pa.array(unknown)).to_pylist()
        block.reject(unknown, [names.explain(gene) for gene in spelled], rejections)
        usable &= ~unknown
        positions.append(found)
    return np.column_stack(positions).astype(np.int32)
