"""SGD's one-line descriptions of genes as a few numbers: TF-IDF, then truncated SVD (latent semantic analysis).

Deerwester et al., Journal of the American Society for Information Science 41:391 (1990). A description is a list of
statements separated by semicolons. Those on genetic interactions are removed, as far as their words tell: what is left
may still rest on one, so whether a screen's own labels are inside is unknown.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures

GENETIC = re.compile(
    r"genetic(?:ally)?\b|synthetic(?:ally)?[ -](?:lethal|sick|growth|defect|enhance|interact)|\blethal|epista|suppress"
    r"|(?:double|triple|quadruple)[ -](?:mutant|mutation|deletion|null)|redundan|overexpress|high[- ]copy|multicopy"
    r"|dosage|complement(?:s|ed|ation)\b|\bdeletion of (?:both|either)\b|loss of both",
    re.IGNORECASE,
)
"""Words of statements on genetic interactions: lethality, suppression, redundancy, dosage and complementation too."""

_GENE, _KIND, _DESCRIPTION = 3, 1, 15
_GENE_KINDS = ("ORF", "blocked_reading_frame", "pseudogene", "transposable_element_gene")
_WORD = r"(?u)\b[^\W\d][\w'-]+\b"
_SEED, _ITERATIONS = 0, 10
_RAREST_WORD = 3
"""Words of fewer descriptions are left out."""


def read_descriptions(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Read the descriptions (role ``features``: ``SGD_features.tab``) and reduce them to a few components.

    Parameters
    ----------
    files
        ``features``: tab-separated without a header; column 4 the systematic name, 16 the description.
    settings
        ``components``: number of components.

    Returns
    -------
    RawFeatures
        ``component_1`` and so on, by falling singular value; each component's greatest loading is positive, and the
        seed is fixed. Genes whose description holds no kept word have no row.

    Raises
    ------
    PipelineError
        When the file does not look like SGD's table, or has too few words for the components.
    """
    path = files["features"]
    table = _read_descriptions(path)
    texts = [without_genetic_statements(text) for text in table["description"]]
    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True, min_df=_RAREST_WORD, token_pattern=_WORD)
    try:
        words = vectorizer.fit_transform(texts)
    except ValueError as error:
        raise PipelineError(f"{path}: its descriptions share no words; expected SGD_features.tab.") from error
    if words.shape[1] <= settings.components:
        raise PipelineError(f"{path}: {settings.components} components of {words.shape[1]} words; lower 'components'.")
    reduction = TruncatedSVD(settings.components, n_iter=_ITERATIONS, random_state=_SEED)
    scores = reduction.fit_transform(words)
    loadings = reduction.components_
    sign = np.sign(loadings[np.arange(len(loadings)), np.abs(loadings).argmax(axis=1)])
    described = np.asarray(words.sum(axis=1)).ravel() > 0
    values = pl.DataFrame({f"component_{at + 1}": scores[described, at] * sign[at] for at in range(scores.shape[1])})
    return RawFeatures(pl.Series(table["gene"].to_numpy()[described], dtype=pl.String), values)


def without_genetic_statements(description: str) -> str:
    """Return a description without its statements on genetic interactions."""
    statements = re.split(r";\s+|\.\s+", description)
    return "; ".join(statement for statement in statements if not GENETIC.search(statement))


def _read_descriptions(path: Path) -> pd.DataFrame:
    """Return ``gene`` and ``description``, one row a gene."""
    try:
        table = pd.read_csv(
            path,
            sep="\t",
            header=None,
            dtype=str,
            usecols=[_KIND, _GENE, _DESCRIPTION],
            quoting=csv.QUOTE_NONE,
            keep_default_na=False,
        )
    except (ValueError, UnicodeDecodeError, OSError) as error:
        raise PipelineError(f"{path}: not a tab-separated table of features; expected SGD_features.tab.") from error
    table = table[table[_KIND].isin(_GENE_KINDS) & (table[_GENE] != "")].drop_duplicates(_GENE)
    if table.empty:
        raise PipelineError(f"{path}: no row is an open reading frame; expected SGD_features.tab.")
    return table.rename(columns={_GENE: "gene", _DESCRIPTION: "description"})
