"""Readers of feature tables and gene networks by their name, and the settings of one table and one network."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from pipeline_lib.config.registry import Layout, Registry
from pipeline_lib.config.section import Section, reader_options, with_names

_LAYOUTS = "pipeline_lib.networks.layouts"

NETWORK_READERS: Registry[Layout] = Registry(
    "network reader",
    "pipeline_lib.network_readers",
    {
        "edge_list": Layout(
            f"{_LAYOUTS}:edge_list",
            ("edges",),
            "two genes and perhaps a weight a line, no header (BIONIC's inputs); undirected",
        ),
        "sgd_regulation": Layout(
            f"{_LAYOUTS}:sgd_regulation",
            ("turtle",),
            "SGD's regulation records as RDF; directed from regulator to target",
        ),
        "string_channel": Layout(
            f"{_LAYOUTS}:string_channel",
            ("adjacency", "genes"),
            "one channel of STRING 9.1: index, index, score over a gene order; undirected",
        ),
        "string_links": Layout(
            f"{_LAYOUTS}:string_links",
            ("links",),
            "STRING's link files, physical or detailed; 'score' chooses the column; undirected",
        ),
        "table": Layout(
            f"{_LAYOUTS}:table",
            ("table",),
            "your own table (csv, tsv, xlsx, parquet; packed or not); 'columns' and 'directed' describe it",
        ),
    },
)
"""Readers of networks by name; each returns `pipeline_lib.networks.edges.RawEdges`."""

Evidence = Literal[
    "physical",
    "coexpression",
    "regulation",
    "curated_pathways",
    "genomic_context",
    "text_mining",
    "genetic",
    "metabolic",
    "sequence",
    "phenotype",
    "localisation",
    "abundance",
    "curated_annotation",
    "text",
    "other",
]
"""What an edge, or a feature of a gene, may rest on. ``genetic`` stands for everything that imports published genetic
interactions."""


class NetworkSettings(Section):
    """One gene network."""

    reader: str = Field(json_schema_extra=with_names(NETWORK_READERS.names))
    """Layout of the file (``clp networks readers`` lists them, those of installed packages too)."""
    files: dict[str, str]
    """The reader's files by role: a source of the catalogue or a path."""
    score: str = "combined_score"
    """For the reader ``string_links``: the column that is the weight, for instance ``coexpression``."""
    columns: dict[str, str] = {}
    """For the reader ``table``: which column holds ``source``, ``target`` and, where there is one, ``weight``."""
    directed: bool = False
    """For the reader ``table``: whether source acts on target."""
    minimum_weight: float = Field(default=0.0, allow_inf_nan=False)
    """Edges below this weight are left out; weights of STRING are confidences from 0 to 1."""
    evidence: list[Evidence] | None = None
    """What the edges rest on: physical, coexpression, regulation, genetic, text_mining, ... None: what the catalogue
    states of the file. A network with ``genetic`` in it may carry a screen's own labels."""
    year: int | None = Field(default=None, ge=1900, le=2100)
    """Year of the release, to be held against the year of a screen. None: what the catalogue states for the file."""
    options: dict[str, Any] = {}
    """For a reader of an installed package: its own settings."""

    @field_validator("options")
    @classmethod
    def _own_options(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return reader_options(NETWORK_READERS, info.data.get("reader"), options)


FEATURE_READERS: Registry[Layout] = Registry(
    "feature reader",
    "pipeline_lib.feature_readers",
    {
        "abundance": Layout(
            "pipeline_lib.features.readers.proteome:read_abundance",
            ("table",),
            "protein abundance, molecules per cell (Ho et al. 2018, Table S4)",
        ),
        "complex_portal": Layout(
            "pipeline_lib.features.readers.annotations:read_complexes",
            ("complexes", "proteome"),
            "membership of the curated complexes of Complex Portal; UniProt's FASTA names genes",
        ),
        "descriptions": Layout(
            "pipeline_lib.features.readers.annotations:read_descriptions",
            ("features",),
            "SGD's one-line descriptions: TF-IDF and truncated SVD, without sentences on genetic interaction",
        ),
        "flux": Layout(
            "pipeline_lib.features.readers.tables:read_flux",
            ("gem",),
            "the run's metabolic model: growth of each single deletion, reactions, flux carried",
        ),
        "gene_by_term": Layout(
            "pipeline_lib.features.readers.annotations:read_terms",
            ("table",),
            "a table of genes by terms, 0 or 1 (Gene Ontology as the SAFE tool ships it)",
        ),
        "localisation": Layout(
            "pipeline_lib.features.readers.annotations:read_localisation",
            ("table",),
            "compartments of GFP fusions (YeastGFP, Huh et al. 2003)",
        ),
        "phenotype_tables": Layout(
            "pipeline_lib.features.readers.tables:read_phenotypes",
            ("studies",),
            "YeastPhenome: a folder of studies of single mutants; columns measured through SGA are left out",
        ),
        "proteome": Layout(
            "pipeline_lib.features.readers.proteome:read_proteome",
            ("fasta",),
            "UniProt's sequences: length, composition, isoelectric point, hydropathy",
        ),
        "table": Layout(
            "pipeline_lib.features.readers.tables:read_table_of_features",
            ("table",),
            "your own table (csv, tsv, xlsx, parquet; packed or not): a column of genes, others of numbers",
        ),
    },
)
"""Readers of feature tables by name; each returns `pipeline_lib.features.building.RawFeatures`."""


def _word_of_switch(value: Any) -> Any:  # noqa: ANN401 - whatever the YAML holds
    """Return 'yes' or 'no' for a switch: YAML 1.1 reads a plain ``yes`` or ``no`` as one."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


HoldsGenetic = Annotated[Literal["yes", "no", "unknown"], BeforeValidator(_word_of_switch)]
"""Whether published genetic interactions are inside: a screen's own labels may be among them."""


class FeatureSettings(Section):
    """One feature table of genes."""

    reader: str = Field(json_schema_extra=with_names(FEATURE_READERS.names))
    """Layout of the files (``clp features readers`` lists them, those of installed packages too)."""
    files: dict[str, str] = {}
    """The reader's files by role: a source or collection of the catalogue, or a path. The reader ``flux`` takes the
    run's own metabolic model."""
    columns: list[str] | None = None
    """For the reader ``table``: the columns to read. None: every column but that of the genes."""
    gene_column: str = "gene"
    """For the reader ``table``: the column of gene names (systematic, standard or alias)."""
    leave_out: list[str] = []
    """Columns whose name holds one of these words, whatever the case, are left out: for instance ``| standard |``,
    phenotypes that are the single-mutant fitness of another study."""
    media: list[str] = ["minimal", "rich"]
    """For the reader ``flux``: the named media on which every single deletion is grown (``model``: the model's own).
    Those of screens with a medium of their own come on top."""
    background: list[str] = []
    """For the reader ``flux``: genes that the wild type lacks already; filled in from ``metabolism.background``."""
    components: int = Field(default=64, ge=2, le=1024)
    """For the reader ``descriptions``: how many components of the truncated SVD are kept."""
    smallest_term: int = Field(default=2, ge=1)
    """For the readers ``gene_by_term`` and ``complex_portal``: terms or complexes with fewer genes are left out."""
    largest_term: int = Field(default=300, ge=1)
    """For the reader ``gene_by_term``: terms with more genes are left out; they hardly distinguish genes."""
    evidence: list[Evidence] | None = None
    """What the features rest on. None: what the catalogue states for the files."""
    holds_genetic: HoldsGenetic | None = None
    """Whether published genetic interactions are inside: ``yes``, ``no`` or ``unknown``. Models read a table by default
    where it is ``no``; ``cell.features`` names others to use. None: what the catalogue states, else ``unknown``."""
    year: int | None = Field(default=None, ge=1900, le=2100)
    """Year of the release. None: what the catalogue states for the files."""
    options: dict[str, Any] = {}
    """For a reader of an installed package: its own settings."""

    @field_validator("options")
    @classmethod
    def _own_options(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return reader_options(FEATURE_READERS, info.data.get("reader"), options)

    @property
    def computed(self) -> bool:
        """Whether the table is computed from the run's metabolic model alone."""
        return self.reader == "flux" and not self.files

    def stated_genetic(self, files: Iterable[str | None]) -> Literal["yes", "no", "unknown"]:
        """Return whether the table holds genetic interactions, from its own word or from its files'.

        Parameters
        ----------
        files
            What the catalogue states of each file; None where it states nothing.

        Returns
        -------
        str
            'yes' where one file holds them, 'no' where all are known to hold none, else 'unknown'. A table that is
            computed from the metabolic model alone holds none.
        """
        if self.holds_genetic is not None:
            return self.holds_genetic
        stated = set(files)
        if "yes" in stated:
            return "yes"
        return "no" if stated == {"no"} or self.computed else "unknown"
