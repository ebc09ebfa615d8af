"""All single deletions of yeast-GEM beside cobra's single_gene_deletion of the same genes.

The peer gets the whole list, not a sample of it. GLPK starts each program where the last one ended, and cobra takes
the genes in the order of a set of strings, which is another in every process: the same 1,161 genes took it 20 s in one
order and 152 s in another. So the peer runs in a process of its own for each of several orders (hash seeds 0, 1, ...),
by turns with ours, and is stopped after `LIMIT_S`, which then counts as its time: the ratio of the medians errs in its
favour.
"""

import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import psutil
from agreement import peer_errors
from measure import peak_mb, timed, upstream_file, write_benchmark
from rich.console import Console

from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

ORDERS = 5
"""Runs of the peer, each with another order of the genes; ours runs once before each of them."""
LIMIT_S = 60.0
PROCESSES = 2
_console = Console(stderr=True)


def send_peer(results: Connection, genes: list[str], path: str) -> None:
    """Send None when the model is in memory, then cobra's seconds and its growth by gene."""
    from cobra.flux_analysis import single_gene_deletion
    from cobra.io import load_yaml_model

    # A spawned process would spawn cobra's workers too, each of which then imports cobra and unpickles the model.
    multiprocessing.set_start_method("fork", force=True)
    model = load_yaml_model(path)
    found: dict[str, Any] = {}
    results.send(None)

    def peer() -> None:
        found["table"] = single_gene_deletion(model, gene_list=genes, processes=PROCESSES)

    seconds = timed(peer)
    table = found["table"]
    results.send(
        (seconds, {next(iter(ids)): growth for ids, growth in zip(table["ids"], table["growth"], strict=True)})
    )


def peer_in_order(seed: int, genes: list[str], path: str) -> tuple[float, dict[str, float] | None]:
    """Return cobra's seconds and growth by gene in a new process of that hash seed; None where it was stopped."""
    os.environ["PYTHONHASHSEED"] = str(seed)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=send_peer, args=(sender, genes, path))
    process.start()
    sender.close()
    receiver.recv()
    if receiver.poll(LIMIT_S):
        found: tuple[float, dict[str, float]] = receiver.recv()
        process.join()
        return found
    for member in (*psutil.Process(process.pid).children(recursive=True), process):
        member.kill()
    process.join()
    return LIMIT_S, None


def main() -> None:
    """Measure both and write ``results/benchmarks/knockouts_single.json``."""
    path = upstream_file("yeast-gem/yeast-GEM.yml")
    network = network_of(read_gem(path))
    genotypes = choose(network.gem_genes, 1)
    genes = [network.genes[gene] for gene in genotypes[:, 0]]
    results: dict[str, Any] = {}

    def ours() -> None:
        results["ours"] = solve_knockouts(network, genotypes, processes=PROCESSES)

    ours_s, peer_s, wrong = [], [], []
    for seed in range(ORDERS):
        ours_s.append(timed(ours))
        seconds, by_gene = peer_in_order(seed, genes, str(path))
        peer_s.append(seconds)
        _console.print(f"order {seed + 1}/{ORDERS}: ours {ours_s[-1]:.3f} s, peer {seconds:.1f} s")
        if by_gene is not None:
            expected = np.nan_to_num([by_gene[gene] for gene in genes])
            found = results["ours"].growth(genotypes)
            wrong.append(peer_errors(network, genotypes, found, expected, results["ours"].wild_type))
    write_benchmark(
        "knockouts_single",
        ours_s=ours_s,
        peer_s=peer_s,
        work=f"growth of all {len(genotypes)} single deletions of yeast-GEM 9.0.2, the model in memory, {PROCESSES} "
        f"at once; peer: cobra.flux_analysis.single_gene_deletion(processes={PROCESSES}, GLPK, the solver it ships "
        f"with) of the same genes, in {ORDERS} orders (hash seeds 0 to {ORDERS - 1}), stopped after {LIMIT_S:.0f} s",
        genotypes=len(genotypes),
        peer_errors=wrong,
        peer_stopped=ORDERS - len(wrong),
        linear_programs=len(results["ours"].optima),
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
