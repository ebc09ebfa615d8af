"""Training steps of the CLP model on the yeast cell, beside a copy of the cell graph in every sample."""

import statistics
import time

import torch
from clp_case import emap, prepared, whole_cell
from copied_cell import CopiedCell, cell_graph, samples
from measure import MemoryWatch, interleaved, write_benchmark

from pipeline_lib.config.training import LossSettings
from pipeline_lib.training.batches import take, to_device
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.step import evaluate_terms

REPEATS = 3
THREADS = 2
OUR_BATCH, THEIR_BATCH = 4096, 16
OUR_STEPS, THEIR_STEPS = 10, 1


def copied_bytes_per_s(device: torch.device, size: int = 1 << 28) -> float:
    """Return the bytes a second that copying moves on `device` (reads and writes counted)."""
    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    times = []
    for _ in range(5):
        torch.cuda.synchronize()
        start = time.perf_counter()
        target.copy_(source)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 2 * size / min(times)


def main() -> None:
    """Measure both and write ``results/benchmarks/train_throughput.json``."""
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cell = whole_cell()
    screen = emap(cell)
    _, task, columns, prepare_s = prepared(cell, screen)
    network = task.networks[0].to(device).train()
    columns = to_device(columns, device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, foreach=True)
    criterion = Criterion(LossSettings())
    order = torch.randperm(len(columns["target"]), device=device)

    def step(rows: torch.Tensor) -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            terms = evaluate_terms(network, criterion, take(columns, rows))
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        optimiser.step()

    def ours() -> None:
        for position in range(OUR_STEPS):
            step(order[position * OUR_BATCH : (position + 1) * OUR_BATCH])
        if device.type == "cuda":
            torch.cuda.synchronize()

    graph = cell_graph(cell)
    copied = CopiedCell(cell, 64).to(device).train()
    copied_optimiser = torch.optim.AdamW(copied.parameters(), lr=1e-3, foreach=True)

    def peer() -> None:
        for position in range(THEIR_STEPS):
            rows = order[position * THEIR_BATCH : (position + 1) * THEIR_BATCH]
            batch = samples(graph, columns["genes"][rows].cpu()).to(device)
            loss = (copied(batch) - columns["target"][rows]).square().mean()
            copied_optimiser.zero_grad(set_to_none=True)
            loss.backward()
            copied_optimiser.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    ours()
    with MemoryWatch() as memory:
        for _ in range(2):
            ours()
    ours_s, peer_s = interleaved(ours, peer, REPEATS)
    per_observation = [seconds / (OUR_STEPS * OUR_BATCH) for seconds in ours_s]
    extra = {}
    if device.type == "cuda":
        traffic = gradient_traffic(network, columns, order[:OUR_BATCH], criterion)
        achieved = traffic * OUR_STEPS / statistics.median(ours_s)
        extra = {"bytes_per_step": traffic, "share_of_bandwidth": achieved / copied_bytes_per_s(device)}
    write_benchmark(
        "train_throughput",
        ours_s=per_observation,
        peer_s=[seconds / (THEIR_STEPS * THEIR_BATCH) for seconds in peer_s],
        work=(
            f"seconds an observation: training steps (encode, decode, loss, backward, AdamW) of {OUR_BATCH} digenic "
            f"interactions as Clp.prepare returns them on {device.type} "
            f"with {THREADS} threads, {len(cell.genes)} genes, {len(cell.edges)} edges "
            f"of {cell.edges['network'].nunique()} networks, {cell.stoichiometry['num_reactions']} reactions."
            f" Peer: benchmarks/copied_cell.py, torch-geometric Batch of {THEIR_BATCH} whole cell graphs, one graph "
            "convolution a network and one hypergraph convolution"
        ),
        per_s=1 / statistics.median(per_observation),
        peak_mb=memory.peak_mb,
        prepare_s=prepare_s,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        **extra,
    )


def gradient_traffic(
    network: torch.nn.Module, columns: dict[str, torch.Tensor], rows: torch.Tensor, criterion: Criterion
) -> float:
    """Return the bytes that the kernels of one step must move at least: every operator's inputs and outputs once."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Counter(TorchDispatchMode):
        moved = 0

        def __torch_dispatch__(self, function, types, arguments=(), keywords=None):  # noqa: ANN001, ANN204
            result = function(*arguments, **(keywords or {}))
            if not function.is_view:
                leaves = tree_leaves((arguments, keywords, result))
                self.moved += sum(
                    part.nbytes for part in leaves if isinstance(part, torch.Tensor) and not part.is_sparse_csr
                )
            return result

    with Counter() as counter, torch.autocast("cuda", torch.bfloat16):
        terms = evaluate_terms(network, criterion, take(columns, rows))
        torch.stack(list(terms.values())).sum().backward()
    return float(counter.moved)


if __name__ == "__main__":
    main()
