"""The reader ``barcode_ratios``: log2 ratios of barcodes of double mutants, as a sequencing core sends them."""

import numpy as np
from pydantic import BaseModel, Field

from pipeline_lib.config.screen_readers import CallThreshold, ReaderFiles, ScreenScores
from pipeline_lib.extension import screen_reader
from pipeline_lib.screens.alleles import KINDS, GenotypeColumns, named_genes
from pipeline_lib.screens.batch import Batch, check_values, measurements
from pipeline_lib.screens.strain_pairs import replicate_numbers
from pipeline_lib.sources.row_block import Column, Expected, Reason, Rejections
from pipeline_lib.sources.text_table import read_blocks

COLUMNS = {"first": Column(("strain_a",)), "second": Column(("strain_b",)), "ratio": Column(("log2_ratio",), "number")}
ONE_GENE_TWICE = Reason("one gene is named twice", Expected.UP_TO_HALF)


class BarcodeOptions(BaseModel):
    """``screens.<name>.options`` of a run."""

    generations: float = Field(default=1.0, gt=0)


@screen_reader(
    "barcode_ratios",
    publication="barcode sequencing of our own",
    files=ReaderFiles(required=("counts",)),
    units="log2 ratio a generation",
    scores=ScreenScores(unit="log2 ratio", calls=CallThreshold(negative=-0.5)),
    kinds="deletions",
    settings=BarcodeOptions,
)
def read(source):
    """Yield the rows block by block; rows with an unknown gene are rejected with their line."""
    path, generations = source.files["counts"], source.settings.options["generations"]
    rejections = Rejections(path)
    for block in read_blocks(path, COLUMNS, rejections):
        usable = check_values(block, rejections, needed="ratio")
        genes = named_genes(block, ("first", "second"), source.names, usable, rejections)
        same = usable & (genes[:, 0] == genes[:, 1])
        block.reject(same, ONE_GENE_TWICE, rejections)
        usable &= ~same
        genotypes = GenotypeColumns.sort(
            source.names, genes[usable], np.full((usable.sum(), 2), KINDS.index("deletion"), dtype=np.int8)
        )
        table = measurements(
            genotypes,
            "interaction",
            block.number("ratio")[usable] / generations,
            replicate=replicate_numbers(genotypes.keys()),
        )
        yield Batch(table, rejections.take(), len(genotypes))
