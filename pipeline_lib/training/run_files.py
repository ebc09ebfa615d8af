"""Find the files of one fitted model in the folder of a run, and the unit of what it predicts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq
from pydantic import ValidationError

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.schemas import FEATURES_SUMMARY
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.model_registry import entry_of
from pipeline_lib.config.screen_readers import FITNESS_UNITS
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.errors import PipelineError

DEFAULT_SPLIT, DEFAULT_SEED = "random", 0
CALL_UNIT = "0 or 1"

Key = TypeVar("Key", str, int)


@dataclass(frozen=True)
class FitFiles:
    """A fitted model of a run, by the layout of ``results/<run>``.

    Attributes
    ----------
    run
        ``results/<run>``.
    model, split, seed
        Which fit: ``models/<model>/<split>/seed<seed>``.
    """

    run: Path
    model: str
    split: str
    seed: int

    @property
    def fitted(self) -> Path:
        """The fitted model."""
        return self.run / "models" / self.model / self.split / f"seed{self.seed}" / "model.pt"

    @property
    def genes(self) -> Path:
        """The gene index."""
        return self.run / "tables" / "genes.parquet"

    @property
    def observations(self) -> Path:
        """The measurements."""
        return self.run / "tables" / "observations.parquet"

    @property
    def folds(self) -> Path:
        """The fold of every observation."""
        return self.run / "splits" / f"{self.split}.parquet"

    @property
    def edges(self) -> Path:
        """The gene networks."""
        return self.run / "networks" / "edges.parquet"

    @property
    def stoichiometry(self) -> Path:
        """The metabolic model as tensors."""
        return self.metabolism("stoichiometry.pt")

    @property
    def features(self) -> list[Path]:
        """The feature tables that the model reads.

        Raises
        ------
        PipelineError
            When there are tables and not the summary that states which of them models read: the run has not ended.
        """
        summary = self.run / "features" / "summary.parquet"
        which = entry_of(self.model).features
        if which == "none":
            return []
        if not summary.exists():
            if any(summary.parent.glob("*.parquet")):
                raise PipelineError(f"{summary} does not exist; let the run end, or make it: snakemake {summary}")
            return []
        table = read_table(summary, FEATURES_SUMMARY)
        names = table["name"] if which == "all" else table.loc[table["used"], "name"]
        return [self.run / "features" / f"{name}.parquet" for name in names]

    def metabolism(self, name: str) -> Path:
        """Return a file of the metabolic model."""
        return self.run / "metabolism" / name


def find_fit(run: Path, model: str, split: str | None = None, seed: int | None = None) -> FitFiles:
    """Find one fitted model.

    Parameters
    ----------
    run
        ``results/<run>``.
    model
        Name of the model.
    split, seed
        Which of its fits. None: the only one there is, or else split ``random`` and seed 0.

    Raises
    ------
    PipelineError
        When there is no such run, model, split or seed, or several without a default; lists what there is.
    """
    fits = fits_of(run)
    models = {name for name, _, _ in fits}
    if model not in models:
        raise PipelineError(f"{run} has no fitted model '{model}'; its models: {_listed(models)}.")
    splits = {name for known, name, _ in fits if known == model}
    where = f"{run}: model {model}"
    chosen = _choose(splits, split, DEFAULT_SPLIT, where, "split")
    seeds = {number for known, name, number in fits if (known, name) == (model, chosen)}
    return FitFiles(run, model, chosen, _choose(seeds, seed, DEFAULT_SEED, f"{where}, split {chosen}", "seed"))


def fits_of(run: Path) -> list[tuple[str, str, int]]:
    """Return the model, split and seed of every fitted model of a run, sorted.

    Raises
    ------
    PipelineError
        When the folder holds no fitted models.
    """
    if not (run / "models").is_dir():
        raise PipelineError(_no_run(run))
    return sorted(
        {
            (path.parents[2].name, path.parents[1].name, int(path.parent.name.removeprefix("seed")))
            for path in run.glob("models/*/*/seed*/model.pt")
            if re.fullmatch(r"seed\d+", path.parent.name)
        }
    )


def _choose(there: set[Key], wanted: Key | None, default: Key, where: str, what: str) -> Key:
    if wanted is not None:
        if wanted not in there:
            raise PipelineError(f"{where} was not fitted with {what} '{wanted}'; its {what}s: {_listed(there)}.")
        return wanted
    if len(there) == 1:
        return next(iter(there))
    if default not in there:
        raise PipelineError(f"{where} was fitted with several {what}s; choose one by its {what}: {_listed(there)}.")
    return default


def _no_run(run: Path) -> str:
    places = dict.fromkeys([run.parent, Path("results")])
    runs = [str(path.parent) for place in places for path in sorted(place.glob("*/models")) if path.is_dir()]
    what = "holds no fitted models" if run.is_dir() else "is no folder of a run"
    return f"{run} {what}; give results/<run>; runs with models: {_listed(runs)}."


def _listed(names: Iterable[str | int]) -> str:
    return ", ".join(map(str, sorted(names))) or "none"


def unit_of(run: Path, screen: str, phenotype: str) -> str:
    """Return the unit of an assay's values, empty where the run records none.

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
    return _stated_unit(run, screen) or (FITNESS_UNITS if phenotype == "fitness" else "")


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
