"""St Onge et al. 2007: pairs of DNA-repair genes with and without methyl methanesulphonate, as Table EV4 of BFG-GI.

The columns ``SOJ_E_NoMMS`` and ``SOJ_E_MMS`` of the table of Diaz-Mejia et al. 2018 (`pipeline_lib.screens.readers.
bfg_gi`) hold epsilon of 287 pairs in fitness units. No SD, no P-value. The condition stands in the column
``condition``, the authors' class (NEUTRAL, AGGRAVATING, ALLEVIATING) in ``published_class``.
"""

import numpy as np
import pyarrow as pa

from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.screens.batch import Batch, Batches, Source, constant, measurements
from pipeline_lib.screens.readers.bfg_gi import PAIR_COLUMNS, UnlinkedPairs, pair_labels, unlinked_pairs
from pipeline_lib.screens.replicates import replicate_numbers
from pipeline_lib.screens.value_checks import GREATEST_MAGNITUDE
from pipeline_lib.sources.rejections import Rejections
from pipeline_lib.sources.row_block import Column, RowBlock, one_block
from pipeline_lib.sources.text_table import read_blocks

_CONDITIONS = SCREEN_READERS.built_in["st_onge2007"].conditions
_COLUMNS = PAIR_COLUMNS | {
    f"{ours}.{condition}": Column((theirs.format(condition),), "number" if ours == "score" else "text")
    for condition in _CONDITIONS
    for ours, theirs in (("score", "SOJ_E_{}"), ("class", "SOJ_Class_{}"))
}


def read(source: Source) -> Batches:
    """Yield one batch: the conditions one after another. Pairs that only BFG-GI measured are no rows of this screen."""
    path = source.files["table"]
    rejections = Rejections(path)
    block = one_block(read_blocks(path, _COLUMNS, rejections), path)
    scores = np.stack([block.number(f"score.{condition}") for condition in _CONDITIONS])
    measured = np.asarray(np.isfinite(scores).any(axis=0))
    pairs = unlinked_pairs(block, measured, source.names, rejections)
    tables = [_measured(block, pairs, condition) for condition in _CONDITIONS]
    yield Batch(pa.concat_tables(tables), rejections.take(), int(pairs.kept.sum()))


def _measured(block: RowBlock, pairs: UnlinkedPairs, condition: str) -> pa.Table:
    score = block.number(f"score.{condition}")
    rows = pairs.kept & (np.abs(score) <= GREATEST_MAGNITUDE)
    genotypes = pairs.take(rows)
    return measurements(
        genotypes,
        "interaction",
        score[rows],
        replicate=replicate_numbers(genotypes.keys()),
        extra={
            "condition": constant(condition, len(genotypes)),
            "published_class": block.text(f"class.{condition}").filter(pa.array(rows)),
        },
        **pair_labels(block, rows),
    )
