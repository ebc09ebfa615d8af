"""Read a file set of the size of Costanzo et al. 2016 (20,705,612 rows) to parquet; a part of it beside pandas.

And a csv of one's own with 1,000,000 rows, the whole way to parquet.
"""

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from measure import MemoryWatch, interleaved, timed, write_benchmark
from numpy.typing import NDArray

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.reading import read_screen
from pipeline_lib.simulation.layouts import FILES, PUBLISHED_ROWS, made_up_orfs, write_costanzo_sized

PART = "ExE"
REPEATS = 3
OWN_ROWS = 1_000_000
OWN_GENES = 6_000
OWN_COLUMNS = ("gene1", "gene2", "value", "std", "p_value")
PEER_COLUMNS = {
    "Query Strain ID": "query",
    "Array Strain ID": "array",
    "Genetic interaction score (ε)": "interaction",
    "P-value": "p_value",
    "Double mutant fitness": "fitness",
    "Double mutant fitness standard deviation": "std",
}


def read_all(files: Mapping[str, Path], names: GeneNames, folder: Path) -> None:
    """Read with the pipeline: checked, replicates numbered, kinds and temperature derived, rejected rows written."""
    settings = ScreenSettings(reader="costanzo2016_pairwise", files={role: str(path) for role, path in files.items()})
    read_screen("costanzo2016", settings, files, names, folder / "ours.parquet", folder / "rejected.parquet")


def write_own_table(orfs: NDArray[np.str_], path: Path) -> None:
    """Write a csv of random pairs of different genes with random values."""
    random = np.random.default_rng(0)
    first = random.integers(0, len(orfs), OWN_ROWS)
    second = (first + random.integers(1, len(orfs), OWN_ROWS)) % len(orfs)
    numbers = (random.normal(0, 0.1, OWN_ROWS), random.random(OWN_ROWS), random.random(OWN_ROWS))
    columns = [pa.array(orfs).take(pa.array(rows)) for rows in (first, second)] + [pa.array(n) for n in numbers]
    arrow_csv.write_csv(pa.table(columns, names=list(OWN_COLUMNS)), path)


def read_own_table(path: Path, names: GeneNames, folder: Path) -> None:
    """Read the csv: names looked up, genotypes and values checked, replicates numbered."""
    settings = ScreenSettings(
        reader="table", files={"table": str(path)}, columns={name: name for name in OWN_COLUMNS}, p_sided=2
    )
    read_screen("own", settings, {"table": path}, names, folder / "own.parquet", folder / "rejected.parquet")


def read_with_pandas(path: Path, target: Path) -> None:
    """Read in chunks, as the documentation of pandas has it for large files, into the same two rows a cross.

    Less is done than by us: no check, no replicate number, no kind, no temperature, no rejected rows.
    """
    writer: pq.ParquetWriter | None = None
    for chunk in pd.read_csv(path, sep="\t", usecols=list(PEER_COLUMNS), chunksize=1_000_000):
        rows = chunk.rename(columns=PEER_COLUMNS)
        orfs = [rows[strain].str.split("_").str[0].to_numpy(str) for strain in ("query", "array")]
        rows["genes"] = np.sort(np.stack(orfs, axis=1), axis=1).tolist()
        kept = ["genes", "query", "array", "std"]
        long = pd.concat(
            [
                rows[[*kept, "p_value"]].assign(phenotype="interaction", value=rows["interaction"]),
                rows[kept].assign(p_value=np.nan, phenotype="fitness", value=rows["fitness"]),
            ]
        )
        table = pa.Table.from_pandas(long, preserve_index=False)
        writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd", compression_level=1)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def main() -> None:
    """Measure the whole set once and its smallest file by turns with pandas."""
    orfs = made_up_orfs()
    names = GeneNames(orfs.tolist(), orfs.tolist(), [()] * len(orfs), in_gem=np.zeros(len(orfs), dtype=bool))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = write_costanzo_sized(sum(PUBLISHED_ROWS.values()), orfs, folder)
        files = {role: folder / name for role, name in FILES.items()}
        with MemoryWatch() as watch:
            seconds = timed(lambda: read_all(files, names, folder))
        own = folder / "own.csv"
        write_own_table(orfs[:OWN_GENES], own)
        before = time.process_time()
        own_seconds = [timed(lambda: read_own_table(own, names, folder)) for _ in range(REPEATS)]
        own_cpu = (time.process_time() - before) / REPEATS
        observations = pq.read_metadata(folder / "ours.parquet").num_rows
        ours, peer = interleaved(
            lambda: read_all({PART: files[PART]}, names, folder),
            lambda: read_with_pandas(files[PART], folder / "peer.parquet"),
            REPEATS,
        )
    total = sum(rows.values())
    write_benchmark(
        "screen_read",
        ours_s=seconds,
        peer_s=peer,
        work=(
            f"ours_s: four simulated files of {total:,} rows in all, in the layout of Costanzo et al. 2016, to one "
            f"parquet file of {observations:,} observations. peer_s and ratio: {FILES[PART]} alone "
            f"({rows[PART]:,} rows), by turns with pandas.read_csv in chunks, which checks nothing; ours on that file: "
            "ours_part_s. "
            f"own_table_s: a csv of {OWN_ROWS:,} rows and {OWN_GENES:,} genes through the reader 'table'."
        ),
        own_table_s=statistics.median(own_seconds),
        own_table_repeats_s=own_seconds,
        own_table_cpu_s=own_cpu,
        ratio=statistics.median(peer) / statistics.median(ours),
        ours_part_s=statistics.median(ours),
        ours_part_repeats_s=ours,
        rows=total,
        per_s=total / seconds,
        peak_mb=watch.peak_mb,
    )


if __name__ == "__main__":
    main()
