"""Runs on disk in the layout of ``results/<run>``, small enough to fit in seconds."""

import numpy as np
import pandas as pd
from click.testing import CliRunner

from pipeline_lib.artefacts.schemas import EDGES, FOLDS, GENES, OBSERVATIONS, SPLIT
from pipeline_lib.artefacts.tables import read_table, save_tensors, write_table
from pipeline_lib.cell.cli import app as cell_commands
from pipeline_lib.metabolism.cli import app as metabolism
from pipeline_lib.training.cli import app as training
from tests.small_cell import edge_table, gene_table, small_screen, stoichiometry
from tests.training.conftest import observation_table

SMALL_CLP = '{"clp": {"hidden": 16, "message_width": 8, "attention_heads": 2, "separate": []}}'


def invoke(command, name, **options):
    """Run one subcommand; the option `model_settings` is --model-settings."""
    arguments = [f"--{option.replace('_', '-')}={value}" for option, value in options.items()]
    result = CliRunner().invoke(command, [name, *arguments])
    assert result.exit_code == 0, (result.output, result.exception)


def named_genes():
    """The small cell's genes: one whose standard name holds a comma, a merged ORF, an alias that two genes share."""
    table = gene_table()
    table["aliases"] = [[] for _ in range(len(table))]
    table.loc[5, "name"] = "ADE5,7"
    table.at[6, "aliases"] = ["YAL906W"]  # noqa: PD008 - a list in a cell
    for gene in (8, 9):
        table.at[gene, "aliases"] = ["SHARED"]  # noqa: PD008
    return table


def write_small_run(run, observations=None):
    """Genes, networks, metabolism and measurements of the small cell; ten observations are in no fold."""
    table = observation_table(small_screen(400)) if observations is None else observations
    write_table(named_genes(), run / "tables" / "genes.parquet", GENES)
    write_table(table, run / "tables" / "observations.parquet", OBSERVATIONS)
    write_table(edge_table(), run / "networks" / "edges.parquet", EDGES)
    (run / "metabolism").mkdir(parents=True, exist_ok=True)
    save_tensors(stoichiometry(), run / "metabolism" / "stoichiometry.pt")
    write_split(run, "random", len(table) - 10)


def write_split(run, name, count):
    folds = np.random.default_rng(0).choice(FOLDS, count, p=[0.8, 0.1, 0.1])
    write_table(
        pd.DataFrame({"observation_id": np.arange(count), "fold": folds, "group": "g"}),
        run / "splits" / f"{name}.parquet",
        SPLIT,
    )


def fit(run, model, split="random", seed=0, knockouts=None):
    """Fit as the rule does."""
    folder = run / "models" / model / split / f"seed{seed}"
    outputs = {name: folder / f"{name}.parquet" for name in ("predictions", "history")}
    invoke(
        training,
        "fit",
        settings='{"epochs": 1, "batch_size": 64, "device": "cpu"}',
        model_settings=SMALL_CLP,
        model=model,
        folds=run / "splits" / f"{split}.parquet",
        seed=seed,
        observations=run / "tables" / "observations.parquet",
        genes=run / "tables" / "genes.parquet",
        edges=run / "networks" / "edges.parquet",
        stoichiometry=run / "metabolism" / "stoichiometry.pt",
        **({"knockouts": knockouts} if knockouts else {}),
        **outputs,
        metrics=folder / "metrics.json",
        output=folder / "model.pt",
    )


def write_core_run(run, methods=("fba", "moma")):
    """The E. coli core model with its first forty genes screened in pairs; fba and moma are fitted on them."""
    genes, tables = run / "tables" / "genes.parquet", run / "metabolism"
    invoke(cell_commands, "genes", gem="cobra:textbook", output=genes)
    names = ("metabolites", "reactions", "incidence", "complexes", "energies")
    paths = {name: tables / f"{name}.parquet" for name in names}
    invoke(
        metabolism,
        "build",
        settings='{"gem": "cobra:textbook"}',
        gem="cobra:textbook",
        genes=genes,
        stoichiometry=tables / "stoichiometry.pt",
        **paths,
    )
    index = read_table(genes)["gene"].tolist()
    pairs = [(a, b) for i, a in enumerate(index[:40]) for b in index[i + 1 : 40]]
    generator = np.random.default_rng(0)
    n = len(pairs)
    observations = pd.DataFrame(
        {
            "observation_id": np.arange(n),
            "screen": "core",
            "genes": [list(pair) for pair in pairs],
            "order": 2,
            "phenotype": "interaction",
            "value": 0.0,
            "std": np.nan,
            "p_value": np.nan,
            "p_sided": pd.array([pd.NA] * n, dtype="Int64"),
            "query": None,
            "array": None,
            "replicate": np.zeros(n, dtype=np.int64),
            "kinds": [["deletion"] * 2] * n,
            "temperature": np.nan,
        }
    )
    table = run / "tables" / "observations.parquet"
    write_table(observations, table, OBSERVATIONS)
    for method in methods:
        network = {name: paths[name] for name in ("reactions", "incidence", "complexes")}
        output = tables / f"knockouts.{method}.parquet"
        invoke(metabolism, "knockouts", genes=genes, genotypes=table, method=method, output=output, **network)
    # A screen that measures twice the interaction that flux balance finds, with a little noise.
    known = read_table(tables / "knockouts.fba.parquet")
    known["pair"] = known["genes"].map(tuple)
    epsilon = known[known["order"] == 2].set_index("pair")["interaction"]
    observations["value"] = 2 * epsilon.reindex(pairs).to_numpy() + generator.normal(0, 1e-4, n)
    write_table(observations, table, OBSERVATIONS)
    write_table(edge_table().iloc[:0], run / "networks" / "edges.parquet", EDGES)
    write_split(run, "random", n)
    for method in methods:
        fit(run, method, knockouts=tables / f"knockouts.{method}.parquet")
