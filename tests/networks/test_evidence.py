"""What a network rests on is stated, or the network is not taken."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline_lib.config.features import NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.cli import stated_provenance
from pipeline_lib.sources.catalogue import Provenance

V91 = "string-v9.1/yeast_string_database_adjacency.txt"
ORDER = "string-v9.1/yeast_string_genes.txt"
DETAILED = "string/4932.protein.links.detailed.v12.0.txt.gz"


@pytest.fixture
def catalogue(root: Path) -> Path:
    return root / "config" / "sources.yaml"


def settings(**keys: object) -> NetworkSettings:
    return NetworkSettings.model_validate({"reader": "string_links", **keys})


def test_the_catalogue_decides_where_the_settings_state_nothing(catalogue: Path) -> None:
    found = stated_provenance("n", settings(files={"adjacency": V91, "genes": ORDER}), catalogue)
    assert found == Provenance(("curated_pathways",), 2013, (None, None))


def test_the_settings_win_over_the_catalogue(catalogue: Path) -> None:
    chosen = settings(files={"links": DETAILED}, score="coexpression", evidence=["coexpression"])
    assert stated_provenance("n", chosen, catalogue) == Provenance(("coexpression",), 2023, (None,))
    assert not stated_provenance("n", chosen, catalogue).genetic_evidence


def test_a_channel_of_a_detailed_file_is_not_taken_for_clean_unless_the_settings_state_it(catalogue: Path) -> None:
    found = stated_provenance("n", settings(files={"links": DETAILED}, score="coexpression"), catalogue)
    assert found.genetic_evidence


def test_a_network_of_unstated_evidence_is_refused(catalogue: Path, tmp_path: Path) -> None:
    for place in (catalogue, tmp_path / "none.yaml"):
        with pytest.raises(PipelineError, match="network 'own': neither its settings nor the catalogue state"):
            stated_provenance("own", settings(files={"table": "own.csv"}), place)


def test_an_empty_list_of_evidence_states_nothing(catalogue: Path) -> None:
    detailed = settings(files={"links": DETAILED}, evidence=[])
    assert stated_provenance("n", detailed, catalogue).genetic_evidence


def test_an_unknown_kind_of_evidence_is_refused() -> None:
    with pytest.raises(ValidationError, match="'genetic'"):
        settings(files={}, evidence=["gentic"])


@pytest.mark.parametrize("network", ["config.yaml", "metabolism.yaml", "trigenic.yaml", "full.yaml", "quickstart.yaml"])
def test_the_networks_of_every_configuration_hold_no_genetic_interactions(
    root: Path, catalogue: Path, network: str
) -> None:
    from pipeline_lib.config.loading import read_run_config

    path = root / "config" / network
    if not path.exists():
        pytest.skip(f"there is no config/{network}")
    networks = read_run_config(path).networks
    assert not any(stated_provenance(name, one, catalogue).genetic_evidence for name, one in networks.items())
