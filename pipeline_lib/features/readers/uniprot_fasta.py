"""UniProt's FASTA files: accession, gene name and sequence of every protein."""

from pathlib import Path

import polars as pl

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.raw_edges import read_lines


def read_fasta(path: Path) -> pl.DataFrame:
    """Read the proteins of a FASTA file from UniProt.

    Returns
    -------
    DataFrame
        ``row`` (line of the header), ``accession``, ``gene`` (GN of the header; null where it has none) and
        ``sequence``, one row a protein.

    Raises
    ------
    PipelineError
        When the file is not FASTA as UniProt writes it.
    """
    lines = pl.DataFrame({"line": read_lines(path)}, schema={"line": pl.String}).with_row_index("row", offset=1)
    heads = lines["line"].str.starts_with(">")
    if lines.is_empty() or not heads[0]:
        raise PipelineError(f"{path} does not start with '>'; expected a FASTA file of UniProt.")
    proteins = lines.with_columns(protein=heads.cum_sum(), head=heads).group_by("protein", maintain_order=True)
    table = proteins.agg(
        pl.col("row").first(),
        pl.col("line").first().alias("header"),
        pl.col("line").filter(~pl.col("head")).str.strip_chars().str.join("").alias("sequence"),
    )
    table = table.with_columns(
        accession=pl.col("header").str.extract(r"^>(?:sp|tr)\|([A-Z0-9]+)\|"),
        gene=pl.col("header").str.extract(r"\bGN=(\S+)"),
    )
    bad = table.filter(pl.col("accession").is_null())
    if bad.height:
        raise PipelineError(
            f"{path}, row {bad['row'][0]}: the header {bad['header'][0][:60]!r} has no accession; expected "
            "'>sp|P60010|ACT_YEAST ...'."
        )
    return table.select("row", "accession", "gene", "sequence")
