"""Turn written genotypes into gene indices; what is no genotype is refused with its place before any prediction."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.genes.genotypes import Place, genotypes_of_lists
from pipeline_lib.genes.names import GeneNames, letters

SEPARATORS = re.compile(r"[,;+|]")
"""What may stand between two genes of a written genotype."""


def parse_genotypes(texts: Sequence[str], names: GeneNames, least: int, place: Place) -> NDArray[np.int64]:
    """Read genotypes whose genes are joined by ``,``, ``;``, ``+`` or ``|``.

    A separator at the end is ignored. A standard name that holds a comma (``ADE5,7``) is one gene.

    Parameters
    ----------
    texts
        One genotype each.
    names
        The gene index; systematic names, standard names and aliases in any letter case are read.
    least
        Number of genes that a genotype needs (`pipeline_lib.genes.genotypes.smallest_order` of its phenotype).
    place
        See `Place`.

    Returns
    -------
    int64 [n, 3]
        Ascending gene indices, then -1.

    Raises
    ------
    PipelineError
        At the first text that names an unknown or ambiguous gene, no gene, one gene twice, or too few or too many.
    """
    written = pa.array(texts, type=pa.string())
    # pyarrow's regular expressions have the same syntax for this one.
    lists = pc.split_pattern_regex(written, SEPARATORS.pattern)
    flat = lists.flatten()
    owner = np.asarray(pc.list_parent_indices(lists))
    doubtful = np.unique(owner[names.positions(flat) < 0])
    if not len(doubtful):
        return genotypes_of_lists(lists, names, least, place)
    # Names that hold a comma, and separators at the end: rare, so these rows are read one by one.
    members = lists.to_pylist()
    with_comma = {letters(name) for name in names.standard if "," in name}
    for row in doubtful.tolist():
        members[row] = _members(texts[row], with_comma)
    return genotypes_of_lists(pa.array(members, type=pa.list_(pa.string())), names, least, place)


def _members(text: str, with_comma: AbstractSet[str]) -> list[str]:
    """Return the gene names of one written genotype; neighbours that a comma joins to a standard name are one."""
    members: list[str] = []
    for piece in re.split(r"[;+|]", text.rstrip().rstrip(",;+|")):
        parts = piece.split(",")
        while parts:
            sizes = range(len(parts), 1, -1)
            size = next((size for size in sizes if letters(",".join(parts[:size])) in with_comma), 1)
            members.append(",".join(parts[:size]).strip())
            parts = parts[size:]
    return [] if members == [""] else members
