"""Kuzmin et al. 2018, rows of Data S1 whose gene triple occurs there more than once (``unique_triples.tsv``).

Strain ids, P-value, combined mutant fitness and its SD; the table has no interaction score. The P-values belong to the
raw epsilon of the row, which is not given, and stand on the row's fitness. A biased subset: of every repeated triple
the row with the lowest P-value is left out.
"""

from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Batch, Batches, Source, measurements
from pipeline_lib.screens.replicates import replicate_numbers
from pipeline_lib.screens.strain_pairs import strain_codes, strain_pairs
from pipeline_lib.screens.value_checks import ONE_SIDED_MAXIMUM, check_values
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, one_block
from pipeline_lib.sources.text_table import read_blocks

_COLUMNS = {
    "query": Column(("Query strain ID",)),
    "array": Column(("Array strain ID",)),
    "p_value": Column(("P-value",), "number"),
    "fitness": Column(("Combined mutant fitness",), "number"),
    "fitness_std": Column(("Combined mutant fitness standard deviation",), "number"),
}


def read(source: Source) -> Batches:
    """Yield one batch of double- and triple-mutant fitness."""
    path = source.files["table"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _COLUMNS, rejections), path)
    usable = check_values(
        block, rejections, needed="fitness", p_value="p_value", p_maximum=ONE_SIDED_MAXIMUM, std="fitness_std"
    )
    strains = Strains(source.names, drop_control=True)
    query, array = (strain_codes(block, strains, name) for name in ("query", "array"))
    pairs = strain_pairs(block, strains, query, array, usable, rejections)
    table = measurements(
        pairs.genotypes,
        "fitness",
        block.number("fitness")[pairs.kept],
        std=block.number("fitness_std")[pairs.kept],
        p_value=block.number("p_value")[pairs.kept],
        p_sided=1,
        query=strains.labels(pairs.query),
        array=strains.labels(pairs.array),
        replicate=replicate_numbers(pairs.genotypes.keys()),
    )
    yield Batch(table, rejections.take(), len(pairs.genotypes))
