"""``python -m pipeline_lib networks``: read gene networks, join them and describe them."""

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema
from pipeline_lib.config.command_options import json_option, named_files, part_of, print_layouts, settings_option
from pipeline_lib.config.features import NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE, Provenance, find_provenance

_PATH = click.Path(path_type=Path)

_genes_option = click.option("--genes", type=_PATH, required=True, help="The gene table (tables/genes.parquet).")
_catalogue_option = click.option(
    "--catalogue",
    type=_PATH,
    default=DEFAULT_CATALOGUE,
    show_default=True,
    help="The catalogue of upstream files; states what a network rests on where its settings do not.",
)


@click.group()
def app() -> None:
    """Build gene networks: read each file, join them, say what they rest on."""


@app.command("readers")
@json_option
def readers_command(*, as_json: bool) -> None:
    """List the readers, the files that each needs, and the layout that it understands."""
    from pipeline_lib.config.features import NETWORK_READERS

    print_layouts(NETWORK_READERS, as_json=as_json)


@app.command("read")
@settings_option("networks", dict[str, NetworkSettings])
@click.option("--name", required=True, help="Which network of the settings.")
@_genes_option
@click.option("--file", "files", multiple=True, callback=named_files, metavar="ROLE=PATH", help="A file of the reader.")
@_catalogue_option
@click.option("--output", type=_PATH, required=True, help="Edges of this network (parquet).")
@click.option("--coverage", type=_PATH, help="How many of the network's gene names the gene table knows (parquet).")
def read_command(
    settings: dict[str, NetworkSettings],
    name: str,
    genes: Path,
    files: dict[str, Path],
    catalogue: Path,
    output: Path,
    coverage: Path | None,
) -> None:
    """Read one network into a table of edges between gene indices."""
    from pipeline_lib.artefacts.schemas import EDGES, GENE_COVERAGE, GENES
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.genes.gene_tables import gene_coverage, refuse_other_organism
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.networks.edges import build_edges, read_network

    chosen = part_of(settings, name, "network")
    # Refused before the work is done, not when the networks are joined.
    stated_provenance(name, chosen, catalogue)
    raw = read_network(files, chosen)
    table = read_table(genes, GENES)
    names = GeneNames.from_table(table)
    counted = gene_coverage("network", name, names, raw.gene_names())
    refuse_other_organism(counted, names)
    write_table(build_edges(name, raw, table, chosen.minimum_weight), output, EDGES)
    if coverage:
        write_table(counted, coverage, GENE_COVERAGE)


@app.command("combine")
@settings_option("networks", dict[str, NetworkSettings])
@_genes_option
@click.option("--network-table", "networks", type=_PATH, multiple=True, help="Table of one network; repeat it.")
@_catalogue_option
@click.option("--edges", type=_PATH, required=True, help="Edges of all networks (parquet).")
@click.option("--summary", type=_PATH, required=True, help="One row a network (parquet).")
def combine_command(
    settings: dict[str, NetworkSettings],
    genes: Path,
    networks: tuple[Path, ...],
    catalogue: Path,
    edges: Path,
    summary: Path,
) -> None:
    """Join networks and describe them: size, degrees, evidence, year, losses, overlap. No network: empty tables."""
    from pipeline_lib.artefacts.schemas import EDGES
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.networks.edges import join_networks, read_networks

    num_genes = len(read_table(genes, columns=["gene_index"]))
    tables = read_networks(networks, num_genes)
    unknown = sorted(set(tables) - set(settings))
    if unknown:
        raise PipelineError(f"the settings have no network '{unknown[0]}', of which a table is given.")
    provenances = {name: stated_provenance(name, settings[name], catalogue) for name in tables}
    write_table(join_networks(tables, provenances), edges, EDGES)
    write_table(summarise(tables, provenances, num_genes), summary, SUMMARY)


def stated_provenance(name: str, settings: NetworkSettings, catalogue: Path) -> Provenance:
    """Return what a network rests on.

    Raises
    ------
    PipelineError
        When nobody states it: a network that may hold genetic interactions is never taken for clean.
    """
    found = find_provenance(settings, catalogue)
    if not found.evidence:
        raise PipelineError(
            f"network '{name}': neither its settings nor the catalogue state what its edges rest on; "
            "give 'evidence', with 'genetic' among it if published genetic interactions are in the file."
        )
    return found


