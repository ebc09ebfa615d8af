"""Settings of each family of models."""

from typing import Any

from pydantic import Field, field_validator

from pipeline_lib.config.baselines import BaselineSettings
from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.config.dango import DangoSettings
from pipeline_lib.config.model_registry import MODELS, family_of
from pipeline_lib.config.own_settings import checked
from pipeline_lib.config.profile_predictor import ProfilePredictorSettings
from pipeline_lib.config.section import Section
from pipeline_lib.config.weisfeiler_lehman import WeisfeilerLehmanSettings
from pipeline_lib.errors import PipelineError


def _of_installed_packages(schema: dict[str, Any]) -> None:
    """Put the settings of the models of installed packages into the JSON schema."""
    added = [name for name in MODELS.names() if name not in MODELS.built_in]
    kinds = {name: MODELS.get(name).settings for name in added}
    if kinds:
        schema["properties"] = {
            name: kind.model_json_schema() if hasattr(kind, "model_json_schema") else {"type": "object"}
            for name, kind in kinds.items()
        }


class ModelSettings(Section):
    """Settings of each family of models."""

    baselines: BaselineSettings = BaselineSettings()
    """Means, effects, ridges, factorisations, nearest profiles, trees and flux balance analysis."""
    clp: ClpSettings = ClpSettings()
    """The cell latent perturbation model and its ablations."""
    dango: DangoSettings = DangoSettings()
    """DANGO: pretrained network embeddings and a hypergraph attention."""
    profile_predictor: ProfilePredictorSettings = ProfilePredictorSettings()
    """Gaussian processes over genes, profile similarity and matrix completion, combined by least squares."""
    weisfeiler_lehman: WeisfeilerLehmanSettings = WeisfeilerLehmanSettings()
    """Weisfeiler-Lehman features of the perturbed graph with a ridge."""
    extensions: dict[str, dict[str, Any]] = Field(default={}, json_schema_extra=_of_installed_packages)
    """Models of installed packages (``clp models list`` names them): each model's own settings, by its name."""

    @field_validator("extensions")
    @classmethod
    def _own_settings(cls, extensions: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        found = {}
        for name, given in extensions.items():
            if name in MODELS.built_in:
                raise ValueError(f"'{name}' is a model of the pipeline; its settings are in models.{family_of(name)}")
            try:
                found[name] = checked(MODELS.get(name).settings, given)
            except PipelineError as error:
                raise ValueError(str(error).removesuffix(".")) from error
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return found
