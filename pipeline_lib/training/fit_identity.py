"""What tells one fit from every other: an interrupted fit may only be taken up by the same one."""

import hashlib
from dataclasses import fields
from pathlib import Path

from pipeline_lib.artefacts.digest import update_digest
from pipeline_lib.config.model_registry import entry_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Cell
from pipeline_lib.training.inputs import SplitData


def fit_folder(
    checkpoints: Path,
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    seed: int,
) -> Path:
    """Return the folder below `checkpoints` that belongs to this fit alone.

    Its name is a hash of the model, every setting, the seed, the observations with their folds, and the cell: another
    split, a data update or a changed setting starts from nothing, whatever a model calls its files.
    """
    digest = hashlib.sha256(f"{name} {entry_of(name).overrides} {seed}".encode())
    for settings in (model_settings, training):
        digest.update(settings.model_dump_json().encode())
    for field in fields(data.genotypes):
        update_digest(digest, getattr(data.genotypes, field.name))
    update_digest(digest, data.fold)
    for part in (cell.genes, cell.edges, cell.stoichiometry, cell.knockouts, cell.features):
        update_digest(digest, part)
    return checkpoints / digest.hexdigest()[:24]
