"""The unit of an assay's values, as the run records it."""

from pathlib import Path

import pyarrow.parquet as pq
from pydantic import ValidationError

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.calls import FITNESS_UNITS
from pipeline_lib.config.screens import ScreenSettings

CALL_UNIT = "0 or 1"


def unit_of(run: Path, screen: str, phenotype: str) -> str | None:
    """Return the unit of an assay's values; None where the run records none.

    A call is 0 or 1. Fitness is relative to the wild type unless its screen states another unit, and so is what a
    metabolic model gives by itself.

    Parameters
    ----------
    run
        ``results/<run>``.
    screen, phenotype
        The assay; a screen of '' is none: what a metabolic model gives by itself.
    """
    if phenotype == "call":
        return CALL_UNIT
    if not screen:
        return FITNESS_UNITS
    return _stated_unit(run, screen) or (FITNESS_UNITS if phenotype == "fitness" else None)


def _stated_unit(run: Path, screen: str) -> str | None:
    """Return the screen's unit out of the screens' summary, where that has one, or of the run's configuration."""
    summary = run / "tables" / "screens_summary.parquet"
    if summary.exists() and "unit" in pq.read_schema(summary).names:
        table = read_table(summary, columns=["screen", "unit"])
        recorded = table.loc[table["screen"] == screen, "unit"].dropna()
        return str(recorded.iloc[0]) if len(recorded) else None
    provenance = run / "provenance.json"
    screens = read_json(provenance)["configuration"]["screens"] if provenance.exists() else {}
    try:
        return ScreenSettings.model_validate(screens[screen]).scores.unit if screen in screens else None
    except ValidationError:
        # Written by a version whose settings were others.
        return None
