"""E-MAP matrices in R's .rda format (Collins et al. 2007, ``gi2007`` of the Bioconductor package SLGI).

A symmetric matrix of S-scores: t-like, in no fitness unit; no SD, no P-value. Several alleles of one gene have rows of
their own under the same name; their scores are replicates of one genotype. The optional second file holds the kind of
each mutant, in the order of the matrix.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.errors import PipelineError
from pipeline_lib.screens.alleles import KINDS, SAME_GENE, GenotypeColumns
from pipeline_lib.screens.batch import Batch, Batches, Source, measurements
from pipeline_lib.screens.strain_pairs import replicate_numbers
from pipeline_lib.sources.row_block import Rejections

_SYMMETRY_TOLERANCE = 1e-6


def read(source: Source) -> Batches:
    """Yield one batch: every measured pair of the upper triangle."""
    path = source.files["scores"]
    scores, mutants = _matrix(path)
    kinds = _kinds(source.files["kinds"], mutants) if "kinds" in source.files else ["unspecified"] * len(mutants)
    rejections = Rejections(path)
    positions = source.names.positions(pa.array(mutants))
    first, second = np.nonzero(np.triu(np.isfinite(scores)))
    known = (positions[first] >= 0) & (positions[second] >= 0)
    for pair in np.flatnonzero(~known):
        i, j = int(first[pair]), int(second[pair])
        unknown = mutants[i] if positions[i] < 0 else mutants[j]
        rejections.add(i + 1, source.names.explain(unknown), f"{mutants[i]} x {mutants[j]}: {scores[i, j]:g}")
    same = known & (positions[first] == positions[second])
    for pair in np.flatnonzero(same):
        i, j = int(first[pair]), int(second[pair])
        rejections.add(i + 1, SAME_GENE, f"{mutants[i]} x {mutants[j]}: {scores[i, j]:g}")
    first, second = first[known & ~same], second[known & ~same]
    codes = np.array([KINDS.index(_KIND.get(kind, _other_kind(kind))) for kind in kinds], dtype=np.int8)
    genotypes = GenotypeColumns.sort(
        source.names,
        np.column_stack([positions[first], positions[second]]),
        np.column_stack([codes[first], codes[second]]),
    )
    strains = pa.array(_labels(mutants, kinds))
    table = measurements(
        genotypes,
        "interaction",
        scores[first, second],
        query=pa.DictionaryArray.from_arrays(pa.array(first.astype(np.int32)), strains),
        array=pa.DictionaryArray.from_arrays(pa.array(second.astype(np.int32)), strains),
        replicate=replicate_numbers(genotypes.keys()),
    )
    yield Batch(table, rejections.take(), len(genotypes))


_KIND = {"DELETION": "deletion", "DAMP": "damp", "unspecified": "unspecified"}


def _other_kind(kind: str) -> str:
    """``delta ydr133c`` deletes a reading frame that overlaps the gene; ``POL30-79`` is a point mutant."""
    return "overlapping_deletion" if kind.lower().startswith("delta ") else "point_mutant"


def _labels(mutants: list[str], kinds: list[str]) -> list[str]:
    """Name each mutant by its gene, and by its allele too where the gene has several or is not simply deleted."""
    return [
        mutant if kind in {"DELETION", "unspecified"} else f"{mutant}_{kind.removeprefix('delta ').lower()}"
        for mutant, kind in zip(mutants, kinds, strict=True)
    ]


def _load(path: Path) -> Any:  # noqa: ANN401 - whatever R saved
    import rdata

    if not path.is_file():
        raise PipelineError(f"{path} does not exist; fetch it or give its path.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = rdata.read_rda(path)
    except Exception as error:
        raise PipelineError(f"{path} is not an R data file ({type(error).__name__}); fetch it again.") from error
    if len(content) != 1:
        raise PipelineError(f"{path} holds {len(content)} R objects where one is needed: {', '.join(content)}.")
    return next(iter(content.values()))


def _matrix(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    """Return the scores, float64 [m, m], and the names of the mutants."""
    content = _load(path)
    if getattr(content, "ndim", 0) != 2 or not hasattr(content, "coords"):
        raise PipelineError(f"{path} does not hold a matrix with row and column names.")
    scores = np.asarray(content.values, dtype=np.float64)
    rows, columns = (np.asarray(content.coords[dimension].values).astype(str).tolist() for dimension in content.dims)
    if rows != columns:
        differs = next((i for i, (a, b) in enumerate(zip(rows, columns, strict=False)) if a != b), min(scores.shape))
        raise PipelineError(f"{path}: row {differs + 1}: rows and columns are not the same mutants in the same order.")
    lopsided = ~np.isclose(scores, scores.T, atol=_SYMMETRY_TOLERANCE, rtol=0, equal_nan=True)
    if lopsided.any():
        i, j = np.argwhere(lopsided)[0]
        raise PipelineError(f"{path}: row {i + 1}: the score of {rows[i]} x {rows[j]} differs from its mirror image.")
    if not np.isfinite(scores).any():
        raise PipelineError(f"{path}: the matrix holds no scores.")
    return scores, rows


def _kinds(path: Path, mutants: list[str]) -> list[str]:
    """Return the kind of each mutant as the publication writes it."""
    content = _load(path)
    if getattr(content, "shape", (0, 0))[1:] != (2,):
        raise PipelineError(f"{path} does not hold a table of two columns (mutant, kind).")
    listed = content.iloc[:, 0].astype(str).tolist()
    if listed != mutants:
        differs = next((i for i, (a, b) in enumerate(zip(listed, mutants, strict=False)) if a != b), len(listed))
        raise PipelineError(f"{path}: row {differs + 1}: the mutants are not those of the matrix in the same order.")
    kinds: list[str] = content.iloc[:, 1].astype(str).tolist()
    return kinds
