"""Costanzo et al. 2016, single-mutant fitness of every strain at 26 and 30 degrees Celsius (workbook).

Wild type = 1; SD over replicates. The workbook gives one measurement several times: a strain that was measured at one
temperature has the same fitness and SD at both, and so have the query and the array strain of one allele. The column
``repeated`` marks every such copy but the first, so that nobody takes a copy for a replicate.
"""

import numpy as np
import pyarrow as pa

from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Batch, Batches, Source, measurements
from pipeline_lib.screens.genotype_columns import GenotypeColumns
from pipeline_lib.screens.replicates import repeated_values, replicate_numbers
from pipeline_lib.screens.strain_pairs import strain_codes
from pipeline_lib.sources.excel_table import read_sheet
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column

_SINGLE_MUTANTS = {
    "strain": Column(("Strain ID",)),
    "allele": Column(("Allele/Gene name",)),
    "fitness_26": Column(("Single mutant fitness (26°)",), "number"),
    "std_26": Column(("Single mutant fitness (26°) stddev",), "number"),
    "fitness_30": Column(("Single mutant fitness (30°)",), "number"),
    "std_30": Column(("Single mutant fitness (30°) stddev",), "number"),
}
_TEMPERATURES = (26, 30)


def read_single_mutants(source: Source) -> Batches:
    """Yield one batch of single-mutant fitness, a row a strain and temperature."""
    path = source.files["fitness"]
    rejections = Rejections(path)
    block = read_sheet(path, _SINGLE_MUTANTS, rejections)
    strains = Strains(source.names, drop_control=False)
    codes = strain_codes(block, strains, "strain", "allele")
    faulty = strains.faulty()[codes]
    block.reject(faulty, [strains.faults[code] for code in codes[faulty]], rejections)
    fitness = np.column_stack([block.number(f"fitness_{degrees}") for degrees in _TEMPERATURES])
    std = np.column_stack([block.number(f"std_{degrees}") for degrees in _TEMPERATURES])
    unmeasured = ~faulty & np.isnan(fitness).all(axis=1)
    block.reject(unmeasured, "no measurement at either temperature", rejections)
    rows, temperature = np.nonzero(np.isfinite(fitness) & ~faulty[:, None])
    genotypes = GenotypeColumns.sort(
        source.names, strains.gene_matrix()[codes[rows], :1], strains.kind_matrix()[codes[rows], :1]
    )
    value, spread = fitness[rows, temperature], std[rows, temperature]
    keys = genotypes.keys()
    table = measurements(
        genotypes,
        "fitness",
        value,
        std=spread,
        query=strains.labels(codes[rows]),
        replicate=replicate_numbers(keys),
        temperature=np.asarray(_TEMPERATURES, dtype=np.float64)[temperature],
        extra={"repeated": pa.array(repeated_values(keys, value, spread))},
    )
    yield Batch(table, rejections.take(), int((~faulty & ~unmeasured).sum()))
