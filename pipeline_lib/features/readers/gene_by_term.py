"""A table of genes by terms, 0 or 1: Gene Ontology as the SAFE tool ships it.

Ashburner et al., Nature Genetics 25:25 (2000); Baryshnikova, Cell Systems 2:412 (2016). Annotations are propagated to
the parents of a term. The table does not separate evidence codes, so some annotations may rest on genetic interactions
(IGI): whether a screen's own labels are inside is unknown.
"""

import gzip
import io
import zlib
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures


def read_terms(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Read the terms of each gene (role ``table``, plain or gzipped).

    Parameters
    ----------
    files
        ``table``: tab-separated, the first column genes, then one column a term that holds 0 or 1.
    settings
        ``smallest_term`` and ``largest_term``: terms with fewer or more genes are left out.

    Returns
    -------
    RawFeatures
        0 or 1; one column a term. Genes of no term that is kept have no row.

    Raises
    ------
    PipelineError
        When the file is damaged, a cell is neither 0 nor 1, or no term is kept.
    """
    path = files["table"]
    table = _read_term_table(path)
    genes, terms = table.to_series(0), table[:, 1:]
    sizes = dict(zip(terms.columns, terms.sum().row(0), strict=True))
    left_out = {
        term: f"fewer than {settings.smallest_term} or more than {settings.largest_term} genes"
        for term, size in sizes.items()
        if not settings.smallest_term <= size <= settings.largest_term
    }
    kept = terms.drop(list(left_out))
    if kept.width == 0:
        raise PipelineError(
            f"{path}: no term has {settings.smallest_term} to {settings.largest_term} genes; change 'smallest_term' or "
            "'largest_term'."
        )
    annotated = kept.select(pl.any_horizontal(pl.all() == 1)).to_series()
    values = kept.filter(annotated).cast(pl.Float32)
    return RawFeatures(genes.filter(annotated), values, left_out, merged_genes=True)


def _read_term_table(path: Path) -> pl.DataFrame:
    """Return the genes (str) and one column of 0 and 1 (uint8) a term."""
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        header = content.partition(b"\n")[0].decode("utf-8").rstrip("\r").split("\t")
        names = [name if header.count(name) == 1 else f"{name} | column {at}" for at, name in enumerate(header)]
        kinds = {name: pl.UInt8 if at else pl.String for at, name in enumerate(names)}
        table = pl.read_csv(io.BytesIO(content), separator="\t", schema=kinds, quote_char=None)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise PipelineError(f"{path} is cut short or damaged ({error}); fetch it again.") from error
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(f"{path} cannot be read as a table of genes by terms, 0 or 1: {reason}.") from error
    except OSError as error:
        raise PipelineError(f"{path} cannot be read: {error.strerror}.") from error
    if table.width < 2 or table.is_empty():
        raise PipelineError(f"{path} has no terms or no genes; expected genes by terms, tab-separated.")
    wrong = [name for name in table.columns[1:] if table[name].null_count() or int(table[name].max()) > 1]  # type: ignore[arg-type]
    if wrong:
        raise PipelineError(f"{path}: column '{wrong[0]}' holds something that is neither 0 nor 1.")
    return table
