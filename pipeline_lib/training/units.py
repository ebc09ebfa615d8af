"""The unit of a screen's values, as the run records it."""

from pathlib import Path

import pyarrow.parquet as pq

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.screens.registry import READERS

SIMULATED_UNIT = "growth over that of the wild type"
"""Of what a metabolic model predicts by itself, in no screen's units."""


def unit_of(run: Path, screen: str) -> str | None:
    """Return the unit of a screen's values; None where the run records none.

    It is the column ``unit`` of ``tables/screens_summary.parquet`` where there is one, else what the configuration in
    ``provenance.json`` states or the screen's reader is known to read.

    Parameters
    ----------
    run
        ``results/<run>``.
    screen
        Name of the screen; '' for what a metabolic model predicts in its own units.
    """
    if not screen:
        return SIMULATED_UNIT
    summary = run / "tables" / "screens_summary.parquet"
    if summary.exists() and "unit" in pq.read_schema(summary).names:
        table = read_table(summary, columns=["screen", "unit"])
        recorded = table.loc[table["screen"] == screen, "unit"].dropna()
        return str(recorded.iloc[0]) if len(recorded) else None
    provenance = run / "provenance.json"
    if not provenance.exists():
        return None
    settings = read_json(provenance).get("configuration", {}).get("screens", {}).get(screen, {})
    reader = settings.get("reader", "table")
    return settings.get("unit") or (READERS[reader].units if reader in READERS and reader != "table" else None)
