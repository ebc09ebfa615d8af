"""The readers by name: which layout each understands and which files it needs; its module is imported on use."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError

# The Snakefile reads this table at every start, so nothing heavy is imported here.
if TYPE_CHECKING:
    from pipeline_lib.features.raw_features import RawFeatures


@dataclass(frozen=True)
class Reader:
    """A layout.

    Attributes
    ----------
    roles
        Names of its files.
    what
        One line for ``features readers``.
    """

    roles: tuple[str, ...]
    what: str


READERS: dict[str, Reader] = {
    "abundance": Reader(("table",), "protein abundance, molecules per cell (Ho et al. 2018, Table S4)"),
    "complex_portal": Reader(
        ("complexes", "proteome"), "membership of the curated complexes of Complex Portal; UniProt's FASTA names genes"
    ),
    "descriptions": Reader(
        ("features",), "SGD's one-line descriptions: TF-IDF and truncated SVD, without sentences on genetic interaction"
    ),
    "flux": Reader(("gem",), "the run's metabolic model: growth of each single deletion, reactions, flux carried"),
    "gene_by_term": Reader(("table",), "a table of genes by terms, 0 or 1 (Gene Ontology as the SAFE tool ships it)"),
    "localisation": Reader(("table",), "compartments of GFP fusions (YeastGFP, Huh et al. 2003)"),
    "phenotype_tables": Reader(
        ("studies",), "YeastPhenome: a folder of studies of single mutants; columns measured through SGA are left out"
    ),
    "proteome": Reader(("fasta",), "UniProt's sequences: length, composition, isoelectric point, hydropathy"),
    "table": Reader(
        ("table",), "your own table (csv, tsv, xlsx, parquet; packed or not): a column of genes, others of numbers"
    ),
}
"""Reader to its description; the module of that name in `pipeline_lib.features.readers` has a function ``read``."""


def module_of(reader: str) -> str:
    """Return the module of a reader.

    Raises
    ------
    PipelineError
        When there is no such reader.
    """
    if reader not in READERS:
        raise PipelineError(f"there is no feature reader '{reader}'; there are {', '.join(READERS)}.")
    return f"pipeline_lib.features.readers.{reader}"


def read_raw_features(files: Mapping[str, Path], settings: FeatureSettings) -> "RawFeatures":
    """Read one feature table with the reader of its settings.

    Raises
    ------
    PipelineError
        When there is no such reader, the files are not the ones that it needs, or they break its layout.
    """
    module = importlib.import_module(module_of(settings.reader))
    roles = READERS[settings.reader].roles
    if set(files) != set(roles):
        wanted, given = ", ".join(roles), ", ".join(sorted(files)) or "none"
        raise PipelineError(f"reader '{settings.reader}' needs the files {wanted}; given are {given}.")
    raw: RawFeatures = module.read(files, settings)
    return without_columns(raw, settings.leave_out)


def without_columns(raw: "RawFeatures", leave_out: list[str]) -> "RawFeatures":
    """Leave out the columns whose name holds one of the words, whatever the case.

    Raises
    ------
    PipelineError
        When a word matches no column, or no column is left.
    """
    reasons: dict[str, str] = {}
    for word in leave_out:
        matched = [column for column in raw.numbers.columns if word.lower() in column.lower()]
        if not matched:
            raise PipelineError(f"leave_out: no column holds '{word}'; the first column is '{raw.numbers.columns[0]}'.")
        reasons |= dict.fromkeys(matched, f"named by leave_out: '{word}'")
    kept = raw.numbers.drop(list(reasons))
    if kept.width == 0:
        raise PipelineError("leave_out: no column is left; name fewer words.")
    return replace(raw, numbers=kept, left_out={**raw.left_out, **reasons})
