"""Kuzmin et al. 2018, Data S1 (``aao1729_data_s1.tsv``): digenic epsilon and trigenic tau, fitness, P-values.

Scores are in fitness units (wild type = 1). Only negative tau were released. The table names no temperature.
"""

from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Batch, Batches, Source
from pipeline_lib.screens.trigenic_table import COLUMNS, trigenic_measurements, trigenic_rows
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import one_block
from pipeline_lib.sources.text_table import read_blocks


def read(source: Source) -> Batches:
    """Yield one batch."""
    path = source.files["table"]
    rejections = Rejections(path)
    strains = Strains(source.names, drop_control=True)
    rows = trigenic_rows(one_block(read_blocks(path, COLUMNS, rejections), path), strains, rejections)
    table = trigenic_measurements([rows], strains, control_fitness=True)
    yield Batch(table, rejections.take(), len(rows.pairs.genotypes))
