"""Settings of each family of models."""

from pipeline_lib.config.baselines import BaselineSettings
from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.config.dango import DangoSettings
from pipeline_lib.config.profile_predictor import ProfilePredictorSettings
from pipeline_lib.config.section import Section
from pipeline_lib.config.weisfeiler_lehman import WeisfeilerLehmanSettings


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
