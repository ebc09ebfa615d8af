"""Predict triples with the CLP model once the wild type is encoded."""

import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
from clp_case import emap, prepared, whole_cell
from measure import MemoryWatch, timed, write_benchmark

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.training.fitted_model import FittedModel, genotypes_of
from pipeline_lib.training.genotypes import CHUNK, all_triples
from pipeline_lib.training.measured_genotypes import MeasuredGenotypes, trained_assays
from pipeline_lib.training.predict import PredictionTable, Predictor, prediction_writer

REPEATS = 3
THREADS = 2
GENES = 220
"""Genes whose triples are predicted: 1,750,540 of them."""


def main() -> None:
    """Measure and write ``results/benchmarks/predict_throughput.json``."""
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    cell = whole_cell()
    screen = emap(cell)
    model, task, _, prepare_s = prepared(cell, screen)
    model.tasks = [task]
    (assay,) = trained_assays(screen, len(cell.genes))
    fitted = FittedModel(model, "clp", screen.screens, screen.strains, (assay,))
    measured = MeasuredGenotypes.of(screen.genes, screen.value, np.zeros(len(screen), np.int8), len(cell.genes))
    table = PredictionTable.of_index(cell.genes, assay, "S-score", measured)
    predictor = Predictor(fitted, assay, GeneNames.from_table(cell.genes), table)
    chosen = np.unique(screen.genes[screen.genes >= 0])[:GENES]
    chunks = list(all_triples(chosen, CHUNK))
    triples = sum(map(len, chunks))
    model.predict(genotypes_of(chunks[0][:1000], fitted, assay.screen, assay.phenotype))

    def ours() -> None:
        for chunk in chunks:
            model.predict(genotypes_of(chunk, fitted, assay.screen, assay.phenotype))

    def streamed() -> None:
        with tempfile.TemporaryDirectory() as folder, prediction_writer(Path(folder) / "t.parquet") as write:
            for batch in predictor.batches(all_triples(chosen, CHUNK)):
                write(batch)

    with MemoryWatch() as memory:
        seconds = [timed(ours) for _ in range(REPEATS)]
    written = timed(streamed)
    write_benchmark(
        "predict_throughput",
        ours_s=seconds,
        work=(
            f"{triples:,} triples of {GENES} genes, value and spread, {THREADS} threads, wild type encoded before; "
            f"{len(cell.genes)} genes, width 64. streamed_per_s: enumerated, predicted and "
            "written to parquet with names, units and measurements"
        ),
        per_s=triples / statistics.median(seconds),
        streamed_per_s=triples / written,
        prepare_s=prepare_s,
        peak_mb=memory.peak_mb,
    )


if __name__ == "__main__":
    main()
