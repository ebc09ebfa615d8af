"""Load yeast-GEM and build its matrix beside cobra's YAML reader; then the whole command, imports too."""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from measure import interleaved, peak_mb, timed, upstream_file, write_benchmark

from pipeline_lib.artefacts.schemas import GENES
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.metabolism.model.gem import read_gem

REPEATS = 3
TABLES = ("metabolites", "reactions", "incidence", "complexes", "energies", "subsystems")


def whole_command(model: Path, genes: tuple[str, ...], folder: Path) -> list[float]:
    """Return the seconds of ``metabolism build`` as a process of its own: every table and tensor written."""
    index = pd.DataFrame({"gene": genes, "name": genes, "in_gem": True})
    index.insert(0, "gene_index", range(len(genes)))
    index["essential"] = pd.array([pd.NA] * len(genes), dtype="boolean")
    write_table(index, folder / "genes.parquet", GENES)
    command = [
        *(sys.executable, "-m", "pipeline_lib", "metabolism", "build"),
        '--settings={"gem": "yeast-GEM.yml"}',
        f"--gem={model}",
        f"--reaction-energies={model.with_name('model_rxnDeltaG.csv')}",
        f"--metabolite-energies={model.with_name('model_metDeltaG.csv')}",
        f"--genes={folder / 'genes.parquet'}",
        f"--stoichiometry={folder / 'stoichiometry.pt'}",
        *(f"--{name}={folder / name}.parquet" for name in TABLES),
    ]
    return [timed(lambda: subprocess.run(command, check=True)) for _ in range(REPEATS)]


def main() -> None:
    """Measure both and write ``results/benchmarks/gem_load.json``."""
    from cobra.io import load_yaml_model
    from cobra.util import create_stoichiometric_matrix

    path = upstream_file("yeast-gem/yeast-GEM.yml")
    loaded: dict[str, Any] = {}

    def ours() -> None:
        loaded["ours"] = read_gem(path)

    def peer() -> None:
        loaded["peer"] = create_stoichiometric_matrix(load_yaml_model(str(path)), array_type="lil").tocsc()

    with tempfile.TemporaryDirectory() as folder:
        process_s = whole_command(path, read_gem(path).genes, Path(folder))
    ours_s, peer_s = interleaved(ours, peer, REPEATS)
    difference = loaded["ours"].stoichiometry - loaded["peer"]
    assert difference.shape == (2806, 4131)
    assert difference.nnz == 0
    write_benchmark(
        "gem_load",
        ours_s=ours_s,
        peer_s=peer_s,
        work="yeast-GEM 9.0.2 (.yml): read it and build the sparse stoichiometric matrix; "
        "peer: cobra.io.load_yaml_model and cobra.util.create_stoichiometric_matrix on the same file. "
        "build_process_s: the command 'metabolism build' from start to exit, all tables and tensors written",
        build_process_s=median(process_s),
        build_process_repeats_s=process_s,
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
