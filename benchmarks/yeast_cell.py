"""The yeast cell of the model benchmarks: genes, networks and stoichiometry from the mirrored upstream files."""

import numpy as np
import pandas as pd
from measure import upstream_file

from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.metabolism.model.stoichiometry import tensors
from pipeline_lib.models.interface import Cell
from pipeline_lib.networks.edges import RawEdges, build_edges
from pipeline_lib.networks.layouts import read_string_channel, read_string_links

CHANNELS = ("neighborhood", "fusion", "cooccurence", "database")


def physical_network() -> dict[str, RawEdges]:
    """Read STRING's physical network."""
    path = upstream_file("string-v12-physical/4932.protein.physical.links.v12.0.csv.gz")
    return {"physical": read_string_links(path, "combined_score")}


def string_channels() -> dict[str, RawEdges]:
    """Read the channels of STRING 9.1 that DANGO is published with, as far as they are mirrored."""
    genes = upstream_file("string-v9.1/yeast_string_genes.txt")
    return {
        name: read_string_channel(upstream_file(f"string-v9.1/yeast_string_{name}_adjacency.txt"), genes)
        for name in CHANNELS
    }


def yeast_cell(networks: dict[str, RawEdges]) -> Cell:
    """Put the cell together; its gene index holds the genes of the metabolic model and of the networks."""
    gem = read_gem(upstream_file("yeast-gem/yeast-GEM.yml"))
    names = set(gem.genes)
    for raw in networks.values():
        names |= set(raw.table["source"]) | set(raw.table["target"])
    ordered = sorted(names)
    genes = pd.DataFrame({"gene_index": np.arange(len(ordered)), "gene": ordered, "name": ordered})
    genes = genes.assign(in_gem=np.isin(ordered, gem.genes), aliases=[[] for _ in ordered])
    edges = pd.concat([build_edges(name, raw, genes, 0.0) for name, raw in networks.items()], ignore_index=True)
    rules = GeneRules.from_rules(list(gem.reactions["gene_rule"]), list(gem.reactions["id"]), tuple(ordered))
    return Cell(genes, edges, tensors(gem, rules))
