"""What the Snakefile needs of a configuration: where the files of a run lie, which jobs it has, whose lock is on it.

Snakemake's own lock is a list of file names under ``.snakemake/locks`` that stays when the process is killed. Every
Snakemake of this workflow therefore holds a shared lock on one file from its start to its death, whatever kills it;
who can have that file for itself alone knows that no other lives.
"""

import fcntl
import json
import os
import re
import socket
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from pipeline_lib.command_line.code_hash import remembered_code_hash, remembered_sha256
from pipeline_lib.config.evaluation import ARTEFACTS, CLP_CHECKS, OF_KNOCKOUTS
from pipeline_lib.config.features import FEATURE_READERS, NETWORK_READERS, FeatureSettings
from pipeline_lib.config.loading import RunConfig
from pipeline_lib.config.model_registry import EXTENSIONS, FAMILIES, MODELS, entry_of, family_of, section_of
from pipeline_lib.config.registry import Entry
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.config.section import (
    BUILT_IN,
    SIMULATED,
    SOURCE_KEYS,
    catalogue_entries,
    named_files,
    neighbour_mirror,
)
from pipeline_lib.errors import PipelineError

_NOTHING = "(?!)"
"""A pattern that nothing matches."""

_LAYOUT_FILES = {
    "kuzmin2018": ("aao1729_data_s1.tsv",),
    "kuzmin2020": ("aaz5667-Table-S1.xlsx", "aaz5667-Table-S3.xlsx"),
    "costanzo2016": ("SGA_ExE.txt", "SGA_ExN_NxE.txt", "SGA_NxN.txt", "SGA_DAmP.txt"),
}

_TRAINED = frozenset({"clp", "dango"})
"""Families that are trained by gradients, on a GPU where there is one."""

OF_CLOSED_FORM = ("networks", "input_features", "profiles", "flux", "control_crosses", "separate")
"""Settings of ``models.clp`` that the closed form depends on."""


