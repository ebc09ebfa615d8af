"""Pairs of yeast-GEM beside cobra's double_gene_deletion on a random block, per pair."""

from typing import Any

import numpy as np
from agreement import peer_errors
from measure import interleaved, peak_mb, upstream_file, write_benchmark

from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

REPEATS = 3
BLOCK = 10
PROCESSES = 2
SEED = 0


def main() -> None:
    """Measure both and write ``results/benchmarks/knockouts_pair.json``."""
    from cobra.flux_analysis import double_gene_deletion
    from cobra.io import load_yaml_model

    path = upstream_file("yeast-gem/yeast-GEM.yml")
    network, model = network_of(read_gem(path)), load_yaml_model(str(path))
    genotypes = choose(network.gem_genes, 2)
    drawn = np.random.default_rng(SEED).choice(network.genes, 2 * BLOCK, replace=False).tolist()
    rows, columns = drawn[:BLOCK], drawn[BLOCK:]
    results: dict[str, Any] = {}

    def ours() -> None:
        results["ours"] = solve_knockouts(network, genotypes, processes=PROCESSES)

    def peer() -> None:
        results["peer"] = double_gene_deletion(model, rows, columns, processes=PROCESSES)

    ours_s, peer_s = interleaved(ours, peer, REPEATS)
    table = results["peer"]
    pairs = np.array([sorted(network.genes.index(gene) for gene in ids) for ids in table["ids"]])
    expected = np.nan_to_num(table["growth"].to_numpy(float))
    found = results["ours"].growth(pairs)
    wrong = peer_errors(network, pairs, found, expected, results["ours"].wild_type)
    scale = len(genotypes) / len(pairs)
    write_benchmark(
        "knockouts_pair",
        ours_s=ours_s,
        peer_s=[seconds * scale for seconds in peer_s],
        work=f"growth of pairs of yeast-GEM 9.0.2, the model in memory, {PROCESSES} processes; ours: all "
        f"{len(genotypes)}; peer: cobra.flux_analysis.double_gene_deletion(processes={PROCESSES}, GLPK, the solver it "
        f"ships with) on a random block of {BLOCK} x {BLOCK} genes (seed {SEED}, {len(pairs)} pairs), its seconds "
        f"times {scale:.6g} for the {len(genotypes)}",
        genotypes=len(genotypes),
        peer_genotypes=len(pairs),
        peer_measured_s=peer_s,
        peer_errors=wrong,
        linear_programs=len(results["ours"].optima),
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
