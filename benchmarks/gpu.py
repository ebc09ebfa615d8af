"""The CLP network on a GPU beside the CPU and beside a copy of the cell in every sample.

It needs torch, torch-geometric, numpy, pandas and pyarrow, this folder and pipeline_lib, and the file of
``python -m pipeline_lib training pack``. Without a GPU it measures a smaller amount of work on the CPU.
"""

import argparse
import copy
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from copied_cell import CopiedCell, cell_graph, samples
from measure import FOLDER, ROOT, peak_mb, write_benchmark
from torch import Tensor, nn

from pipeline_lib.models.interface import HOST_COLUMNS
from pipeline_lib.models.layers import SparseMatrix
from pipeline_lib.training.batches import Batch, EpochSampler, take
from pipeline_lib.training.losses import pearson, predict_columns
from pipeline_lib.training.pack import Pack, read_pack
from pipeline_lib.training.processes import SingleProcess, make_cublas_repeatable
from pipeline_lib.training.step import OptimisationStep

CPU = torch.device("cpu")
DEFAULT_PACK = ROOT / "results" / "benchmarks" / "gpu_pack.pt"
SEEDS = (0, 1, 2)
REPEATS = 3


@dataclass(frozen=True)
class Work:
    """How much is measured.

    Attributes
    ----------
    batch, steps, epochs
        Greatest batch; steps that are timed; epochs of the trainings whose precision is compared.
    copies, copied_steps
        Copies of the cell in a batch of the peer, and its steps that are timed.
    passes
        Times that each sparse product is repeated.
    chunk
        Triples that are predicted at once.
    copied_bytes
        Size of the copy that the bandwidth is measured with, and of what is overwritten ahead of every sparse product:
        greater than any cache.
    """

    batch: int
    steps: int
    copies: int
    copied_steps: int
    epochs: int
    passes: int
    chunk: int
    copied_bytes: int


FULL = Work(batch=4096, steps=40, copies=32, copied_steps=3, epochs=10, passes=100, chunk=65_536, copied_bytes=1 << 30)
SMALL = Work(batch=512, steps=2, copies=2, copied_steps=1, epochs=1, passes=5, chunk=8192, copied_bytes=1 << 26)


class Training:
    """Optimisation steps as `pipeline_lib.training.loop` takes them, from the packed initial weights."""

    def __init__(
        self, pack: Pack, device: torch.device, work: Work, *, bfloat16: bool, compiled: bool = False, seed: int = 0
    ) -> None:
        self.network = copy.deepcopy(pack.network).to(device).train()
        chosen = {"batch_size": work.batch, "minimum_steps": 1, "compile": compiled, "max_per_assay_epoch": None}
        settings: Any = SimpleNamespace(**(pack.settings | chosen | {"loss": SimpleNamespace(**pack.settings["loss"])}))
        processes = SingleProcess(device, bfloat16=bfloat16)
        torch.manual_seed(seed)
        self.sampler = EpochSampler(pack.train, device, settings, seed, processes)
        self.step = OptimisationStep(self.network, settings, work.epochs * self.sampler.steps, processes)
        self._batches = self._endless()
        self._taken = 0

    def _endless(self) -> Iterator[Batch]:
        for epoch in count(1):
            yield from self.sampler.batches(epoch)

    def take(self, steps: int) -> int:
        """Take so many steps and return the number of observations that they visited."""
        visited = 0
        for _ in range(steps):
            batch = next(self._batches)
            self._taken += 1
            self.step.take(batch.columns, self._taken, batch.share)
            visited += batch.size
        return visited


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """Return the wall-clock seconds of one call until the device is done."""
    wait(device)
    start = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - start


def cold_seconds(work: Callable[[], object], spoil: Callable[[], object], device: torch.device, passes: int) -> float:
    """Return the median seconds of `work` on the device, with `spoil` ahead of every pass to empty the caches."""
    seconds = []
    if device.type != "cuda":
        for _ in range(passes):
            spoil()
            seconds.append(seconds_of(work, device))
        return statistics.median(seconds)
    marks = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(passes)]
    for start, end in marks:
        spoil()
        start.record()
        work()
        end.record()
    wait(device)
    return statistics.median(start.elapsed_time(end) for start, end in marks) / 1000


def cache_bytes(device: torch.device) -> int:
    """Return the size of the largest cache that `device` states; 0 where it states none."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).L2_cache_size)
    stated = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    return max((1024 * int(path.read_text().strip().removesuffix("K")) for path in stated), default=0)


def wait(device: torch.device) -> None:
    """Return when the device has nothing left to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def training_rate(training: Training, device: torch.device, steps: int) -> list[float]:
    """Return the seconds an observation of each repeat, after a warm-up."""
    training.take(min(3, steps))
    found = []
    for _ in range(REPEATS):
        visited = 0

        def timed() -> None:
            nonlocal visited
            visited = training.take(steps)

        found.append(seconds_of(timed, device) / visited)
    return found