class Workflow:
    """The files and jobs of one run.

    Parameters
    ----------
    run
        The validated configuration.
    placed
        Where a path of the results lies: a workflow that imports this one as a module may put it under a prefix.
    """

    def __init__(self, run: RunConfig, placed: Callable[[str], str] = str) -> None:
        self.run = run
        self.results = f"results/{run.run}"
        self.placed = placed

    @cached_property
    def catalogue(self) -> dict[str, Any]:
        """The catalogue's entries by name."""
        return catalogue_entries(str(self.run.catalogue))

    def catalogue_entry(self, source: str) -> str:
        """Return what decides the content of a source, so that a new version of it is fetched."""
        entry = self.catalogue[source]
        content = {key: entry.get(key) for key in ("sha256", "archive", "member")}
        return json.dumps({**content, "files": entry["files"]} if source in self.collections else content)

    @property
    def any_source(self) -> str:
        """A pattern that matches every source of the catalogue that is one file."""
        return self.any_of(set(self.catalogue) - self.collections)

    @cached_property
    def collections(self) -> set[str]:
        """The catalogue's collections: many files each."""
        return {name for name, entry in self.catalogue.items() if isinstance(entry, dict) and "files" in entry}

    @staticmethod
    def any_of(names: Iterable[str]) -> str:
        """Return a pattern that matches each of the names and nothing else."""
        return "|".join(sorted(map(re.escape, names))) or _NOTHING

    def is_own(self, value: str | None) -> bool:
        """Whether a value of the configuration is a file of the user, neither fetched, simulated nor built in."""
        return value is not None and value not in self.catalogue and not value.startswith((SIMULATED, BUILT_IN))

    def path(self, value: str) -> str:
        """Return where a file of the configuration lies, as a rule's input: fetched, simulated or the user's own.

        Raises
        ------
        PipelineError
            When it names no simulation.
        """
        if value in self.catalogue:
            return f"{self.results}/sources/{value}"
        if value.startswith(SIMULATED):
            name = value.removeprefix(SIMULATED)
            if name.split("/")[0] not in self.run.simulation:
                raise PipelineError(
                    f"configuration: '{value}' names no simulation; there are {list(self.run.simulation)}."
                )
            return f"{self.results}/simulated/{name}"
        return value

    def argument(self, value: str) -> str:
        """Return what a command takes for a file of the configuration: its path, or the name of a built-in model."""
        return value if self.is_own(value) or value.startswith(BUILT_IN) else self.placed(self.path(value))

    def contents(self, **values: str | None) -> dict[str, str]:
        """Return the sha256 of every file that is the user's own: what it holds decides what is made again."""
        return {name: remembered_sha256(value) for name, value in values.items() if value and self.is_own(value)}

    @property
    def own_files(self) -> list[str]:
        """Every file of the user that the run reads, sorted."""
        return sorted({value for value in self._named if self.is_own(value)})

    @property
    def mirror(self) -> str:
        """The mirror folder, or empty where there is none."""
        named = self.run.mirror or os.environ.get("PIPELINE_MIRROR")
        if named:
            return str(Path(named).expanduser())
        return str(neighbour_mirror() or "")

    def export_mirror(self) -> None:
        """Put the mirror folder into the environment, which the jobs inherit."""
        if self.mirror:
            os.environ["PIPELINE_MIRROR"] = str(Path(self.mirror).resolve())

    @property
    def _named(self) -> list[str]:
        """The files that the run names."""
        return [value for _, value in named_files(self.run.model_dump(), SOURCE_KEYS)]

    @property
    def used_sources(self) -> list[str]:
        """Every source of the catalogue that the run reads, sorted."""
        return sorted({value for value in self._named if value in self.catalogue})

    @property
    def networks(self) -> list[str]:
        """The networks that the cell is built of: those chosen, else all."""
        chosen = self.run.cell.networks
        return list(self.run.networks) if chosen is None else list(chosen)

    def evidence(self, network: str) -> list[str]:
        """Return what a network rests on: as configured, else as the catalogue states; empty: not known."""
        settings = self.run.networks[network]
        if settings.evidence is not None:
            return list(settings.evidence)
        return [kind for file in settings.files.values() for kind in self.catalogue.get(file, {}).get("evidence") or ()]

    @cached_property
    def features(self) -> list[str]:
        """The feature tables that models read: those chosen, else those that hold no genetic interactions."""
        chosen = self.run.cell.features
        if chosen is not None:
            return list(chosen)
        return [name for name, settings in self.run.features.items() if self._genetic(settings) == "no"]

    @property
    def feature_tables(self) -> list[str]:
        """The feature tables that are built: all that are configured."""
        return list(self.run.features)

    def _genetic(self, settings: FeatureSettings) -> str:
        entries = (self.catalogue.get(file, {}) for file in settings.files.values())
        return settings.stated_genetic(
            {True: "yes", False: "no"}.get(entry.get("holds_genetic"), entry.get("holds_genetic")) for entry in entries
        )

    def feature_files(self, name: str) -> dict[str, str]:
        """Return the files, or folders, of a feature table by role; ``flux`` takes the run's metabolic model."""
        settings = self.run.features[name]
        return {"gem": self.run.metabolism.gem} if settings.reader == "flux" else settings.files

    def feature_settings(self, name: str) -> FeatureSettings:
        """Return the settings of a feature table; ``flux`` adds the screens' media and the run's background."""
        settings = self.run.features[name]
        if settings.reader != "flux":
            return settings
        # What a simulation grows on is its truth, and no feature.
        named = [screen.medium for screen in self.run.screens.values() if isinstance(screen.medium, str)]
        media = list(dict.fromkeys([*settings.media, *named]))
        background = settings.background or self.run.metabolism.background
        return settings.model_copy(update={"media": media, "background": background})

    @property
    def screen_media(self) -> dict[str, str | dict[str, float]]:
        """The media of screens and of simulations (``simulated:<name>``) that have their own."""
        found = {name: screen.medium for name, screen in self.run.screens.items()}
        found |= {f"{SIMULATED}{name}": simulation.medium for name, simulation in self.run.simulation.items()}
        return {owner: medium for owner, medium in found.items() if medium is not None}

    def feature_code(self, name: str) -> str:
        """Return a hash of the code that reads a feature table: an edit of one reader reads no other table again."""
        return _reading_code("features", FEATURE_READERS.get(self.run.features[name].reader))

    def network_code(self, name: str) -> str:
        """Return a hash of the code that reads a network."""
        return _reading_code("networks", NETWORK_READERS.get(self.run.networks[name].reader))

    def screen_code(self, name: str) -> str:
        """Return a hash of the code that reads a screen: an edit of one reader reads no other screen again."""
        return _reading_code("screens", SCREEN_READERS.get(self.run.screens[name].reader))

    def features_of(self, model: str) -> list[str]:
        """Return the feature tables that a model reads; a CLP without flux reads none of the metabolic model."""
        tables = {"none": [], "used": self.features, "all": self.feature_tables}[entry_of(model).features]
        return [name for name in tables if self._reads_flux(model) or self.run.features[name].reader != "flux"]

    @property
    def truths(self) -> dict[str, str]:
        """The noise-free values of every simulated screen."""
        return {
            name: f"{self.results}/simulated/{screen.simulation}/truth.parquet"
            for name, screen in self.run.screens.items()
            if screen.simulation
        }

    @property
    def jobs(self) -> list[tuple[str, str, int]]:
        """Every (model, split, seed) of the grid, once."""
        grid = self.run.grid
        found = {(m, s, k): None for entry in grid for s in entry.splits for m in entry.models for k in entry.seeds}
        return list(found)

    @property
    def artefacts(self) -> dict[str, str]:
        """Path of every artefact that the report reads, by its name."""
        models = {model for model, _, _ in self.jobs}
        left_out = frozenset() if any(family_of(model) == "clp" for model in models) else CLP_CHECKS
        if not any(self.knockouts_of(model) for model in models):
            left_out |= OF_KNOCKOUTS
        return {name: f"{self.results}/{path}" for name, path in ARTEFACTS.items() if name not in left_out}

    def model_code(self, model: str) -> str:
        """Return a hash of the code that fits `model`, and of its entry in the registry."""
        return f"{self._class_code(model)} {entry_of(model)}"

    @staticmethod
    def _class_code(model: str) -> str:
        return remembered_code_hash("pipeline_lib.training.cli:fit", entry_of(model).target.partition(":")[0])

    def checkpoints(self, model: str) -> str:
        """Return the folder of a model's checkpoints, one a version of its code: older weights must not be resumed.

        Models of one class have one folder, since their fits share what they have in common.
        """
        return self.placed(f"{self.results}/checkpoints/{self._class_code(model)}")

    def closed_form(self, model: str) -> str:
        """Return the model whose closed form the fits of `model` read; empty where each fit makes its own.

        Fits that differ in the network alone share it: seeds, losses, and ablations of the network. It is named after
        the first such model of the registry, whatever the grid holds, so that a larger grid fits nothing again.
        """
        choices = self._closed_form_choices(model)
        return next((one for one in FAMILIES["clp"] if choices and self._closed_form_choices(one) == choices), "")

    def _closed_form_choices(self, model: str) -> tuple[Any, ...]:
        """Return what the closed form of a model is made of; empty for one without, or with one of each seed."""
        if family_of(model) != "clp":
            return ()
        entry, common, tables = entry_of(model), self.run.models.clp, tuple(self.features_of(model))
        choices = {name: entry.overrides.get(name, getattr(common, name)) for name in OF_CLOSED_FORM}
        if not self.networks:
            choices["networks"] = "none"
        if not tables:
            choices["input_features"] = "measured"
        if choices["networks"] == "rewired" or choices["input_features"] == "random":
            return ()
        return tables, *choices.values()

    def model_settings(self, model: str) -> str:
        """Return the settings of the model's family, so that another family's change does not refit it.

        The closed form of CLP holds a profile predictor, and reads its settings too.
        """
        if family_of(model) == EXTENSIONS:
            extensions = self.run.models.extensions
            return json.dumps({EXTENSIONS: {model: extensions[model]} if model in extensions else {}})
        sections = {section_of(model)} | ({"profile_predictor"} if family_of(model) == "clp" else set())
        settings = {name: getattr(self.run.models, name).model_dump_json() for name in sorted(sections)}
        return json.dumps({name: json.loads(text) for name, text in settings.items()})

    def knockouts_of(self, model: str) -> str:
        """Return the flux method whose knockouts the model reads; empty: none."""
        return entry_of(model).knockouts if self._reads_flux(model) else ""

    def _reads_flux(self, model: str) -> bool:
        return family_of(model) != "clp" or bool(entry_of(model).overrides.get("flux", self.run.models.clp.flux))

    @property
    def models_on_gpu(self) -> list[str]:
        """The models whose fits need a GPU of a cluster."""
        if self.run.training.device == "cpu":
            return []
        return [m for m in self._models if family_of(m) in _TRAINED or entry_of(m).on_gpu]

    @property
    def models_without_gpu(self) -> list[str]:
        """Every other model."""
        return sorted(set(self._models) - set(self.models_on_gpu))

    @property
    def _models(self) -> list[str]:
        """The pipeline's own models, and those of other packages that are in the grid: others are not imported."""
        return list(dict.fromkeys([*MODELS.built_in, *(model for model, _, _ in self.jobs)]))

    def launcher(self, model: str) -> list[str]:
        """Return what stands between ``python`` and ``training fit``: torchrun where several processes share a fit."""
        count = self.run.training.processes if model in self.models_on_gpu else 1
        several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
        return [*(several if count > 1 else []), "-m", "pipeline_lib"]

    def simulated_files(self, layout: str) -> list[str]:
        """Return the names of the files that a simulation writes in a layout."""
        return list(_LAYOUT_FILES[layout])


