"""``python -m pipeline_lib cell``: gene index, cell graph, splits."""

from pathlib import Path

import click

from pipeline_lib.config.command_options import settings_option
from pipeline_lib.config.training import CellSettings, SplitSettings

_Input = click.Path(exists=True, dir_okay=False, path_type=Path)
_Output = click.Path(dir_okay=False, path_type=Path)


@click.group()
def app() -> None:
    """Gene index, cell graph and splits."""


@app.command()
@click.option("--gem", required=True, help="Metabolic model: a file, or cobra:textbook.")
@click.option(
    "--gene-table",
    type=_Input,
    help="Table of the organism's genes: SGD_features.tab, or one with the columns id, name, aliases, essential; "
    "without it the model's genes alone.",
)
@click.option("--essential", type=_Input, help="List of essential genes, one name a line.")
@click.option("--output", type=_Output, required=True, help="genes.parquet")
@click.option("--coverage", type=_Output, help="Written: how many names of the model and of the list are known.")
def genes(gem: str, gene_table: Path | None, essential: Path | None, output: Path, coverage: Path | None) -> None:
    """Write the one gene index of a run; refuse a model or a list of another organism."""
    import numpy as np
    import pandas as pd

    from pipeline_lib.artefacts.schemas import GENE_COVERAGE, GENES
    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.cell.graph import build_gene_table, feature_names
    from pipeline_lib.genes.gene_tables import (
        essentiality,
        gene_coverage,
        low_coverage,
        read_essential_genes,
        read_gene_table,
        refuse_other_organism,
    )
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.metabolism.model.gem import read_gem

    known = read_gene_table(gene_table) if gene_table else None
    model_genes = read_gem(gem).genes
    names = GeneNames.of_model(model_genes) if known is None else feature_names(known)
    counts = [gene_coverage("model", Path(gem).name, names, model_genes)]
    refuse_other_organism(counts[0], names)
    table = build_gene_table(model_genes, known)
    if essential:
        names = GeneNames.from_table(table)
        listed = read_essential_genes(essential, names)
        covered = np.ones(len(table), dtype=bool) if known is None else table["gene"].isin(known["gene"]).to_numpy()
        table["essential"] = essentiality(table, listed, covered)
        counts.append(gene_coverage("essential", essential.name, names, names.looked_up))
    written = pd.concat(counts, ignore_index=True)
    write_table(table, output, GENES)
    if coverage:
        write_table(written, coverage, GENE_COVERAGE)
    for sentence in filter(None, (low_coverage(row) for _, row in written.iterrows())):
        click.echo(sentence, err=True)


@app.command("gene-coverage")
@click.option("--part", "parts", type=_Input, multiple=True, required=True, help="Counts that a step wrote; repeat it.")
@click.option("--output", type=_Output, required=True, help="gene_coverage.parquet")
def gene_coverage_command(parts: tuple[Path, ...], output: Path) -> None:
    """Put together how many names of the model, each screen and each network the gene table knows."""
    import pandas as pd

    from pipeline_lib.artefacts.schemas import GENE_COVERAGE
    from pipeline_lib.artefacts.tables import read_table, write_table

    table = pd.concat([read_table(part, GENE_COVERAGE) for part in parts], ignore_index=True)
    write_table(table, output, GENE_COVERAGE)


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
    from pipeline_lib.artefacts.tables import load_tensors, read_table, save_tensors
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
@click.option("--name", required=True, help="Which split, and which repeat of it: random, random-1, random-2...")
@click.option("--observations", type=_Input, required=True, help="observations.parquet")
@click.option("--genes", "genes_path", type=_Input, required=True, help="genes.parquet")
@click.option("--output", type=_Output, required=True, help="The split's parquet.")
@click.option("--leakage", type=_Output, required=True, help="Table of what the folds share.")
def split(
    settings: SplitSettings, name: str, observations: Path, genes_path: Path, output: Path, leakage: Path
) -> None:
    """Write a split and the table of its leakage checks; fail where folds share what they must not."""
    from pipeline_lib.artefacts.schemas import GENES
    from pipeline_lib.artefacts.tables import read_table, write_arrow, write_table
    from pipeline_lib.cell.genotypes import read_genotypes
    from pipeline_lib.cell.splits import assign, check_leakage, leakage_table, split_table
    from pipeline_lib.cell.testable import one_label_sentences

    gene_table = read_table(genes_path, GENES)
    data = read_genotypes(observations, gene_table)
    for sentence in one_label_sentences(data):
        click.echo(sentence, err=True)
    assignment = assign(data, gene_table, name, settings)
    checks = leakage_table(data, assignment, name)
    check_leakage(checks)
    write_table(checks, leakage)
    write_arrow(split_table(data, assignment), output)