def copied_rate(pack: Pack, device: torch.device, work: Work) -> list[float]:
    """Return the seconds an observation of training with a copy of the cell in every sample."""
    graph = cell_graph(pack.genes, pack.networks, pack.incidence)
    network = CopiedCell(graph, 64).to(device).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, foreach=True)

    def step() -> None:
        for position in range(work.copied_steps):
            rows = slice(position * work.copies, (position + 1) * work.copies)
            batch = samples(graph, pack.train["genes"][rows]).to(device)
            loss = (network(batch) - pack.train["target"][rows].to(device)).square().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    step()
    return [seconds_of(step, device) / (work.copied_steps * work.copies) for _ in range(REPEATS)]


def copied_bytes_per_s(device: torch.device, size: int) -> float:
    """Return the bytes a second that a copy moves on `device`, reads and writes counted."""
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * size / cold_seconds(lambda: target.copy_(source), target.zero_, device, 5)


@torch.no_grad()
def sparse_passes(network: nn.Module, device: torch.device, work: Work, bandwidth: float) -> list[dict[str, Any]]:
    """Return bytes, seconds and share of the bandwidth of every sparse product of an encoding, forward and backward.

    Bytes are the least that a product can move: the matrix and its operand read once, the result written once. They fit
    into the cache of a large card, where a product that is repeated would find them; so the cache is emptied each time.
    """
    spoiled = torch.empty(work.copied_bytes, dtype=torch.uint8, device=device)
    network = copy.deepcopy(network).to(device).eval()
    widths: dict[str, int] = {}
    named = {name: module for name, module in network.named_modules() if isinstance(module, SparseMatrix)}
    for name, module in named.items():
        module.register_forward_pre_hook(lambda _, inputs, name=name: widths.update({name: inputs[0].shape[1]}))
    network.encode()
    passes = []
    for name, width in widths.items():
        for direction in ("forward", "backward"):
            matrix = named[name]._matrix(direction)  # noqa: SLF001 - the pass itself, without autograd around it
            if not matrix.values().numel():
                continue
            operand = torch.randn(matrix.shape[1], width, device=device)
            result = matrix @ operand
            parts = (matrix.values(), matrix.col_indices(), matrix.crow_indices(), operand, result)
            moved = sum(part.nbytes for part in parts)
            product = partial(torch.matmul, matrix, operand)
            seconds = cold_seconds(product, spoiled.zero_, device, work.passes)
            share = moved / seconds / bandwidth
            passes.append(
                {
                    "matrix": name,
                    "direction": direction,
                    "bytes": moved,
                    "seconds": seconds,
                    "share_of_bandwidth": share,
                }
            )
    return passes


@torch.no_grad()
def held_out(training: Training, pack: Pack, device: torch.device) -> dict[str, float]:
    """Return the mean squared residual and the Pearson correlation (mean over assays by rows) of all but calls."""
    training.network.eval()
    rows = (~pack.held_out["is_call"]).nonzero()[:, 0]
    columns = take(pack.held_out, rows)
    with training.step.average.applied():
        prediction, _ = predict_columns(training.network, placed(columns, device))
    prediction = prediction.cpu()
    found = [
        (len(own), pearson(prediction[own], columns["target"][own]))
        for own in ((columns["assay"] == code).nonzero()[:, 0] for code in columns["assay"].unique())
    ]
    correlation = sum(size * value for size, value in found) / len(rows)
    return {"mse": float((prediction - columns["target"]).square().mean()), "pearson": correlation}