def _reading_code(stage: str, reader: Entry) -> str:
    return remembered_code_hash(f"pipeline_lib.{stage}.cli:read", reader.target.partition(":")[0])


def as_json(section: Any) -> str:  # noqa: ANN401 - a section, or a mapping or list of sections
    """Return a section of the configuration as one line of JSON, keys in their own order."""
    if isinstance(section, BaseModel):
        return section.model_dump_json()
    return json.dumps(TypeAdapter(Any).dump_python(section, mode="json"))


_held: list[int] = []
"""Handles that stay open as long as the process lives."""


def join_runs(state: Path) -> bool:
    """Enter the runs of a working folder, and remove locks whose owner is dead.

    The file also holds the name of the machine that last had the folder for itself: on a file system that does not
    carry locks from one machine to another, a lock that another machine made is left alone.

    Parameters
    ----------
    state
        Snakemake's folder, ``.snakemake``.

    Returns
    -------
    bool
        Whether locks of another run are in force. False too where the file system has no locks or is read-only:
        Snakemake's own lock holds there as it always did.
    """
    try:
        state.mkdir(exist_ok=True)
        handle = os.open(state / "alive", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return False
    _held.append(handle)
    try:
        alone = _try_alone(handle)
        left = sorted((state / "locks").glob("*.lock"))
        host = socket.gethostname().encode()
        last = os.pread(handle, 256, 0)
        if alone and left and last == host:
            for lock in left:
                lock.unlink(missing_ok=True)
            left = []
        if alone and not left and last != host:
            os.pwrite(handle, host, 0)
            os.ftruncate(handle, len(host))
            # A power loss must not take the name along: the next run would not know the lock for its own.
            os.fsync(handle)
        fcntl.flock(handle, fcntl.LOCK_SH)
    except OSError:
        return False
    return bool(left)


def _try_alone(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
