"""Every reader of gene networks by its name."""

from pipeline_lib.config.registry import Layout, Registry

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
