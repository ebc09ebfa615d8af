"""An organism is one section: its genes, the pages of its genes, its media."""

import pytest
import yaml
from pydantic import ValidationError

from pipeline_lib.config.loading import load_run_file, parse_run_config
from pipeline_lib.config.organism import OrganismSettings
from pipeline_lib.errors import PipelineError

CONTENT = {
    "run": "test",
    "metabolism": {"gem": "cobra:textbook"},
    "screens": {"ours": {"reader": "table", "files": {"table": "x.csv"}, "columns": {"genes": "g", "value": "v"}}},
    "grid": [{"models": ["mean"], "splits": ["random"]}],
}


@pytest.mark.parametrize("gene", ["YFL039C", "YAL001C", "YDR524C-B", "Q0045", "R0020C"])
def test_systematic_names_of_yeast_lead_to_their_page(gene):
    assert OrganismSettings().address(gene) == f"https://www.yeastgenome.org/locus/{gene}"


@pytest.mark.parametrize("gene", ["b0008", "s0001", "YFL039C/../../x", "javascript:alert(1)", "", "YZL001C"])
def test_nothing_else_becomes_an_address(gene):
    assert OrganismSettings().address(gene) == ""


def test_a_name_cannot_leave_its_place_in_the_address():
    loose = OrganismSettings(id_pattern=".*", link="https://example.org/{gene}/page")
    assert loose.address("../x?y") == "https://example.org/..%2Fx%3Fy/page"
    assert OrganismSettings(link="").address("YFL039C") == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id_pattern": "(b"}, "is no regular expression"),
        ({"link": "https://example.org/gene"}, "is no address with {gene} in it"),
        ({"link": "javascript:alert({gene})"}, "is no address with {gene} in it"),
        ({"media": {"rich": {"EX_glc__D_e": 1}}}, "'rich' is a named medium of the pipeline"),
    ],
)
def test_a_mistake_is_named(changes, sentence):
    with pytest.raises(ValidationError) as error:
        OrganismSettings(**changes)
    assert sentence in str(error.value)


def test_a_medium_of_the_organism_is_named_wherever_there_is_a_medium():
    uptakes = {"EX_glc__D_e": 10.0, "EX_o2_e": 20.0}
    screens = {"ours": {**CONTENT["screens"]["ours"], "medium": "lb"}}
    config = parse_run_config(
        {
            **CONTENT,
            "organism": {"media": {"lb": uptakes}},
            "screens": screens,
            "metabolism": {"gem": "cobra:textbook", "medium": "lb"},
            "simulation": {"core": {"medium": "lb"}},
        },
        "test",
    )
    assert config.metabolism.medium == config.screens["ours"].medium == config.simulation["core"].medium == uptakes
    again = type(config).model_validate(config.model_dump(mode="json"))
    assert again == config
    with pytest.raises(PipelineError, match=r"metabolism\.medium"):
        parse_run_config({**CONTENT, "metabolism": {"gem": "cobra:textbook", "medium": "lb"}}, "test")


def test_the_section_of_older_versions_still_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("genes.tsv", "list.txt", "x.csv"):
        (tmp_path / name).write_text("id\n")
    old = {**CONTENT, "genes": {"features": "genes.tsv", "essential": "list.txt"}}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(old))
    (tmp_path / "run.yaml").write_text("base: base.yaml\norganism: {name: Escherichia coli}\n")
    loaded = load_run_file(tmp_path / "run.yaml")
    assert loaded.faults == ()
    assert (loaded.config.organism.genes, loaded.config.organism.essential) == ("genes.tsv", "list.txt")
    assert loaded.config.organism.name == "Escherichia coli"


@pytest.mark.parametrize(
    "content", [{"genes": {"features": "a"}, "organism": {"name": "yeast"}}, {"genes": {"feature": "a"}}]
)
def test_an_old_section_that_cannot_be_moved_names_the_new_place(content):
    with pytest.raises(
        PipelineError, match=r"key 'genes' is now 'organism': write organism\.genes for genes\.features"
    ):
        parse_run_config({**CONTENT, **content}, "test")
