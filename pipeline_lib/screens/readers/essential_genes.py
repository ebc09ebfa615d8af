"""A list of essential genes as a screen of single deletions: fitness 0 of the genes that it names, 1 of the others.

So every model predicts essentiality as it predicts fitness. What lives grows at very different rates, and the list does
not say at which: 1 stands for "it lives".
"""

import numpy as np
import pyarrow as pa

from pipeline_lib.genes.essential_genes import read_essential_genes
from pipeline_lib.genes.gene_tables import read_gene_table
from pipeline_lib.genes.names import UNKNOWN
from pipeline_lib.screens.alleles import KINDS
from pipeline_lib.screens.batch import Batch, Batches, Source, measurements
from pipeline_lib.screens.genotype_columns import GenotypeColumns
from pipeline_lib.sources.rejections import Rejections


def read_essential_genes(source: Source) -> Batches:
    """Yield one batch, a row a gene that both the gene table and the run know."""
    path = source.files["essential"]
    listed = read_essential_genes(path, source.names)
    tested = source.names.positions(pa.array(read_gene_table(source.files["genes"])["gene"]))
    genes = np.union1d(tested[tested > UNKNOWN], listed)
    kinds = np.full((len(genes), 1), KINDS.index("deletion"), dtype=np.int8)
    genotypes = GenotypeColumns.sort(source.names, genes[:, None], kinds)
    fitness = np.where(np.isin(genes, listed), 0.0, 1.0)
    table = measurements(genotypes, "fitness", fitness, replicate=np.zeros(len(genes), dtype=np.int64))
    yield Batch(table, Rejections(path).take(), len(genes))
