"""Model ``profile_predictor``: a profile predictor an assay, behind the one interface of every model."""

from pipeline_lib.models.baselines.per_assay import PerAssay
from pipeline_lib.models.profile_predictor.assay import ProfilePredictor


class ProfilePredictorModel(PerAssay):
    """Model ``profile_predictor``."""

    section = "profile_predictor"
    assay_model = ProfilePredictor
