"""The reference page and the schema say what the typed settings say."""

import json

import jsonschema
import pytest
import yaml

from pipeline_lib.config.loading import RunConfig
from pipeline_lib.config.reference import reference_page


def test_the_reference_page_is_in_step(root):
    assert (root / "config/README.md").read_text() == reference_page(), "run `make config-docs`"


def test_the_json_schema_is_in_step(root):
    written = json.loads((root / "workflow/schemas/config.schema.json").read_text())
    assert written == RunConfig.model_json_schema(), "run `make config-docs`"


def test_the_json_schema_takes_the_quickstart_and_refuses_a_typo(root):
    schema = json.loads((root / "workflow/schemas/config.schema.json").read_text())
    content = yaml.safe_load((root / "config/quickstart.yaml").read_text())
    jsonschema.validate(content, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "gird": []}, schema)


def test_every_configuration_is_named(root):
    page = reference_page()
    for path in sorted((root / "config").glob("*.yaml")):
        assert f"| `{path.name}` |" in page, path.name


def test_every_key_is_explained():
    for line in reference_page().splitlines():
        if line.startswith("| `") and line.count(" | ") == 3:
            assert line.rsplit(" | ", 1)[1].strip(" |"), line
