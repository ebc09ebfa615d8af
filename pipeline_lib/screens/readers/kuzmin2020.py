"""Kuzmin et al. 2020, Table S1 (trigenic screens of duplicated genes) and Table S3 (pilot screens), two workbooks.

The layout of 2018 under one title row. Strain pairs that both tables hold were measured twice and are replicates. The
fitness of control queries is a placeholder (1.0 or empty) and is not read.
"""

import pyarrow as pa

from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Batch, Batches, Source
from pipeline_lib.screens.trigenic_table import COLUMNS, TrigenicRows, trigenic_measurements, trigenic_rows
from pipeline_lib.sources.excel_table import read_sheet
from pipeline_lib.sources.rejections import Rejections

_TABLES = ("S1", "S3")


def read(source: Source) -> Batches:
    """Yield one batch: both tables together, S1 first."""
    strains = Strains(source.names, drop_control=True)
    parts: list[TrigenicRows] = []
    rejected: list[pa.Table] = []
    for role in (role for role in _TABLES if role in source.files):
        path = source.files[role]
        rejections = Rejections(path)
        parts.append(trigenic_rows(read_sheet(path, COLUMNS, rejections), strains, rejections))
        rejected.append(rejections.take())
    table = trigenic_measurements(parts, strains, control_fitness=False)
    yield Batch(table, pa.concat_tables(rejected), sum(len(part.pairs.genotypes) for part in parts))
