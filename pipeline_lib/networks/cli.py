"""``python -m pipeline_lib networks``: read gene networks and join them."""

from pathlib import Path

import click

from pipeline_lib.config.command_options import named_files, part_of, settings_option
from pipeline_lib.config.networks import NetworkSettings
from pipeline_lib.config.printed_rows import json_option, print_layouts
from pipeline_lib.errors import PipelineError
from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE

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
    from pipeline_lib.config.networks import NETWORK_READERS

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
    from pipeline_lib.genes.coverage import gene_coverage, refuse_other_organism
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.networks.edges import build_edges
    from pipeline_lib.networks.raw_edges import read_network
    from pipeline_lib.networks.summary import find_provenance

    chosen = part_of(settings, name, "network")
    # Refused before the work is done, not when the networks are joined.
    find_provenance(name, chosen, catalogue)
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
    from pipeline_lib.networks.summary import SUMMARY, find_provenance, summarise

    num_genes = len(read_table(genes, columns=["gene_index"]))
    tables = read_networks(networks, num_genes)
    unknown = sorted(set(tables) - set(settings))
    if unknown:
        raise PipelineError(f"the settings have no network '{unknown[0]}', of which a table is given.")
    provenances = {name: find_provenance(name, settings[name], catalogue) for name in tables}
    write_table(join_networks(tables, provenances), edges, EDGES)
    write_table(summarise(tables, provenances, num_genes), summary, SUMMARY)
