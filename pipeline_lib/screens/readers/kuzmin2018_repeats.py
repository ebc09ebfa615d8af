"""Kuzmin et al. 2018, rows of Data S1 whose gene triple occurs there more than once (``unique_triples.tsv``).

Strain ids, P-value, combined mutant fitness and its SD; the table has no interaction score. The P-values belong to the
raw epsilon of the row, which is not given, and stand on the row's fitness. A biased subset: of every repeated triple
the row with the lowest P-value is left out.
"""

from pipeline_lib.screens.alleles import Strains
from pipeline_lib.screens.batch import Batch, Batches, Source
from pipeline_lib.screens.strain_pairs import Crosses, read_pairs
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
    strains = Strains(source.names, drop_control=True)
    pairs = read_pairs(block, strains, rejections, needed="fitness")
    fitness, std, p_value = (block.number(name)[pairs.kept] for name in ("fitness", "fitness_std", "p_value"))
    table = Crosses.join([pairs], strains).measured("fitness", fitness, std, p_value)
    yield Batch(table, rejections.take(), len(pairs.genotypes))
