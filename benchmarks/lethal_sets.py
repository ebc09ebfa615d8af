"""Minimal lethal gene sets of iAF1260 beside the lists that Fast-SL published."""

import argparse
import os
import tempfile

import numpy as np
import scipy.io
from measure import peak_mb, timed, upstream_file, write_benchmark

from pipeline_lib.metabolism import lethal_sets

NAMES = {1: "sgd", 2: "dgd", 3: "tgd", 4: "qgd"}
"""Lists of the published file, by order."""


def main() -> None:
    """Measure and write ``results/benchmarks/lethal_sets.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--order", type=int, default=4, help="greatest number of genes (default and published: 4)")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    model = upstream_file("fastsl/Eco_iAF1260.mat")
    lists = scipy.io.loadmat(str(upstream_file("fastsl/Ec_iAF1260_Gene_lethals.mat")), simplify_cells=True)
    found = {}
    with tempfile.TemporaryDirectory() as kept:
        cpu = os.times()

        def ours() -> None:
            found["table"] = lethal_sets(model, options.order, threads=options.threads, kept=f"{kept}/solved")

        seconds = timed(ours)
        used = os.times()
    table = found["table"]
    agreement = {}
    for order in range(1, options.order + 1):
        mine = set(table.loc[table["order"] == order, "genes"].map(frozenset))
        rows = np.reshape(lists[NAMES[order]], (-1, order)) if order in NAMES else np.empty((0, order))
        published = {frozenset(map(str, row)) for row in rows}
        agreement[str(order)] = {
            "ours": len(mine),
            "published": len(published),
            "common": len(mine & published),
            "only_ours": len(mine - published),
            "only_published": len(published - mine),
        }
    write_benchmark(
        "lethal_sets",
        ours_s=seconds,
        work=f"every minimal lethal set of up to {options.order} of the genes of iAF1260 (1,261 genes, below 1 % of "
        f"growth), the model's file read, {options.threads} threads, batches kept on disk; agreement with the lists of "
        "Fast-SL (Pratapa et al. 2015), which needs MATLAB and is not timed here",
        cpu_s=used.user + used.system - cpu.user - cpu.system,
        programs=int(table.attrs["programs_solved"]),
        agreement=agreement,
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
