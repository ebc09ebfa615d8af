"""The command that computes every pair of yeast-GEM, from start to exit: seconds, linear programs, memory."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from measure import MemoryWatch, timed, upstream_file, write_benchmark

from pipeline_lib.artefacts.schemas import GENES
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.metabolism.model.gem import read_gem

PROCESSES = 2
TABLES = ("reactions", "incidence", "complexes")


def build_tables(model: Path, folder: Path) -> list[str]:
    """Write the network's tables and return the options that name them."""
    genes = read_gem(model).genes
    index = pd.DataFrame({"gene_index": range(len(genes)), "gene": genes, "name": genes, "in_gem": True})
    index["essential"] = pd.array([pd.NA] * len(genes), dtype="boolean")
    write_table(index, folder / "genes.parquet", GENES)
    files = [f"--{name}={folder / name}.parquet" for name in (*TABLES, "genes")]
    rest = [f"--{name}={folder / name}.parquet" for name in ("metabolites", "energies")]
    subprocess.run(
        [
            *(sys.executable, "-m", "pipeline_lib", "metabolism", "build"),
            '--settings={"gem": "yeast-GEM.yml"}',
            f"--gem={model}",
            *files,
            *rest,
            f"--stoichiometry={folder / 'stoichiometry.pt'}",
        ],
        check=True,
    )
    return files


def main() -> None:
    """Measure and write ``results/benchmarks/knockouts_all_pairs.json``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = build_tables(upstream_file("yeast-gem/yeast-GEM.yml"), folder)
        command = [
            *(sys.executable, "-m", "pipeline_lib", "metabolism", "all-pairs"),
            *files,
            f"--processes={PROCESSES}",
            f"--output={folder / 'pairs.parquet'}",
        ]
        report: list[str] = []

        def run() -> None:
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            report.append(done.stderr)

        with MemoryWatch() as watch:
            seconds = timed(run)
        table = pd.read_parquet(folder / "pairs.parquet", columns=["order", "status", "interaction"])
    pairs = table[table["order"] == 2]
    assert len(pairs) == 673_380
    programs = re.search(r"from (\d+) linear programs", report[-1])
    assert programs is not None
    write_benchmark(
        "knockouts_all_pairs",
        ours_s=seconds,
        work="the command 'metabolism all-pairs' on yeast-GEM 9.0.2, from start to exit, the table of 1,161 singles "
        f"and 673,380 pairs written; {PROCESSES} processes",
        seconds=seconds,
        lps=int(programs[1]),
        peak_mb=watch.peak_mb,
        failed=int((table["status"] == "failed").sum()),
        interacting=int((pairs["interaction"].abs() > 1e-6).sum()),
    )


if __name__ == "__main__":
    main()