def placed(columns: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Return the columns where training leaves them."""
    return {name: column if name in HOST_COLUMNS else column.to(device) for name, column in columns.items()}


def precision(pack: Pack, device: torch.device, work: Work) -> dict[str, Any]:
    """Train in float32 and in bfloat16 with three seeds each, and compare the means with the spread of the seeds."""
    scores: dict[str, list[dict[str, float]]] = {}
    for name, bfloat16 in (("float32", False), ("bfloat16", True)):
        scores[name] = []
        for seed in SEEDS:
            training = Training(pack, device, work, bfloat16=bfloat16, seed=seed)
            training.take(work.epochs * training.sampler.steps)
            scores[name].append(held_out(training, pack, device))
    found: dict[str, Any] = {"epochs": work.epochs, "seeds": len(SEEDS)}
    for metric in ("mse", "pearson"):
        single, half = ([score[metric] for score in scores[name]] for name in ("float32", "bfloat16"))
        differences = [b - a for a, b in zip(single, half, strict=True)]
        noise = max(single) - min(single)
        found[metric] = {
            "float32": single,
            "bfloat16": half,
            "mean_difference": statistics.mean(differences),
            "range_of_float32_over_seeds": noise,
            "equal_within_noise": abs(statistics.mean(differences)) <= noise,
        }
    return found


def compiled_rate(pack: Pack, device: torch.device, work: Work, *, bfloat16: bool) -> dict[str, Any]:
    """Time steps under ``torch.compile``; where it fails, return its error."""
    try:
        training = Training(pack, device, work, bfloat16=bfloat16, compiled=True)
        first = seconds_of(lambda: training.take(1), device)
        seconds = training_rate(training, device, work.steps)
    except Exception as error:  # noqa: BLE001 - any failure of the compiler is a result here
        return {"state": f"torch.compile failed: {type(error).__name__}: {str(error).splitlines()[0][:200]}"}
    return {"state": "measured", "first_step_s": first, "per_s": 1 / statistics.median(seconds)}


@torch.no_grad()
def triples_per_s(pack: Pack, device: torch.device, work: Work) -> dict[str, float]:
    """Return triples predicted a second by the network alone, their columns on the device or still to be copied."""
    network = copy.deepcopy(pack.network).to(device).eval()
    encoded = network.encode()
    size = len(pack.triples["genes"])
    chunk = take(pack.triples, torch.arange(work.chunk) % size)
    there = placed(chunk, device)

    def copied() -> None:
        network.decode(encoded, placed(chunk, device))

    network.decode(encoded, there)
    resident = min(seconds_of(lambda: network.decode(encoded, there), device) for _ in range(REPEATS))
    copied_s = min(seconds_of(copied, device) for _ in range(REPEATS))
    return {"triples_per_s": work.chunk / resident, "triples_copied_per_s": work.chunk / copied_s}


def host_waits(training: Training, device: torch.device) -> int | None:
    """Return how often one step waits for the GPU, as torch itself reports it; None on a CPU."""
    if device.type != "cuda":
        return None
    training.take(3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        training.take(1)
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def main() -> None:
    """Measure and write ``gpu.json``; its one line goes to standard output as well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, help=f"file of 'training pack'; default {DEFAULT_PACK.relative_to(ROOT)}")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of gpu.json; default results/benchmarks")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; default 2")
    given = parser.parse_args()
    if given.pack is None and not DEFAULT_PACK.exists():
        print(f"gpu: not measured: {DEFAULT_PACK.relative_to(ROOT)} is not there (docs/scale.md)", file=sys.stderr)
        return
    torch.set_num_threads(given.threads)
    # As the training loop has it.
    make_cublas_repeatable()
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    warnings.filterwarnings("ignore", ".*does not have a deterministic implementation.*")
    pack = read_pack(given.pack or DEFAULT_PACK)
    on_gpu = torch.cuda.is_available()
    device, work = (torch.device("cuda", 0), FULL) if on_gpu else (CPU, SMALL)
    card = torch.cuda.get_device_name(device) if on_gpu else "none"
    single = training_rate(Training(pack, device, work, bfloat16=False), device, work.steps)
    half = training_rate(Training(pack, device, work, bfloat16=True), device, work.steps)
    ours = half if on_gpu else single
    on_cpu = training_rate(Training(pack, CPU, FULL, bfloat16=False), CPU, SMALL.steps) if on_gpu else single
    copied = copied_rate(pack, device, work)
    bandwidth = copied_bytes_per_s(device, work.copied_bytes)
    passes = sparse_passes(pack.network, device, work, bandwidth)
    moved, spent = (sum(part[name] for part in passes) for name in ("bytes", "seconds"))
    compiled = (
        compiled_rate(pack, device, work, bfloat16=True)
        if on_gpu
        else {"state": "not measured: there is no GPU, and on a CPU training does not compile"}
    )
    batch = min(work.batch, len(pack.train["genes"]))
    path = write_benchmark(
        "gpu",
        ours_s=ours,
        peer_s=copied,
        work=(
            f"seconds an observation: training steps of the model '{pack.model}' on the run '{pack.run}' in batches of "
            f"at most {work.batch}, {pack.genes} genes. Peer: a copy of the cell in every sample "
            f"(benchmarks/copied_cell.py) in batches of {work.copies} on the same device"
        ),
        folder=given.output,
        device=device.type,
        card=card,
        measured_on=(
            f"the GPU {card}"
            if on_gpu
            else "the CPU, since this machine has no GPU: less work, and nothing here is a figure of a GPU"
        ),
        threads=given.threads,
        per_s=1 / statistics.median(ours),
        step_s=statistics.median(ours) * batch,
        per_s_by_precision={"float32": 1 / statistics.median(single), "bfloat16": 1 / statistics.median(half)},
        cpu_per_s=1 / statistics.median(on_cpu),
        times_the_cpu=statistics.median(on_cpu) / statistics.median(ours) if on_gpu else None,
        copied_per_s=1 / statistics.median(copied),
        bandwidth_bytes_per_s=bandwidth,
        cache_bytes=cache_bytes(device),
        share_of_bandwidth=moved / spent / bandwidth if spent else None,
        sparse_passes=passes,
        precision=precision(pack, device, work),
        compile=compiled,
        host_waits_per_step=host_waits(Training(pack, device, work, bfloat16=on_gpu), device),
        **triples_per_s(pack, device, work),
        peak_mb=peak_mb(),
        gpu_peak_mb=torch.cuda.max_memory_allocated(device) / 2**20 if on_gpu else None,
    )
    print(json.dumps(json.loads(path.read_text())))


if __name__ == "__main__":
    main()
