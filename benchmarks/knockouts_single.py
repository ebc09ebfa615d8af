"""All single deletions of yeast-GEM beside cobra's single_gene_deletion, per genotype."""

from typing import Any

import numpy as np
from agreement import peer_errors
from measure import interleaved, peak_mb, upstream_file, write_benchmark

from pipeline_lib.metabolism.gem import read_gem
from pipeline_lib.metabolism.genotype_arrays import choose
from pipeline_lib.metabolism.knockouts import solve_knockouts
from pipeline_lib.metabolism.network import network_of

REPEATS = 3
PEER_GENES = 150
PROCESSES = 2
SEED = 0


def main() -> None:
    """Measure both and write ``results/benchmarks/knockouts_single.json``."""
    from cobra.flux_analysis import single_gene_deletion
    from cobra.io import load_yaml_model

    path = upstream_file("yeast-gem/yeast-GEM.yml")
    network, model = network_of(read_gem(path)), load_yaml_model(str(path))
    genotypes = choose(network.gem_genes, 1)
    sample = np.random.default_rng(SEED).choice(network.genes, PEER_GENES, replace=False).tolist()
    results: dict[str, Any] = {}

    def ours() -> None:
        results["ours"] = solve_knockouts(network, genotypes, processes=PROCESSES)

    def peer() -> None:
        results["peer"] = single_gene_deletion(model, gene_list=sample, processes=PROCESSES)

    ours_s, peer_s = interleaved(ours, peer, REPEATS)
    table = results["peer"]
    by_gene = {next(iter(ids)): growth for ids, growth in zip(table["ids"], table["growth"], strict=True)}
    compared = np.array([[network.genes.index(gene)] for gene in sample])
    expected = np.nan_to_num([by_gene[gene] for gene in sample])
    found = results["ours"].growth(compared)
    wrong = peer_errors(network, compared, found, expected, results["ours"].wild_type)
    scale = len(genotypes) / PEER_GENES
    write_benchmark(
        "knockouts_single",
        ours_s=ours_s,
        peer_s=[seconds * scale for seconds in peer_s],
        work=f"growth of all {len(genotypes)} single deletions of yeast-GEM 9.0.2, the model in memory, {PROCESSES} "
        f"processes; peer: cobra.flux_analysis.single_gene_deletion(processes={PROCESSES}, GLPK, the solver it ships "
        f"with) on {PEER_GENES} genes drawn at random (seed {SEED}), its seconds times {scale:.4g} for the "
        f"{len(genotypes)}",
        genotypes=len(genotypes),
        peer_genotypes=PEER_GENES,
        peer_measured_s=peer_s,
        peer_errors=wrong,
        linear_programs=len(results["ours"].optima),
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
