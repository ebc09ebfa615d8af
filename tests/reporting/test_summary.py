"""The five facts of the first screen are those of the run's own tables."""

import pandas as pd
import pytest

from pipeline_lib.reporting.run_folder import RunFolder
from pipeline_lib.reporting.sections.page import facts


@pytest.fixture
def run(run_folder) -> RunFolder:
    return RunFolder(run_folder, "clp")


def test_five_facts_with_their_numbers(run):
    values = {fact.name: fact.value for fact in facts(run)}
    assert len(values) == 5
    assert values["Measurements"] == "161 in 4 screens"
    assert values["Models"] == "clp and 6 others on the same folds"
    assert values["Leading screen"] == "collins2007, interaction: Pearson 0.200 (0.160 to 0.240), random split"
    assert "0.900 (0.850 to 0.940)" in values["Noise ceiling of it"]


@pytest.mark.parametrize(("holds", "words"), [(True, "1 of 1 on leakage"), (False, "0 of 1 on leakage")])
def test_a_check_that_fails_is_counted_as_such(run, holds, words):
    # What the split shares by its definition (the second row) is no check.
    vars(run)["leakage"] = pd.DataFrame({"kept_apart": [True, False], "holds": [holds, False]})
    assert facts(run)[-1].value == f"{words}, 1 of 1 on the model"
