"""Joint training steps of DANGO: ours beside a sample-by-sample reference, both with the batches of the paper."""

import random
import statistics

import torch
from dango_reference import ReferenceDango
from measure import MemoryWatch, interleaved, timed, write_benchmark
from yeast_cell import CHANNELS, string_channels, yeast_cell

from pipeline_lib.config.models import DangoSettings
from pipeline_lib.models.dango.encoder import read_channels
from pipeline_lib.models.dango.network import DangoNetwork
from pipeline_lib.models.dango.training import LabelledSets, Trainer

REPEATS = 3
OUR_STEPS, THEIR_STEPS = 20, 3
LARGE_BATCH = 1024
SETTINGS = DangoSettings(channels=list(CHANNELS), zero_weights={"database": 0.1})


def main() -> None:
    """Measure both and write ``results/benchmarks/dango_throughput.json``."""
    torch.manual_seed(0)
    random.seed(0)
    cell = yeast_cell(string_channels())
    num_genes, batch = len(cell.genes), SETTINGS.batch_size
    channels = read_channels(cell.edges, num_genes, SETTINGS.channels, SETTINGS.zero_weights)
    sets = torch.stack([torch.randperm(num_genes)[:3] for _ in range(OUR_STEPS * LARGE_BATCH)])
    value = torch.randn(len(sets))
    labelled = LabelledSets(sets, torch.zeros(len(sets), dtype=torch.int64), value)

    network = DangoNetwork(channels, num_genes, 1, SETTINGS)
    trainer = Trainer(network, SETTINGS, frozen=False, checkpoint=None)
    optimiser = trainer.optimiser()
    reference = ReferenceDango(channels, num_genes, SETTINGS.width, drawn=5)
    reference_optimiser = torch.optim.Adam(reference.parameters(), lr=SETTINGS.learning_rate)

    def ours(size: int = batch) -> None:
        for step in range(OUR_STEPS):
            trainer.step(optimiser, labelled, torch.arange(step * size, (step + 1) * size))

    def peer() -> None:
        for step in range(THEIR_STEPS):
            rows = slice(step * batch, (step + 1) * batch)
            rebuilt = torch.randint(num_genes, (SETTINGS.reconstruction_genes,))
            loss = reference.loss(sets[rows], value[rows], rebuilt, SETTINGS.reconstruction_weight)
            reference_optimiser.zero_grad()
            loss.backward()
            reference_optimiser.step()

    with MemoryWatch() as memory:
        ours_s, peer_s = interleaved(ours, peer, REPEATS)
        large_s = [timed(lambda: ours(LARGE_BATCH)) for _ in range(REPEATS)]
    per_set = [seconds / (OUR_STEPS * batch) for seconds in ours_s]
    write_benchmark(
        "dango_throughput",
        ours_s=per_set,
        peer_s=[seconds / (THEIR_STEPS * batch) for seconds in peer_s],
        work=(
            f"seconds a gene triple: joint training steps of {batch} triples and {SETTINGS.reconstruction_genes} "
            f"rebuilt rows a channel, {len(channels)} channels of STRING 9.1, {num_genes} genes, width "
            f"{SETTINGS.width}. Ours: means over all neighbours by sparse products, losses by quadratic forms; peer: "
            "benchmarks/dango_reference.py, five neighbours drawn gene by gene, rows written out. per_s_large_batch: "
            f"ours with {LARGE_BATCH} triples a step"
        ),
        per_s=1 / statistics.median(per_set),
        per_s_large_batch=OUR_STEPS * LARGE_BATCH / statistics.median(large_s),
        peak_mb=memory.peak_mb,
    )


if __name__ == "__main__":
    main()
