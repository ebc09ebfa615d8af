"""Called interactions of Kuzmin et al. 2018 (Data S2) as allele triplets, against an assumed background.

``links.txt`` lists 17,285 triplets that were called an interaction: three allele names, and how often the triplet was
called positive (rating=0) and negative (rating=1). A triplet with the neutral ho deletion is digenic, every other
trigenic; all trigenic calls are negative. Labels only: no score, no P-value, no list of what was tested.

Value 1: called negative at least once; value 0: called positive only, or (``assumed_tested``) not called. The
background is every double-mutant query that was analysed times every array allele that a call names, less what was
called. The queries are those of the assignment file that the authors' program analyses (``Tspace``, ``PPI controls``),
and further pairs of the optional strain table that have calls.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.allele_triplets import NONE, AlleleTriplets, Roles, assign_roles, read_triplets
from pipeline_lib.screens.alleles import KINDS, NEUTRAL_CONTROL
from pipeline_lib.screens.batch import Batch, Batches, Source, measurements
from pipeline_lib.screens.double_mutant_queries import DoubleMutantQueries, read_queries
from pipeline_lib.screens.genotype_columns import GenotypeColumns
from pipeline_lib.screens.replicates import replicate_numbers
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, one_block
from pipeline_lib.sources.text_table import read_blocks

_COLUMNS = {
    "triplet": Column(("Triplete_Name", "Triplet_Name")),
    "positive": Column(("rating=0",), "number"),
    "negative": Column(("rating=1",), "number"),
}


def read_calls_2018(source: Source) -> Batches:
    """Yield one batch: the calls in the order of the file, then the background."""
    path = source.files["calls"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _COLUMNS, rejections, delimiters=" "), path)
    strain_table = source.files.get("strain_fitness")
    queries, query_rejections = read_queries(source.files["assignment"], strain_table, source.names)
    triplets, kept = read_triplets(block, "triplet", source.names, rejections)
    roles = assign_roles(triplets, queries)
    background_query, background_array = _background(roles, queries, triplets)
    called = len(triplets.codes)
    genotypes = GenotypeColumns.concatenate(
        [
            GenotypeColumns.sort(source.names, triplets.genes(), triplets.kind[triplets.codes]),
            _crossed(source.names, queries, triplets, roles, background_query, background_array),
        ]
    )
    negative = np.append(block.number("negative")[kept], np.zeros(len(background_query)))
    positive = np.append(block.number("positive")[kept], np.zeros(len(background_query)))
    table = measurements(
        genotypes,
        "call",
        (negative > 0).astype(np.float64),
        query=pa.concat_arrays(
            [_query_labels(roles, queries, source.names), _decode(background_query, queries.strains)]
        ).dictionary_encode(),
        array=pa.concat_arrays(
            [_decode(roles.array, triplets.alleles), _decode(background_array, triplets.alleles)]
        ).dictionary_encode(),
        replicate=replicate_numbers(genotypes.keys()),
        extra={
            "assumed_tested": pa.array(np.arange(len(genotypes)) >= called),
            "positive_calls": pa.array(positive.astype(np.int64)),
            "negative_calls": pa.array(negative.astype(np.int64)),
        },
    )
    yield Batch(table, pa.concat_tables([part.take() for part in (rejections, *query_rejections)]), called)


def _background(
    roles: Roles, queries: DoubleMutantQueries, triplets: AlleleTriplets
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (query, array allele) of every cross that is assumed to have been tested and was not called."""
    with_calls = np.unique(roles.query[roles.query != NONE])
    screened = np.union1d(np.flatnonzero(queries.analysed), with_calls)
    arrays = np.unique(roles.array[roles.array != NONE]).astype(np.int64)
    query, array = np.repeat(screened, len(arrays)), np.tile(arrays, len(screened))
    own_gene = (queries.genes[query] == triplets.gene[array][:, None]).any(axis=1)
    width = len(triplets.alleles)
    certain = roles.query != NONE
    was_called = np.isin(query * width + array, roles.query[certain] * width + roles.array[certain])
    return query[~own_gene & ~was_called], array[~own_gene & ~was_called]


def _crossed(
    names: GeneNames,
    queries: DoubleMutantQueries,
    triplets: AlleleTriplets,
    roles: Roles,
    query: NDArray[np.int64],
    array: NDArray[np.int64],
) -> GenotypeColumns:
    """Return the genotypes of queries crossed to arrays; a query gene's kind is that of its alleles in the calls."""
    kind_of_gene = np.full(len(names), KINDS.index("unspecified"), dtype=np.int8)
    in_query = (triplets.codes != roles.array[:, None]) & (roles.query != NONE)[:, None]
    alleles = triplets.codes[in_query]
    kind_of_gene[triplets.gene[alleles]] = triplets.kind[alleles]
    pair = queries.genes[query]
    return GenotypeColumns.sort(
        names,
        np.column_stack([pair, triplets.gene[array]]),
        np.column_stack([kind_of_gene[pair], triplets.kind[array]]),
    )


def _decode(codes: NDArray[np.int64] | NDArray[np.int32], labels: list[str]) -> pa.Array:
    """Return labels of `codes`, missing where the code is -1."""
    return pa.array(labels, type=pa.string()).take(pa.array(codes, mask=codes == NONE))


def _query_labels(roles: Roles, queries: DoubleMutantQueries, names: GeneNames) -> pa.Array:
    """Return the id of each call's query strain: a double mutant, or the control of a digenic call."""
    controls = [queries.controls.get(gene, NEUTRAL_CONTROL) for gene in range(len(names))]
    double = _decode(roles.query, queries.strains)
    single = _decode(roles.control_gene, controls)
    return pa.array(
        np.where(np.asarray(double.is_valid()), double.to_numpy(False), single.to_numpy(False)), pa.string()
    )
