"""The media of a run: which screens and simulations have their own, and what its flux features grow on."""

import pytest
from pydantic import ValidationError

from pipeline_lib.command_line.workflow import Workflow
from pipeline_lib.config.loading import RunConfig

TABLE = {"reader": "table", "files": {"table": "a.csv"}, "columns": {"genes": "genes", "value": "score"}}


def workflow(**changes: object) -> Workflow:
    content = {
        "run": "media",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": {"here": TABLE},
        "features": {"flux": {"reader": "flux"}, "own": {"reader": "table", "files": {"table": "b.csv"}}},
        "grid": [{"models": ["mean"], "splits": ["random"]}],
        **changes,
    }
    return Workflow(RunConfig.model_validate(content))


def test_a_run_without_media_of_its_own_has_none() -> None:
    flow = workflow()
    assert flow.screen_media == {}
    assert flow.feature_settings("flux") == flow.run.features["flux"]


def test_media_of_screens_reach_the_flux_features_too() -> None:
    screens = {
        "plates": {**TABLE, "medium": "sga_tm"},
        "flask": {**TABLE, "medium": {"EX_glc__D_e": 1}},
        "here": TABLE,
    }
    flow = workflow(
        screens=screens,
        simulation={"sim": {"medium": "sga_dm"}},
        metabolism={"gem": "cobra:textbook", "background": ["b3736"]},
    )
    assert flow.screen_media == {"plates": "sga_tm", "flask": {"EX_glc__D_e": 1.0}, "simulated:sim": "sga_dm"}
    flux = flow.feature_settings("flux")
    assert flux.media == ["minimal", "rich", "sga_tm"]
    assert flux.background == ["b3736"]
    assert flow.feature_settings("own").background == []


def test_a_misspelt_medium_is_refused() -> None:
    with pytest.raises(ValidationError, match="sga_dm"):
        workflow(screens={"plates": {**TABLE, "medium": "sga-dm"}})
