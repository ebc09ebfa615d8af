"""The plan of a run, and everything that is wrong with it before any file is read."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline_lib.command_line.workflow import Workflow
from pipeline_lib.config.features import FEATURE_READERS, NETWORK_READERS
from pipeline_lib.config.loading import load_run
from pipeline_lib.config.model_registry import MODELS, entry_of
from pipeline_lib.config.section import SIMULATED, ConfigurationError, checked
from pipeline_lib.config.training import kind_and_repeat
from pipeline_lib.errors import PipelineError


def plan_run(
    content: Any,  # noqa: ANN401 - a mapping as YAML or Snakemake gives it
    where: str,
    files: Sequence[str | Path] = (),
    placed: Callable[[str], str] = str,
) -> Workflow:
    """Return the files and jobs of a run whose configuration is sound, as are the headers of the own tables.

    Parameters
    ----------
    content, where, files
        As `pipeline_lib.config.loading.load_run`.
    placed
        As `pipeline_lib.command_line.workflow.Workflow`.

    Raises
    ------
    ConfigurationError
        One sentence for everything that is wrong.
    PipelineError
        When a base or the catalogue cannot be read.
    """
    loaded = load_run(content, where, files)
    flow = Workflow(loaded.config, placed)
    faults = [*loaded.faults, *(f"{where}: {fault}" for fault in _faults(flow))]
    if faults:
        raise ConfigurationError(faults)
    return flow


def own_tables(flow: Workflow) -> list[str]:
    """Return the screens that are tables of the user, by name."""
    return [
        name
        for name, screen in flow.run.screens.items()
        if screen.reader == "table" and all(map(flow.is_own, screen.files.values()))
    ]


def _faults(flow: Workflow) -> Iterator[str]:
    yield from _model_faults(flow)
    yield from _split_faults(flow)
    yield from _training_faults(flow)
    yield from _simulation_faults(flow)
    yield from _mixed_simulation_faults(flow)
    yield from _network_faults(flow)
    yield from _feature_faults(flow)
    yield from _scan_faults(flow)
    yield from _table_faults(flow)
    for path in flow.own_files:
        # A path that was not found has a sentence already.
        if Path(path).is_file() and not os.access(path, os.R_OK):
            yield f"'{path}' cannot be read; change its permissions."


def _feature_faults(flow: Workflow) -> Iterator[str]:
    run = flow.run
    for name, settings in run.features.items():
        if name == "summary":
            yield "key 'features.summary': 'summary' is the table that describes all of them; name it otherwise."
        try:
            FEATURE_READERS.get(settings.reader)
        except PipelineError as error:
            yield f"key 'features.{name}': {error}"
    for name in run.cell.features or ():
        if name not in run.features:
            yield f"key 'cell.features': there is no feature table '{name}'; there are {list(run.features)}."


def _scan_faults(flow: Workflow) -> Iterator[str]:
    run = flow.run
    # A run without a scan may leave its defaults as they are, whatever its splits are.
    if "scan" not in run.model_fields_set:
        return
    for key, name, there in (("split", run.scan.split, run.splits.names), ("screen", run.scan.screen, run.screens)):
        if name is not None and name not in there:
            yield f"key 'scan.{key}': the run has no {key} '{name}'; there are {list(there)}."


def _table_faults(flow: Workflow) -> Iterator[str]:
    """Yield one sentence for every own table that cannot be read or lacks a column, by its header alone."""
    for name in own_tables(flow):
        screen = flow.run.screens[name]
        # A path that was not found has a sentence already.
        if not Path(screen.files["table"]).is_file():
            continue
        from pipeline_lib.screens.readers.table import check_header

        try:
            check_header(Path(screen.files["table"]), screen)
        except PipelineError as error:
            yield f"screen '{name}': {error}"


def _model_faults(flow: Workflow) -> Iterator[str]:
    run = flow.run
    named = {
        "grid": [model for entry in run.grid for model in entry.models],
        "evaluation.baselines": run.evaluation.baselines,
        "evaluation.references": run.evaluation.references,
        "reporting.model": [run.reporting.model],
        "scan.model": [run.scan.model],
    }
    for key, models in named.items():
        for model in dict.fromkeys(models):
            try:
                entry = entry_of(model)
            except PipelineError as error:
                yield f"key '{key}': {error}"
                continue
            if model in MODELS.built_in or model in run.models.extensions:
                continue
            try:
                checked(entry.settings, {})
            except ValueError as error:
                yield f"key 'models.extensions': the model '{model}' needs settings: {error}."


def _split_faults(flow: Workflow) -> Iterator[str]:
    splits, screens = flow.run.splits, flow.run.screens
    for split in dict.fromkeys(split for entry in flow.run.grid for split in entry.splits):
        if split not in splits.names:
            yield f"key 'grid': it names the split '{split}', which is not in splits.names."
    if "cross_screen" not in {kind_and_repeat(name)[0] for name in splits.names}:
        return
    if not splits.cross_screen_test:
        yield f"key 'splits.cross_screen_test': the split cross_screen holds out screens; name some of {list(screens)}."
    for screen in splits.cross_screen_test:
        if screen not in screens:
            yield f"key 'splits.cross_screen_test': there is no screen '{screen}'; there are {list(screens)}."
    if splits.cross_screen_test and not set(screens) - set(splits.cross_screen_test):
        yield "key 'splits.cross_screen_test': it holds out every screen, so that none is left to train on."


def _training_faults(flow: Workflow) -> Iterator[str]:
    screen, screens = flow.run.training.stop_on, flow.run.screens
    if screen is not None and screen not in screens:
        yield f"key 'training.stop_on': there is no screen '{screen}'; there are {list(screens)}, or null for all."


def _simulation_faults(flow: Workflow) -> Iterator[str]:
    named = {f"screens.{name}": settings.files for name, settings in flow.run.screens.items()}
    named |= {f"networks.{name}": settings.files for name, settings in flow.run.networks.items()}
    for key, files in named.items():
        for value in files.values():
            if not value.startswith(SIMULATED):
                continue
            simulation, _, file = value.removeprefix(SIMULATED).partition("/")
            if simulation not in flow.run.simulation:
                yield f"key '{key}': '{value}' names no simulation; there are {list(flow.run.simulation)}."
            elif file not in (written := flow.simulated_files(flow.run.simulation[simulation].layout)):
                yield f"key '{key}': '{value}' is no file of that simulation; it writes {', '.join(written)}."


def _mixed_simulation_faults(flow: Workflow) -> Iterator[str]:
    for name, screen in flow.run.screens.items():
        if len(screen.simulations) > 1:
            yield (
                f"key 'screens.{name}.files': the files are of the simulations {', '.join(screen.simulations)}; a "
                "screen is of one, whose truth it has."
            )


def _network_faults(flow: Workflow) -> Iterator[str]:
    chosen = flow.run.cell.networks
    for name in chosen or ():
        if name not in flow.run.networks:
            yield f"key 'cell.networks': there is no network '{name}'; there are {list(flow.run.networks)}."
    for name, settings in flow.run.networks.items():
        if chosen is not None and name not in chosen:
            continue
        try:
            NETWORK_READERS.get(settings.reader).refuse_other_files(settings.reader, settings.files)
        except PipelineError as error:
            yield f"key 'networks.{name}': {error}"
        evidence = flow.evidence(name)
        if not evidence and settings.evidence is None:
            yield (
                f"key 'networks.{name}': neither its settings nor the catalogue state what its edges rest on; give "
                "'evidence', with 'genetic' among it if published genetic interactions are in the file."
            )
        elif chosen is None and "genetic" in evidence:
            yield (
                f"the network '{name}' holds genetic interactions and may carry a screen's own labels; name the "
                "networks to use in cell.networks to include it all the same."
            )
