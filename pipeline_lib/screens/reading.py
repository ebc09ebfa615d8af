"""Read one screen to a parquet file, batch by batch, and write down what was rejected."""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.artefacts.tables import ParquetStream
from pipeline_lib.config.registry import load
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.config.screens import Order, Phenotype, ScreenSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.coverage import gene_coverage, refuse_other_organism
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.screens.batch import REJECTED_SCHEMA, Source, constant
from pipeline_lib.screens.readers.bfg_gi import LINKED

_OF_ANY_NUMBER = ("gene ", "no measurement")
"""Starts of the reasons for which a sound file may have any number of its rows rejected."""
_OF_SOME_ROWS = ("query and array lack the same gene", "no gene of interest", "one gene is named", LINKED)
"""Starts of those for which it may have up to half; of any other the layout is another one beyond `_TOLERATED`."""
_PARTICULARS = re.compile(
    r"'[^']*'|(?<=ambiguous: ).*|(?<=P-value )\S+|(?<=deviation )-?[\d.]\S*|(?<=^value )\S+|; it is a date.*"
)
_TOLERATED = 0.2
_MOST = 0.5
_ENOUGH = 20


@dataclass
class ReadCounts:
    """What became of a screen's rows.

    Attributes
    ----------
    observations
        Number written.
    accepted
        Number of rows of the files that were not rejected.
    left_out
        Number that the settings (orders, phenotypes, conditions, only) leave out.
    rejected
        Number of rejected rows by reason.
    """

    observations: int = 0
    accepted: int = 0
    left_out: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def summary(self) -> list[tuple[str, int]]:
        """Return the numbers of rejected rows by kind of reason: without the names and numbers in it."""
        kinds: Counter[str] = Counter()
        for reason, n in self.rejected.items():
            kinds[_PARTICULARS.sub("...", reason)] += n
        return kinds.most_common()


def read_screen(
    name: str,
    settings: ScreenSettings,
    files: Mapping[str, Path],
    names: GeneNames,
    output: Path,
    rejected_output: Path,
) -> ReadCounts:
    """Read a screen and write its observations and its rejected rows.

    Parameters
    ----------
    name
        The screen's name in every table.
    settings
        Its section of the configuration.
    files
        Its files by role.
    names
        The gene index.
    output, rejected_output
        Parquet files: OBSERVATIONS, numbered from 0 within the screen, and REJECTED.

    Raises
    ------
    PipelineError
        When a file cannot be read, is empty, or its layout is not the reader's.
    """
    source = Source(files, names, settings)
    counts = ReadCounts()
    first_fault = ""
    with ExitStack() as stack:
        observations = stack.enter_context(ParquetStream(stack.enter_context(atomic_path(output))))
        rejected = stack.enter_context(ParquetStream(stack.enter_context(atomic_path(rejected_output))))
        for batch in load(SCREEN_READERS.get(settings.reader).target)(source):
            kept = _wanted(batch.observations, settings, names)
            counts.left_out += batch.observations.num_rows - kept.num_rows
            observations.write(_labelled(kept, name, counts.observations))
            counts.observations += kept.num_rows
            counts.accepted += batch.accepted
            rejected.write(_of_screen(batch.rejected, name))
            first_fault = first_fault or _first_fault(batch.rejected)
            counts.rejected.update(batch.rejected.column("reason").to_pylist())
            _check(name, counts, first_fault)
        refuse_other_organism(gene_coverage("screen", name, names, names.looked_up), names)
        _check_whole(name, counts)
        if not counts.observations:
            raise PipelineError(
                f"screen '{name}': no row became an observation ({sum(counts.rejected.values())} rejected, "
                f"{counts.left_out} left out by the settings); {first_fault or _usual(counts)}"
            )
    return counts


def _of_screen(rejected: pa.Table, screen: str) -> pa.Table:
    names = pa.array([screen] * rejected.num_rows, pa.string())
    return rejected.add_column(0, "screen", names).cast(REJECTED_SCHEMA)


def _labelled(table: pa.Table, screen: str, start: int) -> pa.Table:
    n = table.num_rows
    numbered = table.add_column(0, "screen", constant(screen, n))
    return numbered.add_column(0, "observation_id", pa.array(np.arange(start, start + n, dtype=np.int64)))


def _wanted(table: pa.Table, settings: ScreenSettings, names: GeneNames) -> pa.Table:
    """Leave out what the settings do not ask for."""
    if set(settings.orders) != set(get_args(Order)):
        table = table.filter(pc.is_in(table.column("order"), pa.array(settings.orders, pa.int64())))
    if set(settings.phenotypes) != set(get_args(Phenotype)):
        table = table.filter(pc.is_in(table.column("phenotype").cast(pa.string()), pa.array(settings.phenotypes)))
    if settings.conditions is not None:
        table = table.filter(pc.is_in(table.column("condition").cast(pa.string()), pa.array(settings.conditions)))
    if settings.only == "metabolic":
        lists = table.column("genes").combine_chunks()
        # Systematic names by now: a look-up of names would count them among those of the file.
        in_gem = names.in_gem[
            pc.index_in(lists.flatten().cast(pa.string()), names.genes).to_numpy(zero_copy_only=False)
        ]
        owner = lists.value_parent_indices().to_numpy(zero_copy_only=False)
        keep = np.zeros(table.num_rows, dtype=bool)
        keep[owner[in_gem]] = True
        table = table.filter(pa.array(keep))
    return table


def _is_fault(reason: str) -> bool:
    return not reason.startswith(_OF_ANY_NUMBER + _OF_SOME_ROWS)


def _first_fault(rejected: pa.Table) -> str:
    place = next((i for i, reason in enumerate(rejected.column("reason").to_pylist()) if _is_fault(reason)), None)
    if place is None:
        return ""
    row = rejected.slice(place, 1).to_pylist()[0]
    return f"{row['file']}: row {row['row']}: {row['reason']}."


def _usual(counts: ReadCounts) -> str:
    if not counts.rejected and not counts.left_out:
        return "its files hold no rows; give the whole files."
    if not counts.rejected:
        return "look at orders, phenotypes, conditions and only in the configuration."
    reason, n = counts.rejected.most_common(1)[0]
    return f"most often ({n} rows): {reason}."


def _check(name: str, counts: ReadCounts, first_fault: str) -> None:
    """Refuse a file of another layout instead of reading what is left of it."""
    faults = sum(n for reason, n in counts.rejected.items() if _is_fault(reason))
    rows = counts.accepted + sum(counts.rejected.values())
    if faults >= _ENOUGH and faults > _TOLERATED * rows:
        raise PipelineError(
            f"screen '{name}': {faults} of {rows} rows do not fit the layout of its reader; {first_fault}"
        )


def _check_whole(name: str, counts: ReadCounts) -> None:
    """Refuse a file most of whose rows are rejected for one reason that shows it is not what the settings state."""
    rows = counts.accepted + sum(counts.rejected.values())
    for reason, n in counts.rejected.items():
        if reason.startswith(_OF_SOME_ROWS) and n >= _ENOUGH and n > _MOST * rows:
            raise PipelineError(
                f"screen '{name}': {n} of {rows} rows are rejected for one reason: {reason}; give the phenotype and "
                "the columns that the file has."
            )
