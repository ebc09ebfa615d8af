"""Observations to batches: what each genotype loses of the yeast cell, and its labels by latent."""

import statistics

import numpy as np
import torch
from measure import MemoryWatch, timed, write_benchmark
from yeast_cell import physical_network, yeast_cell

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.graph import PhenotypeProcessor

REPEATS = 3
THREADS = 2
OBSERVATIONS = 1_000_000
BATCH = 16_384


def main() -> None:
    """Measure and write ``results/benchmarks/phenotype_batches.json``."""
    torch.set_num_threads(THREADS)
    cell = yeast_cell(physical_network())
    processor = PhenotypeProcessor.of(cell.stoichiometry)
    generator = np.random.default_rng(0)
    genes = generator.integers(0, len(cell.genes), (OBSERVATIONS, 3))
    genes[generator.random(OBSERVATIONS) < 0.5, 2] = -1
    phenotype = generator.integers(0, len(PHENOTYPES), OBSERVATIONS)
    columns = [torch.from_numpy(part) for part in (genes, phenotype, generator.normal(size=OBSERVATIONS))]
    lost: list[int] = []

    def ours() -> None:
        batches = zip(*(column.split(BATCH) for column in columns), strict=True)
        lost[:] = [len(processor.process(*batch).perturbed.reaction.row) for batch in batches]

    with MemoryWatch() as memory:
        seconds = [timed(ours) for _ in range(REPEATS)]
    write_benchmark(
        "phenotype_batches",
        ours_s=seconds,
        work=(
            f"{OBSERVATIONS:,} observations of two or three of {len(cell.genes):,} genes in batches of {BATCH:,}: "
            f"deleted genes, lost complexes, blocked reactions of yeast-GEM and labels by latent; {THREADS} threads"
        ),
        per_s=OBSERVATIONS / statistics.median(seconds),
        blocked_reactions=sum(lost),
        peak_mb=memory.peak_mb,
    )


if __name__ == "__main__":
    main()
