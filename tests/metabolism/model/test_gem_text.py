"""YAML and JSON: numbers, names that look like numbers, and what stands in a file twice."""

import math
from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import read_gem
from tests.metabolism.model.model_files import single_fitness, toy, write_json, write_raven, write_yaml


@pytest.mark.parametrize("value", ["1_000", "0x10", "12:30", "yes", "true", '"10"', "null", "[1]", "2001-01-01"])
def test_a_bound_of_yaml_is_a_decimal_number(tmp_path: Path, value: str) -> None:
    path = write_yaml(toy(), tmp_path)
    path.write_text(path.read_text().replace("upper_bound: 1000.0", f"upper_bound: {value}", 1))
    with pytest.raises(PipelineError, match=r"reaction 'EX_A': field 'upper_bound' (must be a number|is missing)"):
        read_gem(path)


@pytest.mark.parametrize("value", ["Infinity", '"Infinity"', '"inf"', '"+inf"'])
def test_a_bound_of_json_may_be_infinite_in_any_spelling(tmp_path: Path, value: str) -> None:
    path = write_json(toy(), tmp_path)
    path.write_text(path.read_text().replace('"upper_bound": 1000.0', f'"upper_bound": {value}', 1))
    assert read_gem(path).reactions.loc[0, "upper_bound"] == math.inf


def test_an_id_that_is_a_decimal_number_is_refused(tmp_path: Path) -> None:
    path = write_json(toy(), tmp_path)
    path.write_text(path.read_text().replace('{"id": "g2"', '{"id": 8639.10'))
    with pytest.raises(PipelineError, match=r"the id of the gene 8639\.1 is a number; put it into quotes"):
        read_gem(path)


@pytest.mark.parametrize("value", ["true", '"10"', "null", "[1]"])
def test_a_bound_of_json_is_a_number(tmp_path: Path, value: str) -> None:
    path = write_json(toy(), tmp_path)
    path.write_text(path.read_text().replace('"upper_bound": 1000.0', f'"upper_bound": {value}', 1))
    with pytest.raises(PipelineError, match=r"reaction 'EX_A': field 'upper_bound' (must be a number|is missing)"):
        read_gem(path)


REPEATS = [
    ("R1 twice A_c", "reaction 'R1' lists the metabolite 'A_c' more than once"),
    ("R1 twice bound", "reaction 'R1' lists the field 'lower_bound' more than once"),
    ("genes twice", "'genes' stands there more than once"),
    ("B_c twice formula", "metabolite 'B_c' lists the field 'formula' more than once"),
]


@pytest.mark.parametrize("exact", [True, False], ids=["as RAVEN writes it", "with a comment"])
@pytest.mark.parametrize(("fault", "message"), REPEATS)
def test_what_stands_twice_is_refused_in_yaml(tmp_path: Path, fault: str, message: str, exact: bool) -> None:
    path = write_raven(toy(), tmp_path)
    text = path.read_text()
    old, new = {
        "R1 twice A_c": ("          - B_c: 1.0\n", "          - B_c: 1.0\n          - A_c: -1.0\n"),
        "R1 twice bound": (
            '      - gene_reaction_rule: "g2 and g3"\n',
            '      - gene_reaction_rule: "g2 and g3"\n      - lower_bound: -3\n',
        ),
        "genes twice": ("- genes:\n", '- genes:\n    - !!omap\n      - id: "g7"\n- genes:\n'),
        "B_c twice formula": ('      - name: "B_c"\n', '      - name: "B_c"\n      - formula: "H"\n'),
    }[fault]
    assert old in text
    path.write_text(("" if exact else "# by hand\n") + text.replace(old, new, 1))
    with pytest.raises(PipelineError, match=rf"toy\.raven\.yml: {message}"):
        read_gem(path)


@pytest.mark.parametrize(("fault", "message"), REPEATS)
def test_what_stands_twice_is_refused_in_json(tmp_path: Path, fault: str, message: str) -> None:
    path = write_json(toy(), tmp_path)
    old, new = {
        "R1 twice A_c": ('{"A_c": -1.0, "B_c": 1.0}', '{"A_c": -1.0, "B_c": 1.0, "A_c": -1.0}'),
        "R1 twice bound": ('"gene_reaction_rule": "g2 and g3"', '"gene_reaction_rule": "g2 and g3", "lower_bound": -3'),
        "genes twice": ('"genes": ', '"genes": [], "genes": '),
        "B_c twice formula": ('"name": "B_c"', '"name": "B_c", "formula": "H"'),
    }[fault]
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PipelineError, match=rf"toy\.json: {message}"):
        read_gem(path)


@pytest.mark.parametrize("first", ["", "# by hand\n"], ids=["as RAVEN writes it", "with a comment"])
def test_a_reaction_without_metabolites_is_read_in_both_yaml_paths(tmp_path: Path, first: str) -> None:
    model = toy()
    model["reactions"][3]["metabolites"] = {}
    path = write_raven(model, tmp_path)
    path.write_text(first + path.read_text())
    gem = read_gem(path)
    assert gem.stoichiometry[:, [3]].nnz == 0
    assert single_fitness(gem) == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("first", ["", "# by hand\n"], ids=["as RAVEN writes it", "with a comment"])
@pytest.mark.parametrize("line", ["          - A_c:\n", '          - "A_c"\n'])
def test_a_metabolite_without_coefficient_is_refused_in_both_yaml_paths(tmp_path: Path, first: str, line: str) -> None:
    path = write_raven(toy(), tmp_path)
    path.write_text(first + path.read_text().replace("          - A_c: -1.0\n", line, 1))
    with pytest.raises(PipelineError, match=r"reaction 'R1'|not valid YAML"):
        read_gem(path)


@pytest.mark.parametrize("first", ["", "# by hand\n"], ids=["as RAVEN writes it", "with a comment"])
def test_a_name_that_looks_like_a_number_stays_as_written(tmp_path: Path, first: str) -> None:
    text = write_raven(toy(), tmp_path).read_text()
    path = tmp_path / "toy.raven.yml"
    path.write_text(first + text.replace('"g4"', "0319848").replace("C_c", "1e5").replace('"1e5"', "1e5"))
    gem = read_gem(path)
    assert gem.genes[3] == "0319848"
    assert list(gem.metabolites["id"]) == ["A_e", "A_c", "B_c", "1e5", "D_c"]
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]
