"""All single deletions of yeast-GEM beside cobra's single_gene_deletion of the same genes.

The peer gets the whole list, not a sample of it. GLPK starts each program where the last one ended, and cobra takes
the genes in the order of a set of strings, which is another in every process: the same 1,161 genes took 37 s once and
136 s another time, 150 of them 17 ms each.
"""

from typing import Any

import numpy as np
from agreement import peer_errors
from measure import peak_mb, timed, upstream_file, write_benchmark

from pipeline_lib.metabolism.gem import read_gem
from pipeline_lib.metabolism.genotype_arrays import choose
from pipeline_lib.metabolism.knockouts import solve_knockouts
from pipeline_lib.metabolism.network import network_of

REPEATS = 3
"""Runs of ours before and again after the peer's one."""
PROCESSES = 2


def main() -> None:
    """Measure both and write ``results/benchmarks/knockouts_single.json``."""
    from cobra.flux_analysis import single_gene_deletion
    from cobra.io import load_yaml_model

    path = upstream_file("yeast-gem/yeast-GEM.yml")
    network, model = network_of(read_gem(path)), load_yaml_model(str(path))
    genotypes = choose(network.gem_genes, 1)
    genes = [network.genes[gene] for gene in genotypes[:, 0]]
    results: dict[str, Any] = {}

    def ours() -> None:
        results["ours"] = solve_knockouts(network, genotypes, processes=PROCESSES)

    def peer() -> None:
        results["peer"] = single_gene_deletion(model, gene_list=genes, processes=PROCESSES)

    before = [timed(ours) for _ in range(REPEATS)]
    peer_s = timed(peer)
    ours_s = before + [timed(ours) for _ in range(REPEATS)]
    table = results["peer"]
    by_gene = {next(iter(ids)): growth for ids, growth in zip(table["ids"], table["growth"], strict=True)}
    expected = np.nan_to_num([by_gene[gene] for gene in genes])
    found = results["ours"].growth(genotypes)
    wrong = peer_errors(network, genotypes, found, expected, results["ours"].wild_type)
    write_benchmark(
        "knockouts_single",
        ours_s=ours_s,
        peer_s=peer_s,
        work=f"growth of all {len(genotypes)} single deletions of yeast-GEM 9.0.2, the model in memory, {PROCESSES} "
        f"processes; peer: cobra.flux_analysis.single_gene_deletion(processes={PROCESSES}, GLPK, the solver it ships "
        "with) of the same genes",
        genotypes=len(genotypes),
        peer_errors=wrong,
        linear_programs=len(results["ours"].optima),
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
