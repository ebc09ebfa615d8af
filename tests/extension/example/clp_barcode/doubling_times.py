"""The reader ``doubling_times``: a gene and the minutes that its deletion mutant takes to double, a line each."""

import polars as pl

from pipeline_lib.extension import feature_reader
from pipeline_lib.features.building import RawFeatures
from pipeline_lib.networks.edges import read_lines


@feature_reader("doubling_times", "a gene and its mutant's doubling time in minutes a line", ("times",))
def read(files, settings):
    """Return one column: the doubling time in minutes."""
    rows = [line.split() for line in read_lines(files["times"]) if line.strip()]
    return RawFeatures(
        pl.Series([gene for gene, _ in rows]), pl.DataFrame({"doubling_time": [float(time) for _, time in rows]})
    )
