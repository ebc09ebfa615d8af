"""The configuration of a screen is checked before anything is read."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from pipeline_lib.config.registry import load
from pipeline_lib.config.screen_readers import SCREEN_READERS, CallThreshold, ScreenScores
from pipeline_lib.config.screens import ScreenSettings, simulated_screens

TABLE = {"reader": "table", "files": {"table": "lab.csv"}}
OWN = {**TABLE, "columns": {"gene1": "a", "gene2": "b", "value": "score"}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reader": "emaps", "files": {}}, "no screen reader 'emaps'; did you mean 'emap'?"),
        ({"reader": "emap", "files": {"score": "a"}}, "reader 'emap' has no file 'score'; it reads scores, kinds"),
        ({"reader": "emap", "files": {"kinds": "a"}}, "reader 'emap' needs the file 'scores'"),
        ({"reader": "kuzmin2020", "files": {}}, "needs at least one of S1, S3"),
        (
            {"reader": "emap", "files": {"scores": "a"}, "columns": {"value": "v"}},
            "only the reader 'table' takes columns",
        ),
        ({**TABLE, "columns": {"genes": "g", "valeu": "v"}}, "no column 'valeu'; did you mean 'value'?"),
        ({**TABLE, "columns": {"genes": "g"}}, "the column of the file that is the 'value'"),
        ({**TABLE, "columns": {"value": "v", "gene2": "g"}}, "the column that holds the 'genes'"),
        ({**TABLE, "columns": {"value": "v", "genes": "g", "p_value": "p"}}, "P-values need p_sided"),
        ({"reader": "emap", "files": {"scores": "a"}, "unit": "ε"}, "only the reader 'table' takes a unit"),
        ({**OWN, "calls": {"positive": 0.1}}, "Field required"),
        ({**OWN, "calls": {"negative": -2, "p_value": 0.05}}, "calls.p_value needs P-values"),
        ({**OWN, "phenotype": "fitness", "calls": {"negative": -0.1}}, "calls are made of interactions"),
        ({**OWN, "phenotype": "call", "calls": {"negative": -0.1}}, "the values of this table are a call"),
        ({"reader": "emap", "files": {"scores": "a"}, "only": "essential"}, "metabolic"),
        ({"reader": "emap", "files": {"scores": "a"}, "orders": [4]}, "Input should be 1, 2 or 3"),
    ],
)
def test_a_mistake_is_named(settings: dict, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        ScreenSettings.model_validate(settings)
    assert message in str(error.value)


def test_a_lab_adds_its_screen_in_five_lines() -> None:
    ScreenSettings.model_validate(
        {**TABLE, "columns": {"gene1": "a", "gene2": "b", "value": "score"}, "phenotype": "fitness"}
    )


def scores(**settings: object) -> ScreenScores:
    return ScreenSettings.model_validate(settings).scores


def test_an_own_table_has_no_unit_and_no_calls_until_it_states_them() -> None:
    assert scores(**OWN) == ScreenScores(unit=None, calls=None, publication=None)
    stated = scores(**OWN, unit="S-score", calls={"negative": -3, "positive": 2})
    assert stated.unit == "S-score"
    assert stated.calls == CallThreshold(negative=-3, positive=2, inclusive=False, p_value=None, p_sided=None)


def test_published_screens_carry_the_unit_and_threshold_of_their_publication() -> None:
    collins = scores(reader="emap", files={"scores": "a"})
    assert (collins.unit, collins.publication) == ("S-score", "emap")
    assert collins.calls == CallThreshold(negative=-2.5, positive=2.5, inclusive=True)
    kuzmin = scores(reader="kuzmin2018", files={"table": "kuzmin2018/aao1729_data_s1.tsv"})
    assert kuzmin.calls == CallThreshold(negative=-0.08, positive=0.08, p_value=0.05, p_sided=1)


def test_a_screen_simulated_in_the_layout_of_a_publication_is_not_its_data() -> None:
    simulated = scores(reader="kuzmin2018", files={"table": "simulated:core/aao1729_data_s1.tsv"})
    assert simulated.publication is None
    assert simulated.calls is not None
    of_the_publication = scores(reader="kuzmin2018", files={"table": "kuzmin2018/aao1729_data_s1.tsv"})
    assert simulated_screens({"in-silico": simulated, "kuzmin2018": of_the_publication}) == {"in-silico"}


def test_every_reader_leads_to_a_function_of_its_own() -> None:
    functions = [load(reader.target) for reader in SCREEN_READERS.built_in.values()]
    assert len(set(functions)) == len(functions)
    assert all(function.__module__.startswith("pipeline_lib.screens.readers.") for function in functions)


def test_checking_a_configuration_imports_no_reader() -> None:
    code = "import sys, pipeline_lib.config.screens; print({'pyarrow', 'polars', 'pandas', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
