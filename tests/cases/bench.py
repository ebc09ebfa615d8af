"""What a user does with an input, each as one call that returns text: a value, or the sentence that refuses it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from click.testing import CliRunner

from pipeline_lib.__main__ import app
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.medium import with_medium
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

NAMES = {
    "YHR018C": "ARG4",
    "YOR202W": "HIS3",
    "YCL018W": "LEU2",
    "YEL021W": "URA3",
    "YDR007W": "TRP1",
    "YBR115C": "LYS2",
    "YOR128C": "ADE2",
    "YKR069W": "MET1",
    "YER086W": "ILV1",
    "YDL042C": "SIR2",
    "YER177W": "BMH1",
    "YGL173C": "XRN1",
    "YGL234W": "ADE5,7",
    "YBR208C": "DUR1,2",
    "YBR001C": "NTH2",
    "YDR322C-A": "TIM11",
    "YFL039C": "ACT1",
}
"""Genes of the small gene table: systematic to standard name."""


@dataclass(frozen=True)
class Bench:
    """A folder to work in and the mirror of upstream files (None where there is none)."""

    folder: Path
    root: Path
    mirror: Path | None

    def command(self, *arguments: str | Path) -> str:
        """Run a command of the pipeline; return what it prints, or its error's sentence."""
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if done.exception is None or isinstance(done.exception, SystemExit):
            return done.output
        if isinstance(done.exception, PipelineError):
            return "refused: " + "\n".join(done.exception.sentences)
        return f"Traceback (most recent call last): {type(done.exception).__name__}: {done.exception}"

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def growth(self, model: Path | str, medium: str | dict[str, float] = "model", genes: Sequence[str] = ()) -> str:
        """Return a model's growth and the fitness of its single deletions of `genes`."""
        try:
            network = network_of(with_medium(read_gem(model), medium))
            position = {gene: index for index, gene in enumerate(network.genes)}
            sets = pd.DataFrame([[position[gene]] for gene in genes] or [[0]]).to_numpy()
            growths = solve_knockouts(network, sets)
        except PipelineError as error:
            return f"refused: {error}"
        except Exception as error:  # noqa: BLE001 - a crash is what the case is about
            return f"Traceback (most recent call last): {type(error).__name__}: {error}"
        fitness = " ".join(f"{gene}={value:g}" for gene, value in zip(genes, growths.fitness(sets), strict=False))
        return f"growth {growths.wild_type:g} {fitness}".strip()

    def gene_table(self, gem: str = "cobra:textbook", features: Path | None = None) -> Path:
        """Write the gene table of a model, or the small one of `NAMES`."""
        output = self.folder / "genes.parquet"
        if features is None and gem == "small":
            rows = ["id\tname\taliases\tessential", *(f"{gene}\t{name}\t\t" for gene, name in NAMES.items())]
            features = self.write("genes.tsv", "\n".join(rows) + "\n")
            model = self.write("one.json", json.dumps(one_gene_model("YHR018C")))
            gem = str(model)
        options = [] if features is None else ["--gene-table", str(features)]
        done = self.command("cell", "genes", "--gem", gem, *options, "--output", output)
        if not output.exists():
            raise PipelineError(done.removeprefix("refused: "))
        return output

    def network_tables(self, genes: Path) -> dict[str, Path]:
        """Build the E. coli core model over a gene table; return its tables by name."""
        names = ("metabolites", "reactions", "incidence", "complexes", "energies")
        parts = {name: self.folder / f"{name}.parquet" for name in names}
        done = self.command(
            *("metabolism", "build", "--settings", '{"gem": "cobra:textbook"}', "--gem", "cobra:textbook"),
            *("--genes", genes, "--stoichiometry", self.folder / "s.pt"),
            *(item for name, path in parts.items() for item in (f"--{name}", path)),
        )
        if not parts["complexes"].exists():
            raise PipelineError(done.removeprefix("refused: "))
        return parts

    def table(self, path: Path, columns: dict[str, str], gem: str = "small", **settings: object) -> str:
        """Read an own table; return its observations, a line each, and what was rejected."""
        features = None
        if gem == "yeast":
            assert self.mirror is not None
            features = self.mirror / "essentiality" / "SGD_features.tab"
            gem = str(self.write("one.json", json.dumps(one_gene_model("YHR018C"))))
        genes = self.gene_table(gem, features)
        screen = {"reader": "table", "files": {"table": str(path)}, "columns": columns, **settings}
        output, rejected = self.folder / "read.parquet", self.folder / "rejected.parquet"
        done = self.command(
            "screens",
            "read",
            "--settings",
            json.dumps({"own": screen}),
            "--name",
            "own",
            "--genes",
            genes,
            "--file",
            f"table={path}",
            "--output",
            output,
            "--rejected",
            rejected,
        )
        if not output.exists():
            return done
        rows = pd.read_parquet(output)
        lines = [
            f"{'+'.join(genes)} = {value!r}" + (f" P {p!r}" if pd.notna(p) else "")
            for genes, value, p in zip(rows["genes"], rows["value"], rows["p_value"], strict=True)
        ]
        wrong = pd.read_parquet(rejected)
        lines += [f"row {row.row} rejected: {row.reason}" for row in wrong.itertuples()]
        return "\n".join(lines)

    def check(self, config: dict[str, object] | Path) -> str:
        """Return what ``config check`` says of a run's configuration."""
        path = config if isinstance(config, Path) else self.write("run.yaml", yaml.safe_dump(config))
        return self.command("config", "check", path)

    def snakemake(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run Snakemake; return both streams."""
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *map(str, arguments)],
            cwd=cwd or self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        return f"status {done.returncode}\n{done.stdout}\n{done.stderr}"


def one_gene_model(gene: str) -> dict[str, object]:
    """Return a model in cobra's JSON layout: one nutrient, one enzyme of one gene, growth."""
    return chain_model({"R1": gene})


def chain_model(rules: dict[str, str], **changes: dict[str, object]) -> dict[str, object]:
    """Return a model in cobra's JSON layout: A is taken up (10 at most), passes every ruled reaction, and is growth.

    Parameters
    ----------
    rules
        Reaction to gene rule, in the order of the chain.
    changes
        Reaction to the fields that differ.
    """
    steps = list(rules)
    places = ["A_c", *(f"{step}_c" for step in steps)]
    chain = [
        {"id": step, "metabolites": {places[at]: -1, places[at + 1]: 1}, "gene_reaction_rule": rules[step]}
        for at, step in enumerate(steps)
    ]
    ends = [
        {"id": "EX_A", "metabolites": {"A_e": -1}, "lower_bound": -10, "gene_reaction_rule": ""},
        {"id": "TR", "metabolites": {"A_e": -1, "A_c": 1}, "gene_reaction_rule": ""},
        {"id": "BIO", "metabolites": {places[-1]: -1}, "gene_reaction_rule": "", "objective_coefficient": 1},
    ]
    common = {"lower_bound": 0, "upper_bound": 1000}
    reactions = [
        {"name": str(entry["id"]), **common, **entry, **changes.get(str(entry["id"]), {})}
        for entry in [*ends[:2], *chain, ends[2]]
    ]
    words = {word for rule in rules.values() for word in rule.replace("(", " ").replace(")", " ").split()}
    genes = sorted(words - {"and", "or", "AND", "OR", "&", "&&", "|", "||"})
    return {
        "id": "chain",
        "metabolites": [
            {"id": name, "name": name, "compartment": name[-1], "formula": "C", "charge": 0}
            for name in ["A_e", *places]
        ],
        "reactions": reactions,
        "genes": [{"id": gene, "name": gene} for gene in genes],
        "compartments": {"c": "cytosol", "e": "outside"},
        "version": "1",
    }
