"""``python -m pipeline_lib cell``: gene index, cell graph, splits."""

from pathlib import Path

import click

from pipeline_lib.command_line.settings_option import settings_option
from pipeline_lib.config.cell import CellSettings, SplitSettings

_Input = click.Path(exists=True, dir_okay=False, path_type=Path)
_Output = click.Path(dir_okay=False, path_type=Path)


@click.group()
def app() -> None:
    """Gene index, cell graph and splits."""


@app.command()
@click.option("--gem", required=True, help="Metabolic model: a file, or cobra:textbook.")
@click.option("--features", type=_Input, help="SGD's feature table; without it the model's genes alone.")
@click.option("--essential", type=_Input, help="List of essential genes, one systematic name a line.")
@click.option("--output", type=_Output, required=True, help="genes.parquet")
def genes(gem: str, features: Path | None, essential: Path | None, output: Path) -> None:
    """Write the one gene index of a run."""
    from pipeline_lib.artefacts.schemas import GENES
    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.cell.gene_index import build_gene_table, read_essential_genes, read_features
    from pipeline_lib.metabolism.gem import read_gem

    table = build_gene_table(
        read_gem(gem).genes,
        read_features(features) if features else None,
        read_essential_genes(essential) if essential else None,
    )
    write_table(table, output, GENES)


@app.command()
@settings_option("cell", CellSettings)
@click.option("--genes", "genes_path", type=_Input, required=True, help="genes.parquet")
@click.option("--edges", type=_Input, required=True, help="edges.parquet")
@click.option("--stoichiometry", type=_Input, required=True, help="stoichiometry.pt")
@click.option("--output", type=_Output, required=True, help="cell_graph.pt")
@click.option("--summary", type=_Output, required=True, help="The readable summary, as text.")
def graph(
    settings: CellSettings, genes_path: Path, edges: Path, stoichiometry: Path, output: Path, summary: Path
) -> None:
    """Build the cell graph (genes, complexes, reactions, metabolites, networks) and describe it."""
    from pipeline_lib.artefacts.atomic import write_text
    from pipeline_lib.artefacts.schemas import EDGES, GENES
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.artefacts.tensors import load_tensors, save_tensors
    from pipeline_lib.cell.graph import build_cell_graph, describe

    cell_graph = build_cell_graph(
        read_table(genes_path, GENES), read_table(edges, EDGES), load_tensors(stoichiometry), settings
    )
    text = describe(cell_graph)
    save_tensors(cell_graph.to_dict(), output)
    write_text(text + "\n", summary)
    click.echo(text)


@app.command()
@settings_option("splits", SplitSettings)
@click.option("--name", required=True, help="Which split, and which draw of it: random, random-1, random-2...")
@click.option("--observations", type=_Input, required=True, help="observations.parquet")
@click.option("--genes", "genes_path", type=_Input, required=True, help="genes.parquet")
@click.option("--output", type=_Output, required=True, help="The split's parquet.")
@click.option("--leakage", type=_Output, required=True, help="Table of what the folds share.")
def split(
    settings: SplitSettings, name: str, observations: Path, genes_path: Path, output: Path, leakage: Path
) -> None:
    """Write a split and the table of its leakage checks; fail when it breaks its own promise."""
    from pipeline_lib.artefacts.schemas import GENES, OBSERVATIONS, SPLIT
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.cell.genotypes import encode
    from pipeline_lib.cell.leakage import assert_promises, leakage_table
    from pipeline_lib.cell.splits import assign, split_table
    from pipeline_lib.cell.testable import one_label_sentences

    gene_table = read_table(genes_path, GENES)
    data = encode(read_table(observations, OBSERVATIONS), gene_table, str(observations))
    for sentence in one_label_sentences(data):
        click.echo(sentence, err=True)
    assignment = assign(data, gene_table, name, settings)
    checks = leakage_table(data, assignment, name)
    assert_promises(checks)
    write_table(checks, leakage)
    write_table(split_table(data, assignment), output, SPLIT)
