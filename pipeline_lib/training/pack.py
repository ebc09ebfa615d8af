"""One file with what a GPU is measured on: a run's network, its observations as tensors, and its cell.

It is written where the project is installed and read where torch, torch-geometric, numpy, pandas and pyarrow are all
there is.
"""

import importlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline_lib.artefacts.atomic import atomic_path
from pipeline_lib.errors import PipelineError

if TYPE_CHECKING:
    from pipeline_lib.cell.genotypes import Genotypes
    from pipeline_lib.models.clp.task import Task
    from pipeline_lib.training.run_files import FitFiles

LARGEST_MB = 40
"""Greatest size of a pack (MB): it travels to a machine by hand."""
_OWN = ("pipeline_lib.models.", "pipeline_lib.cell.", "torch.nn.")
"""Where the classes of a network come from; a file that names any other is not loaded."""


@dataclass(frozen=True)
class Pack:
    """What a GPU is measured on.

    Attributes
    ----------
    run, model, split
        Where it is from.
    network
        The network with initial weights, on the CPU.
    train, held_out, triples
        Columns (`pipeline_lib.models.clp.task.columns`) of observations of the validation fold, of the test fold,
        and of triple mutants. The first two were made without the values that they hold: one teaches and the other
        judges.
    genes
        N.
    networks
        Edges of each gene network, long [2, edges].
    incidence
        (metabolite, reaction) of the stoichiometric matrix, long [2, entries].
    settings
        Section ``training`` of the configuration, as plain values.
    """

    run: str
    model: str
    split: str
    network: nn.Module
    train: dict[str, Tensor]
    held_out: dict[str, Tensor]
    triples: dict[str, Tensor]
    genes: int
    networks: dict[str, Tensor]
    incidence: Tensor
    settings: dict[str, Any]


def pack_run(files: "FitFiles", rows: int) -> Pack:
    """Return the pack of one fit of the CLP family.

    Parameters
    ----------
    files
        Which fit of which run; its closed form is that of the pack, its weights are not.
    rows
        Greatest number of observations of each kind, taken at random with seed 0.

    Raises
    ------
    PipelineError
        When the model is none of the CLP family, a file is missing, or the split has no triple mutants.
    """
    from pipeline_lib.config.model_registry import family_of
    from pipeline_lib.config.training import TrainingSettings
    from pipeline_lib.models.clp.encoders import seen_by
    from pipeline_lib.models.clp.model import Clp
    from pipeline_lib.training.fitted_model import load_fitted, read_split
    from pipeline_lib.training.predict import open_cell

    if family_of(files.model) != "clp":
        raise PipelineError(f"A pack is made of a model of the family 'clp', and '{files.model}' is none of them.")
    cell = open_cell(files)
    model = load_fitted(files.fitted, cell).model
    assert isinstance(model, Clp)  # noqa: S101 - the family has no other
    task = model.tasks[0]
    data = read_split(files.observations, files.folds, cell.genes)
    mine = np.isin(data.genotypes.screen, task.screens)
    folds = [data.genotypes.take(mine & (data.fold == fold)) for fold in (1, 2)]
    triples = data.genotypes.take(mine & (data.genotypes.order == 3))
    if not all(map(len, (*folds, triples))):
        raise PipelineError(
            f"{files.folds} has no validation fold, no test fold or no triple mutants of the screens of "
            f"'{files.model}'; pack another split."
        )
    columns = [_columns(task, part, rows) for part in (*folds, triples)]
    grouped = cell.edges.groupby("network", sort=True)
    return Pack(
        run=files.run.name,
        model=files.model,
        split=files.split,
        network=model.new_network(task, seen_by(cell, model.settings.clp, model.seed), 0),
        train=columns[0],
        held_out=columns[1],
        triples=columns[2],
        genes=len(cell.genes),
        networks={
            str(name): torch.from_numpy(part[["source", "target"]].to_numpy().T.copy()) for name, part in grouped
        },
        incidence=cell.stoichiometry["incidence"],
        settings=TrainingSettings().model_dump(),
    )


def _columns(task: "Task", genotypes: "Genotypes", rows: int) -> dict[str, Tensor]:
    chosen = np.sort(np.random.default_rng(0).permutation(len(genotypes))[:rows])
    return task.columns(genotypes.take(chosen))


def write_pack(pack: Pack, path: Path) -> None:
    """Write a pack.

    Raises
    ------
    PipelineError
        When it would be greater than `LARGEST_MB`.
    """
    content = {field.name: getattr(pack, field.name) for field in fields(pack)}
    with atomic_path(path) as temporary:
        torch.save(_mapped(content, _narrow), temporary)
        size = temporary.stat().st_size / 1e6
        if size > LARGEST_MB:
            raise PipelineError(f"The pack would have {size:.0f} MB, more than {LARGEST_MB}; lower --rows.")


def read_pack(path: Path) -> Pack:
    """Read a pack; nothing in it is run but the networks' own classes.

    Raises
    ------
    PipelineError
        When the file is missing, damaged, or no pack.
    """
    if not path.exists():
        raise PipelineError(f"{path} does not exist; make it: python -m pipeline_lib training pack --output {path}")
    try:
        with torch.serialization.safe_globals(_classes(path)):
            content = torch.load(path, map_location="cpu", weights_only=True)
        return Pack(**_mapped(content, _widen))
    except (RuntimeError, EOFError, OSError, ValueError, TypeError, pickle.UnpicklingError) as error:
        raise PipelineError(f"{path} is damaged or no pack; make it anew with training pack.") from error


def _classes(path: Path) -> list[Any]:
    """Return the classes and functions of the project and of torch that a file names."""
    names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    foreign = [name for name in names if not name.startswith(_OWN)]
    if foreign:
        raise PipelineError(f"{path} names {foreign[0]}, which is no part of a network, and was not loaded.")
    parts = [name.rpartition(".") for name in names]
    return [getattr(importlib.import_module(module), name) for module, _, name in parts]


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:  # noqa: ANN401 - a tree of tensors and plain values
    """Return the same tree with every tensor changed; a network in it stays as it is."""
    if isinstance(value, dict):
        return {name: _mapped(part, change) for name, part in value.items()}
    return change(value) if isinstance(value, Tensor) else value


def _narrow(tensor: Tensor) -> Tensor:
    """Return whole numbers in the smallest type that holds them."""
    if tensor.dtype != torch.long or not tensor.numel():
        return tensor
    low, high = int(tensor.min()), int(tensor.max())
    kinds = (torch.int8, torch.int16, torch.int32, torch.long)
    return tensor.to(next(kind for kind in kinds if torch.iinfo(kind).min <= low and high <= torch.iinfo(kind).max))


def _widen(tensor: Tensor) -> Tensor:
    return tensor.long() if tensor.dtype in {torch.int8, torch.int16, torch.int32} else tensor
