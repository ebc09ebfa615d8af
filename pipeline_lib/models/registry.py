"""Build and restore models by their name; a model's module is imported when the model is needed."""

from typing import TYPE_CHECKING, Any

from pipeline_lib.config.model_registry import MODELS, entry_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.registry import load
from pipeline_lib.config.training import TrainingSettings

if TYPE_CHECKING:
    from pipeline_lib.models.interface import Cell, Model


def build(name: str, settings: ModelSettings, training: TrainingSettings) -> "Model":
    """Return a fresh model.

    Raises
    ------
    PipelineError
        When there is no model of that name.
    """
    entry = entry_of(name)
    own = settings if name in MODELS.built_in else entry.settings(**settings.extensions.get(name, {}))
    model: Model = load(entry.target)(own, training, **entry.overrides)
    return model


def restore(name: str, state: dict[str, Any], cell: "Cell") -> "Model":
    """Return the fitted model that ``Model.state`` gave `state`.

    Raises
    ------
    PipelineError
        When there is no model of that name.
    """
    model: Model = load(entry_of(name).target).from_state(state, cell)
    return model
