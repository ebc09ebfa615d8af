"""What curators and microscopes state of each gene: GO terms, SGD's descriptions, protein complexes, localisation.

Terms: Ashburner et al., Nature Genetics 25:25 (2000); Baryshnikova, Cell Systems 2:412 (2016). Annotations are
propagated to the parents of a term. The table does not separate evidence codes, so some annotations may rest on genetic
interactions (IGI): whether a screen's own labels are inside is unknown.

Descriptions: Deerwester et al., Journal of the American Society for Information Science 41:391 (1990). A description is
a list of statements separated by semicolons. Those on genetic interactions are removed, as far as their words tell:
what is left may still rest on one, so whether a screen's own labels are inside is unknown.

Complexes: Meldal et al., Nucleic Acids Research 50:D578 (2022). Members are UniProt accessions with their
stoichiometry, separated by ``|``; square brackets hold paralogues that stand for one another, ``-PRO_`` a mature chain,
and small molecules and RNAs have other identifiers. The proteome's FASTA file maps accessions to genes.

Localisation: Huh et al., Nature 425:686 (2003), GFP fused to the protein's end, 22 compartments. A protein that was not
visualised has no localisation, which is not the same as being in none of the compartments: it gets no row.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.building import RawFeatures
from pipeline_lib.features.readers.proteome import read_fasta
from pipeline_lib.networks.edges import read_lines


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


_COMPLEX, _NAME, _MEMBERS = "Complex ac", "Recommended name", "Expanded participant list"
_ACCESSION = r"\b([OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})\b"
"""UniProt's own pattern of an accession."""


def read_complexes(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:
    """Read the membership of genes in complexes.

    Parameters
    ----------
    files
        ``complexes``, the release's table of one organism (tab-separated), and ``proteome``, a FASTA file of UniProt
        that maps accessions to gene names.
    settings
        ``smallest_term``: complexes with fewer genes are left out; one that joins no two genes relates none.

    Returns
    -------
    RawFeatures
        1 for a member, 0 for a gene of other complexes; one column a complex, ``<accession> | <name>``. Genes of no
        complex have no row.

    Raises
    ------
    PipelineError
        When a column is missing or no member has a gene.
    """
    complexes, proteome, smallest = files["complexes"], files["proteome"], settings.smallest_term
    table = _read_complex_table(complexes)
    members = table.with_columns(pl.col(_MEMBERS).str.extract_all(_ACCESSION).alias("accession"))
    members = members.explode("accession", empty_as_null=True).drop_nulls("accession")
    genes = read_fasta(proteome).select("accession", "gene").drop_nulls().unique("accession")
    pairs = members.join(genes, on="accession").select("complex", "gene").unique()
    if pairs.is_empty():
        raise PipelineError(f"{complexes}: none of its members is a protein of {proteome}; check the organism.")
    sizes = pairs.group_by("complex").len()
    small = set(sizes.filter(pl.col("len") < smallest)["complex"]) | (set(table["complex"]) - set(sizes["complex"]))
    kept = pairs.filter(~pl.col("complex").is_in(list(small)))
    if kept.is_empty():
        raise PipelineError(f"{complexes}: no complex has {smallest} genes; lower 'smallest_term'.")
    members_of = kept.with_columns(member=pl.lit(1.0))
    wide = members_of.pivot("complex", index="gene", values="member", sort_columns=True)  # noqa: PD010 - polars
    wide = wide.sort("gene").fill_null(0.0)
    left_out = dict.fromkeys(sorted(small), f"fewer than {smallest} genes")
    return RawFeatures(wide["gene"], wide.drop("gene"), left_out, merged_genes=True)


def _read_complex_table(path: Path) -> pl.DataFrame:
    """Return ``complex`` (accession and name) and the members."""
    lines = read_lines(path)
    header = lines[0].split("\t") if lines else []
    missing = [column for column in (_COMPLEX, _NAME, _MEMBERS) if column not in header]
    if missing:
        raise PipelineError(f"{path} has no column '{missing[0]}'; expected a table of Complex Portal.")
    fields = pl.Series([line for line in lines[1:] if line.strip()], dtype=pl.String).str.split("\t")
    short = (fields.list.len() < len(header)).arg_true()
    if len(short):
        raise PipelineError(f"{path}, row {short[0] + 2} has fewer fields than the header; fetch the file again.")
    columns = {name: fields.list.get(header.index(name)) for name in (_COMPLEX, _NAME, _MEMBERS)}
    table = pl.DataFrame({**columns, "complex": columns[_COMPLEX] + " | " + columns[_NAME]})
    return table.select("complex", _MEMBERS)


_PROTEIN, _SEEN, _SUMMARY = "yORF", "isGFP_visualized", "localization summary"
COMPARTMENTS = (
    "actin",
    "bud",
    "bud neck",
    "cell periphery",
    "cytoplasm",
    "early Golgi",
    "endosome",
    "ER",
    "ER to Golgi",
    "Golgi",
    "late Golgi",
    "lipid particle",
    "microtubule",
    "mitochondrion",
    "nuclear periphery",
    "nucleolus",
    "nucleus",
    "peroxisome",
    "punctate composite",
    "spindle pole",
    "vacuolar membrane",
    "vacuole",
)


def read_localisation(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:  # noqa: ARG001 - every reader's signature
    """Read the compartments of every protein that was visualised (role ``table``).

    Returns
    -------
    RawFeatures
        1 where the protein was seen in the compartment, 0 where not; one column a compartment.

    Raises
    ------
    PipelineError
        When a column is missing, or a cell of a compartment is neither T nor F.
    """
    path = files["table"]
    lines = read_lines(path)
    header = lines[0].split("\t") if lines else []
    missing = [column for column in (_PROTEIN, _SEEN, _SUMMARY, *COMPARTMENTS) if column not in header]
    if missing:
        raise PipelineError(f"{path} has no column '{missing[0]}'; expected the table of YeastGFP.")
    fields = pl.Series(lines[1:], dtype=pl.String).str.split("\t")
    table = pl.DataFrame(
        {
            name: fields.list.get(header.index(name), null_on_oob=True)
            for name in (_PROTEIN, _SEEN, _SUMMARY, *COMPARTMENTS)
        }
    ).with_row_index("row", offset=2)
    seen = table.filter((pl.col(_SEEN) == "visualized") & pl.any_horizontal(pl.col(COMPARTMENTS) == "T"))
    bad = seen.filter(~pl.all_horizontal(pl.col(COMPARTMENTS).is_in(["T", "F"])))
    if bad.height:
        raise PipelineError(f"{path}, row {bad['row'][0]}: a compartment is neither T nor F; fetch the file again.")
    if seen.is_empty():
        raise PipelineError(f"{path}: no protein is visualised; expected the table of YeastGFP.")
    values = seen.select((pl.col(name) == "T").cast(pl.Float64) for name in COMPARTMENTS)
    return RawFeatures(seen[_PROTEIN].str.strip_chars(), values, {}, seen["row"], merged_genes=True)
