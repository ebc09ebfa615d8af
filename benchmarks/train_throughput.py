"""Training steps of the CLP model on the yeast cell, beside a copy of the cell graph in every sample, on the CPU."""

import statistics

import torch
from clp_case import emap, prepared, whole_cell
from copied_cell import CopiedCell, cell_graph, samples
from measure import MemoryWatch, interleaved, write_benchmark

from pipeline_lib.config.training import LossSettings
from pipeline_lib.training.batches import take
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.step import evaluate_terms

REPEATS = 3
THREADS = 2
OUR_BATCH, THEIR_BATCH = 4096, 16
OUR_STEPS, THEIR_STEPS = 10, 1


def main() -> None:
    """Measure both and write ``results/benchmarks/train_throughput.json``."""
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    cell = whole_cell()
    screen = emap(cell)
    _, task, columns, prepare_s = prepared(cell, screen)
    network = task.networks[0].train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, foreach=True)
    criterion = Criterion(LossSettings())
    order = torch.randperm(len(columns["target"]))

    def step(rows: torch.Tensor) -> None:
        terms = evaluate_terms(network, criterion, take(columns, rows))
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        optimiser.step()

    def ours() -> None:
        for position in range(OUR_STEPS):
            step(order[position * OUR_BATCH : (position + 1) * OUR_BATCH])

    ends = cell.edges.groupby("network")[["source", "target"]]
    networks = {str(name): torch.from_numpy(edges.to_numpy().T.copy()) for name, edges in ends}
    graph = cell_graph(len(cell.genes), networks, cell.stoichiometry["incidence"])
    copied = CopiedCell(graph, 64).train()
    copied_optimiser = torch.optim.AdamW(copied.parameters(), lr=1e-3, foreach=True)

    def peer() -> None:
        for position in range(THEIR_STEPS):
            rows = order[position * THEIR_BATCH : (position + 1) * THEIR_BATCH]
            batch = samples(graph, columns["genes"][rows])
            loss = (copied(batch) - columns["target"][rows]).square().mean()
            copied_optimiser.zero_grad(set_to_none=True)
            loss.backward()
            copied_optimiser.step()

    ours()
    with MemoryWatch() as memory:
        for _ in range(2):
            ours()
    ours_s, peer_s = interleaved(ours, peer, REPEATS)
    per_observation = [seconds / (OUR_STEPS * OUR_BATCH) for seconds in ours_s]
    write_benchmark(
        "train_throughput",
        ours_s=per_observation,
        peer_s=[seconds / (THEIR_STEPS * THEIR_BATCH) for seconds in peer_s],
        work=(
            f"seconds an observation: training steps (encode, decode, loss, backward, AdamW) of {OUR_BATCH} digenic "
            f"interactions as Clp.prepare returns them on cpu "
            f"with {THREADS} threads, {len(cell.genes)} genes, {len(cell.edges)} edges "
            f"of {cell.edges['network'].nunique()} networks, {cell.stoichiometry['num_reactions']} reactions."
            f" Peer: benchmarks/copied_cell.py, torch-geometric Batch of {THEIR_BATCH} whole cell graphs, one graph "
            "convolution a network and one hypergraph convolution"
        ),
        per_s=1 / statistics.median(per_observation),
        peak_mb=memory.peak_mb,
        prepare_s=prepare_s,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
    )


if __name__ == "__main__":
    main()