SUMMARY = TableSchema(
    "networks summary",
    {
        "network": pa.Column(str, unique=True),
        "nodes": pa.Column("int64"),
        "edges": pa.Column("int64"),
        "directed": pa.Column(bool),
        "density": pa.Column("float64", pa.Check.in_range(0, 1)),
        "mean_degree": pa.Column("float64"),
        "median_degree": pa.Column("float64"),
        "greatest_degree": pa.Column("int64"),
        "coverage": pa.Column("float64", pa.Check.in_range(0, 1)),
        "evidence": pa.Column(str),
        "holds_genetic": pa.Column(bool),
        "year": pa.Column("Int64", nullable=True),
        "rows": pa.Column("Int64", nullable=True),
        "unknown_genes": pa.Column("Int64", nullable=True),
        "rows_unknown": pa.Column("Int64", nullable=True),
        "rows_self": pa.Column("Int64", nullable=True),
        "rows_repeated": pa.Column("Int64", nullable=True),
        "edges_below_minimum": pa.Column("Int64", nullable=True),
    },
)
"""``density``: edges over possible edges among the nodes. Degrees: distinct neighbours, either direction, of the
genes that have any. ``coverage``: share of the gene table that has an edge. Beside these stands one column
``shared_with_<network>`` a network: the share of this row's gene pairs that are joined in that network too."""

_LOSSES = ("rows", "unknown_genes", "rows_unknown", "rows_self", "rows_repeated", "edges_below_minimum")
_INTEGERS = ("nodes", "edges", "greatest_degree")


def gene_pairs(table: pd.DataFrame, num_genes: int) -> npt.NDArray[np.int64]:
    """Return the unordered pairs of genes that a network joins, each as one number, sorted.

    Parameters
    ----------
    table
        Edges of one network.
    num_genes
        N; the pair (i, j), i < j, is the number i N + j.
    """
    source, target = table["source"].to_numpy(), table["target"].to_numpy()
    return np.unique(np.minimum(source, target) * num_genes + np.maximum(source, target))


def summarise_network(name: str, table: pd.DataFrame, provenance: Provenance, num_genes: int) -> dict[str, object]:
    """Return one row of the summary, without the overlaps."""
    pairs = gene_pairs(table, num_genes)
    degrees = np.bincount(np.concatenate([pairs // num_genes, pairs % num_genes]), minlength=num_genes)
    degrees = degrees[degrees > 0]
    directed = bool(table["directed"].any())
    possible = len(degrees) * (len(degrees) - 1) / (1 if directed else 2)
    losses = table.attrs.get("losses", {})
    return {
        "network": name,
        "nodes": len(degrees),
        "edges": len(table),
        "directed": directed,
        "density": len(table) / possible,
        "mean_degree": float(degrees.mean()),
        "median_degree": float(np.median(degrees)),
        "greatest_degree": int(degrees.max()),
        "coverage": len(degrees) / num_genes,
        "evidence": ", ".join(provenance.evidence),
        "holds_genetic": provenance.genetic_evidence,
        "year": provenance.year,
        **{key: losses.get(key) for key in _LOSSES},
    }


def summarise(
    networks: Mapping[str, pd.DataFrame], provenances: Mapping[str, Provenance], num_genes: int
) -> pd.DataFrame:
    """Return the summary table of several networks, `SUMMARY`, sorted by name."""
    names = sorted(networks)
    rows = [summarise_network(name, networks[name], provenances[name], num_genes) for name in names]
    table = pd.DataFrame(rows, columns=list(SUMMARY.columns)).astype(_column_types())
    pairs = {name: gene_pairs(networks[name], num_genes) for name in names}
    for other in names:
        shared = [len(np.intersect1d(pairs[name], pairs[other], assume_unique=True)) for name in names]
        table[f"shared_with_{other}"] = np.array(shared) / [len(pairs[name]) for name in names]
    return table


def _column_types() -> dict[str, str]:
    """Return dtypes that also hold for a table without rows."""
    nullable = dict.fromkeys(("year", *_LOSSES), "Int64")
    floats = dict.fromkeys(("density", "mean_degree", "median_degree", "coverage"), "float64")
    flags = dict.fromkeys(("directed", "holds_genetic"), "bool")
    return {**nullable, **floats, **flags, **dict.fromkeys(_INTEGERS, "int64")}
