"""MATLAB: numbered rules, demands beyond steady state, and what cobra and its toolbox write."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem, read_gem
from tests.metabolism.model.model_files import Model, single_fitness, toy, with_rule, write_matlab


def test_numbered_rules_of_matlab_stand_for_the_genes(tmp_path: Path) -> None:
    rules = np.empty((7, 1), dtype=object)
    rules[:, 0] = ["", "x(1)", "(x(2) & x(3))", "x(4)", "x(5) | x(6)", "x(4)", ""]
    model = toy()
    for entry in model["reactions"]:
        entry["gene_reaction_rule"] = ""
    gem = read_gem(write_matlab(model, tmp_path, rules=rules))
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]
    rules[1, 0] = "x(7)"
    with pytest.raises(
        PipelineError, match=r"toy\.mat: reaction 'TR': the gene rule 'x\(7\)' names x\(7\), but there are 6"
    ):
        read_gem(write_matlab(model, tmp_path, rules=rules))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"csense": np.array(["E", "E", "L", "E", "E"])[:, None]}, "field 'csense' has inequalities"),
        ({"b": np.array([[0.0], [0], [1], [0], [0]])}, "field 'b' is not zero everywhere"),
        ({"C": np.ones((1, 7)), "d": np.ones((1, 1))}, "has constraints beside the reactions"),
        ({"osenseStr": "sideways"}, "the direction of the objective is 'sideways'"),
        ({"lb": np.zeros((3, 1))}, "field 'rxns' has 7 entries, but 'lower_bound' has 3"),
        ({"lb": np.array(["none"])}, "field 'lb' holds what is no number"),
        ({"S": np.array(["none"])}, "field 'S' is no matrix of numbers"),
        (
            {"comps": np.array(["c"]), "metComps": np.full((5, 1), 2)},
            "field 'metComps' names compartments beyond the 1",
        ),
        ({"S": np.zeros((5, 2))}, "field 'S' is 5 by 2, but there are 5 mets and 7 rxns"),
    ],
)
def test_what_a_matlab_model_demands_beyond_steady_state_is_refused(tmp_path: Path, more: Model, message: str) -> None:
    with pytest.raises(PipelineError, match=rf"toy\.mat: .*{message}"):
        read_gem(write_matlab(toy(), tmp_path, **more))


def test_two_rules_of_matlab_that_differ_are_refused(tmp_path: Path) -> None:
    rules = np.full((7, 1), "", dtype=object)
    rules[2, 0] = "x(2) | x(3)"
    with pytest.raises(
        PipelineError, match=r"reaction 'R1': .*grRules \('g2 and g3'\) and rules \('g2 \| g3'\) differ"
    ):
        read_gem(write_matlab(with_rule("g2 and g3"), tmp_path, rules=rules))
    rules[2, 0] = "x(3) & x(2)"
    assert single_fitness(read_gem(write_matlab(with_rule("g2 and g3"), tmp_path, rules=rules)))[1:3] == [0.5, 0.5]


def test_metabolites_that_raven_leaves_unbalanced_are_left_out(tmp_path: Path) -> None:
    model = toy()
    model["metabolites"].append({"id": "A_b", "name": "A_b", "compartment": "b", "formula": "C"})
    model["reactions"][0]["metabolites"]["A_b"] = 1.0
    gem = read_gem(write_matlab(model, tmp_path, unconstrained=np.array([[0], [0], [0], [0], [0], [1]])))
    assert list(gem.metabolites["id"]) == ["A_e", "A_c", "B_c", "C_c", "D_c"]
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


def test_cobra_and_its_toolbox_write_what_is_read(tmp_path: Path, cobra_textbook: Any, textbook: Gem) -> None:
    from cobra.io import save_matlab_model

    save_matlab_model(cobra_textbook, str(tmp_path / "core.mat"))
    gem = read_gem(tmp_path / "core.mat")
    assert gem.genes == textbook.genes
    assert gem.reactions.drop(columns="subsystem").equals(textbook.reactions.drop(columns="subsystem"))
    assert (gem.stoichiometry != textbook.stoichiometry).nnz == 0
