"""Complex Portal: which curated protein complexes a gene's product is a member of.

Meldal et al., Nucleic Acids Research 50:D578 (2022). Members are UniProt accessions with their stoichiometry, separated
by ``|``; square brackets hold paralogues that stand for one another, ``-PRO_`` a mature chain, and small molecules and
RNAs have other identifiers. The proteome's FASTA file maps accessions to genes.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures
from pipeline_lib.features.readers.proteome import read_fasta
from pipeline_lib.networks.raw_edges import read_lines

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
    wide = kept.with_columns(member=pl.lit(1.0)).pivot("complex", index="gene", values="member", sort_columns=True)
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
