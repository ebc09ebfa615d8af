"""The slice of Costanzo et al. 2016 that DCell was published with: gene pairs of one GO term and their epsilon.

Space-separated, no header: order (2), gene, gene, epsilon in fitness units. No SD, no P-value, no strain: which was the
query is not known, nor the kind of the alleles. The column ``published_fold`` keeps DCell's own split.
"""

import numpy as np
import pyarrow as pa

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.alleles import KINDS
from pipeline_lib.screens.batch import Batch, Batches, Source, constant, measurements
from pipeline_lib.screens.genotype_columns import GenotypeColumns
from pipeline_lib.screens.named_genes import named_genes
from pipeline_lib.screens.replicates import replicate_numbers
from pipeline_lib.screens.value_checks import check_values
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

_HEADER = ("order", "gene1", "gene2", "value")
_DCELL = {name: Column((name,), "number" if name in {"order", "value"} else "text") for name in _HEADER}
_FOLDS = ("training", "testing")


def read_dcell(source: Source) -> Batches:
    """Yield one batch: the training file, then the testing file."""
    parts, values, folds, rejected = [], [], [], []
    for role in (role for role in _FOLDS if role in source.files):
        path = source.files[role]
        rejections = Rejections(path)
        block = one_block(read_blocks(path, _DCELL, rejections, delimiters=" ", header=_HEADER), path)
        genes, kept = _gene_pairs(block, source.names, rejections)
        parts.append(genes)
        values.append(block.number("value")[kept])
        folds.append(constant(role, len(genes)))
        rejected.append(rejections.take())
    genes = np.concatenate(parts)
    genotypes = GenotypeColumns.sort(
        source.names, genes, np.full(genes.shape, KINDS.index("unspecified"), dtype=np.int8)
    )
    table = measurements(
        genotypes,
        "interaction",
        np.concatenate(values),
        replicate=replicate_numbers(genotypes.keys()),
        extra={"published_fold": pa.chunked_array(folds).unify_dictionaries().combine_chunks()},
    )
    yield Batch(table, pa.concat_tables(rejected), len(genotypes))


def _gene_pairs(block: RowBlock, names: GeneNames, rejections: Rejections) -> tuple[np.ndarray, np.ndarray]:
    """Return gene indices int32 [n, 2] and which rows of the block they are of."""
    usable = check_values(block, rejections, needed="value")
    wrong = usable & (block.number("order") != 2)
    block.reject(wrong, "the first field is not 2, the number of genes", rejections)
    usable &= ~wrong
    genes = named_genes(block, ("gene1", "gene2"), names, usable, rejections)
    same = usable & (genes[:, 0] == genes[:, 1])
    block.reject(same, "query and array lack the same gene", rejections)
    usable &= ~same
    return genes[usable], usable
