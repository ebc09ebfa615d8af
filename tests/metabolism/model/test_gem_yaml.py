"""RAVEN's layout is read by a fast path; whatever differs from it goes through libyaml, with the same result."""

from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.gem_yaml import parse_any, parse_gem_yaml, parse_raven

MODEL = """---
!!omap
- metaData:
    id: "tiny"
    date: "2024-11-23"
- metabolites:
    - !!omap
      - id: "s_1"
      - name: "D-glucose"
      - compartment: "e"
      - formula: "C6H12O6"
      - charge: 0
      - annotation: !!omap
          - kegg.compound: "C00031"
          - chebi:
              - "CHEBI:4167"
              - "CHEBI:17925"
      - deltaG: -97.75
    - !!omap
      - id: "s_2"
      - name: "biomass"
      - compartment: "c"
- reactions:
    - !!omap
      - id: "r_1"
      - name: "growth; \\"the\\" goal"
      - metabolites: !!omap
          - s_1: -1e-06
          - s_2: 1
      - lower_bound: 0
      - upper_bound: 1000
      - gene_reaction_rule: "YAL001C and (YAL002W or YAL003W)"
      - objective_coefficient: 1
      - subsystem:
          - "Growth"
      - deltaG: 10000000
- genes:
    - !!omap
      - id: "YAL001C"
      - name: "TFC3"
    - !!omap
      - id: "YAL002W"
    - !!omap
      - id: "YAL003W"
- compartments: !!omap
    - c: "cytoplasm"
    - e: "extracellular"
"""
PLAIN = MODEL.replace('growth; \\"the\\" goal', "growth")


def write(folder: Path, text: str) -> Path:
    path = folder / "model.yml"
    path.write_text(text)
    return path


def test_both_readers_agree_on_a_small_model() -> None:
    assert parse_raven(PLAIN) == parse_any(PLAIN, "model")


@pytest.mark.mirror
def test_both_readers_agree_on_yeast_gem(yeast_path: Path) -> None:
    text = yeast_path.read_text()
    assert parse_gem_yaml(text, "model") == parse_any(text, "model")


def test_what_the_fast_path_does_not_know_goes_through_libyaml(tmp_path: Path) -> None:
    """An escaped quote, a comment and single quotes are YAML, though RAVEN never writes them."""
    unusual = MODEL.replace('"D-glucose"', "'D-glucose'  # the sugar")
    gem = read_gem(write(tmp_path, unusual))
    assert gem.reactions.loc[0, "name"] == 'growth; "the" goal'
    assert gem.metabolites.loc[0, "name"] == "D-glucose"
    assert gem.stoichiometry.toarray().tolist() == [[-1e-06], [1.0]]


def test_the_fields_arrive_in_the_tables(tmp_path: Path) -> None:
    gem = read_gem(write(tmp_path, PLAIN))
    assert (gem.id, gem.genes) == ("tiny", ("YAL001C", "YAL002W", "YAL003W"))
    reaction, glucose = gem.reactions.iloc[0], gem.metabolites.iloc[0]
    assert (reaction["subsystem"], reaction["objective"], reaction["upper_bound"]) == ("Growth", 1.0, 1000.0)
    assert (glucose["formula"], glucose["charge"], glucose["delta_g"]) == ("C6H12O6", 0.0, -97.75)
    assert gem.reactions["delta_g"].isna().all()
    assert gem.metabolites["delta_g"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- s_1: -1e-06", "- s_9: -1e-06", "reaction 'r_1' uses the unknown metabolite 's_9'"),
        ("- s_1: -1e-06", '- s_1: "one"', "reaction 'r_1' has a coefficient that is not a finite number"),
        ('id: "s_2"', 'id: "s_1"', "the metabolite 's_1' is listed more than once"),
        ('- id: "r_1"\n      - name', "- name", "reaction number 1 has no id"),
        ("- lower_bound: 0", "- lower_bound: 2000", "reaction 'r_1' has a lower bound above its upper bound"),
        ("- lower_bound: 0\n      ", "", "reaction 'r_1': field 'lower_bound' is missing"),
        ("- upper_bound: 1000", '- upper_bound: "fast"', "field 'upper_bound' must be a number, not 'fast'"),
        (PLAIN[PLAIN.index("- genes:") :], "", "section 'genes' is missing"),
        ('"tiny"', '"tiny', "is not valid YAML"),
        ("- reactions:\n", "- reactions: 3\n- other:\n", "section 'reactions' is not a list"),
    ],
)
def test_a_faulty_model_is_explained(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in PLAIN
    with pytest.raises(PipelineError, match=message):
        read_gem(write(tmp_path, PLAIN.replace(old, new, 1)))


@pytest.mark.parametrize("value", ["2001-99-99", "[" * 3000, "!!bool abc", "!!int abc", "!!timestamp abc", "9" * 5000])
def test_a_value_that_does_not_fit_its_tag_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(PipelineError, match=r"model\.yml is not valid YAML"):
        read_gem(write(tmp_path, f"x: {value}\n"))


@pytest.mark.parametrize("text", ["x: &a [*a]\n", "!!omap\n- [a]: b\n"])
def test_a_part_that_holds_itself_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PipelineError, match="a part holds itself or is named by a list"):
        read_gem(write(tmp_path, text))


LOOSE = (
    "metabolites: [{id: a}]\ngenes: [{id: g}]\nreactions: [{id: r, lower_bound: 0, upper_bound: 1, metabolites: X}]\n"
)


@pytest.mark.parametrize("metabolites", ["[1]", "text"])
def test_metabolites_that_are_no_mapping_are_refused(tmp_path: Path, metabolites: str) -> None:
    with pytest.raises(PipelineError, match="reaction 'r': its metabolites are no mapping"):
        read_gem(write(tmp_path, LOOSE.replace("X", metabolites)))


@pytest.mark.parametrize("number", ["text", "null", "[1]", "2001-01-01", ".nan", "1e999", "9" * 400])
def test_a_coefficient_that_is_no_finite_number_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(PipelineError, match="reaction 'r' has a coefficient that is not a finite number"):
        read_gem(write(tmp_path, LOOSE.replace("X", f"{{a: {number}}}")))


def test_a_gene_without_an_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="gene number 1 has no id"):
        read_gem(write(tmp_path, LOOSE.replace("X", "{a: 1}").replace("{id: g}", "{}")))


@pytest.mark.parametrize("text", ["", "just text", "- 1\n- 2\n", "a: [1, 2"])
def test_what_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PipelineError, match=r"model\.yml is (no whole metabolic model|not valid YAML)"):
        read_gem(write(tmp_path, text))


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.yml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(PipelineError, match="is not a text file"):
        read_gem(path)
