"""Readers of gene networks by their name, and the settings of one gene network."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

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
"""Readers of networks by name; each returns `pipeline_lib.networks.raw_edges.RawEdges`."""


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
