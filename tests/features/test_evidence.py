"""Whether a feature table holds genetic interactions is stated, or unknown."""

from pathlib import Path

import pytest

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.sources.catalogue import DEFAULT_CATALOGUE, find_provenance


def settings(**given: object) -> FeatureSettings:
    return FeatureSettings.model_validate({"reader": "table", **given})


@pytest.mark.parametrize(("written", "meant"), [(False, "no"), (True, "yes"), ("no", "no"), ("unknown", "unknown")])
def test_the_plain_yes_and_no_of_yaml_are_understood(written: object, meant: str) -> None:
    assert settings(holds_genetic=written).holds_genetic == meant


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["no", "no"], "no"),
        (["no", "yes"], "yes"),
        (["no", None], "unknown"),
        (["unknown", "no"], "unknown"),
        ([], "unknown"),
    ],
)
def test_a_table_is_as_clean_as_the_least_clean_of_its_files(files: list[str | None], found: str) -> None:
    assert settings().stated_genetic(files) == found


def test_what_is_computed_from_the_metabolic_model_holds_none() -> None:
    assert FeatureSettings(reader="flux").stated_genetic([]) == "no"


def test_the_settings_word_is_the_last() -> None:
    assert settings(holds_genetic="no").stated_genetic(["yes"]) == "no"


def test_the_catalogue_knows_what_its_files_rest_on(root: Path) -> None:
    def found(reader: str, *files: str) -> tuple[str, int | None]:
        chosen = FeatureSettings(reader=reader, files={str(at): file for at, file in enumerate(files)})
        provenance = find_provenance(chosen, root / DEFAULT_CATALOGUE)
        return chosen.stated_genetic(provenance.files_hold_genetic), provenance.year

    assert found("phenotype_tables", "yeastphenome") == ("no", 2023)
    assert found("gene_by_term", "go/go_bp_140819.txt.gz") == ("unknown", 2014)
    assert found("descriptions", "essentiality/SGD_features.tab")[0] == "unknown"
    assert found("table", "own.csv") == ("unknown", None)
