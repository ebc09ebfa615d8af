"""The configuration of a screen is checked before anything is read."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from pipeline_lib.config.screens import READER_FILES, ScreenSettings
from pipeline_lib.screens.registry import READERS

TABLE = {"reader": "table", "files": {"table": "lab.csv"}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reader": "emaps", "files": {}}, "no reader 'emaps'; did you mean 'emap'?"),
        ({"reader": "emap", "files": {"score": "a"}}, "reader 'emap' has no file 'score'; it reads scores, kinds"),
        ({"reader": "emap", "files": {"kinds": "a"}}, "reader 'emap' needs the file 'scores'"),
        ({"reader": "kuzmin2020", "files": {}}, "needs at least one of S1, S3"),
        (
            {"reader": "emap", "files": {"scores": "a"}, "columns": {"value": "v"}},
            "only the reader 'table' takes columns",
        ),
        ({**TABLE, "columns": {"genes": "g", "valeu": "v"}}, "no column 'valeu'; did you mean 'value'?"),
        ({**TABLE, "columns": {"genes": "g"}}, "which column of the file is the 'value'"),
        ({**TABLE, "columns": {"value": "v", "gene2": "g"}}, "which column holds the 'genes'"),
        ({**TABLE, "columns": {"value": "v", "genes": "g", "p_value": "p"}}, "P-values need p_sided"),
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


def test_the_registry_holds_the_readers_that_the_configuration_knows() -> None:
    assert READERS.keys() == READER_FILES.keys()
    for name, reader in READERS.items():
        assert reader.read.__module__ == f"pipeline_lib.screens.readers.{name}"


def test_an_edit_of_a_reader_reruns_the_reading() -> None:
    from pipeline_lib.command_line.code_hash import _closure

    assert {f"pipeline_lib.screens.readers.{name}" for name in READERS} <= _closure("pipeline_lib.screens.reading")


def test_checking_a_configuration_imports_no_reader() -> None:
    code = "import sys, pipeline_lib.config.screens; print({'pyarrow', 'polars', 'pandas', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
