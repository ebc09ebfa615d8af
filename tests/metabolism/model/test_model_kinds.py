"""One small model in every kind of file: the same meaning whatever the kind, or the same refusal."""

import bz2
import gzip
import json
import math
import zipfile
from collections.abc import Callable
from copy import deepcopy
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import io as scipy_io

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotype_arrays import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import Gem, read_gem
from pipeline_lib.metabolism.model.gene_rule_parser import parse_rule
from pipeline_lib.metabolism.model.network import network_of

Model = dict[str, Any]
Writer = Callable[[Model, Path], Path]


def reaction(name: str, lower: float, rule: str = "", **metabolites: float) -> Model:
    return {
        "id": name,
        "name": name,
        "metabolites": metabolites,
        "lower_bound": lower,
        "upper_bound": 1000.0,
        "gene_reaction_rule": rule,
    }


def toy() -> Model:
    """Return a cell that makes D from A by two ways, the second of half the yield; growth 10."""
    reactions = [
        reaction("EX_A", -10.0, A_e=-1.0),
        reaction("TR", 0.0, "g1", A_e=-1.0, A_c=1.0),
        reaction("R1", 0.0, "g2 and g3", A_c=-1.0, B_c=1.0),
        reaction("R2", 0.0, "g4", A_c=-1.0, C_c=1.0),
        reaction("R3", 0.0, "g5 or g6", B_c=-1.0, D_c=1.0),
        reaction("R4", 0.0, "g4", C_c=-1.0, D_c=0.5),
        reaction("BIO", 0.0, D_c=-1.0),
    ]
    reactions[-1]["objective_coefficient"] = 1.0
    metabolites = [
        {"id": name, "name": name, "compartment": name[-1], "formula": "C"}
        for name in ("A_e", "A_c", "B_c", "C_c", "D_c")
    ]
    return {
        "id": "toy",
        "metabolites": metabolites,
        "reactions": reactions,
        "genes": [{"id": f"g{number}", "name": f"g{number}"} for number in range(1, 7)],
    }


def with_rule(rule: str) -> Model:
    model = toy()
    model["reactions"][2]["gene_reaction_rule"] = rule
    return model


def write_json(model: Model, folder: Path) -> Path:
    path = folder / "toy.json"
    path.write_text(json.dumps(model), encoding="utf-8")
    return path


def write_yaml(model: Model, folder: Path) -> Path:
    path = folder / "toy.yml"
    path.write_text(yaml.safe_dump(model, sort_keys=False, allow_unicode=True, width=10_000), encoding="utf-8")
    return path


def _scalar(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def write_raven(model: Model, folder: Path) -> Path:
    """Write the layout of RAVEN's writeYAMLmodel."""
    lines = ["---", "!!omap", "- metaData:", f'    id: "{model["id"]}"']
    for section in ("metabolites", "reactions", "genes"):
        lines.append(f"- {section}:")
        for entry in model[section]:
            lines.append("    - !!omap")
            for key, value in entry.items():
                if key == "metabolites":
                    lines.append("      - metabolites: !!omap")
                    lines += [f"          - {name}: {number!r}" for name, number in value.items()]
                else:
                    lines.append(f"      - {key}: {_scalar(value)}")
    path = folder / "toy.raven.yml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_matlab(model: Model, folder: Path, **more: Any) -> Path:
    def cells(texts: list[str]) -> np.ndarray:
        found = np.empty((len(texts), 1), dtype=object)
        found[:, 0] = texts
        return found

    rows = {entry["id"]: at for at, entry in enumerate(model["metabolites"])}
    S = np.zeros((len(rows), len(model["reactions"])))
    for at, entry in enumerate(model["reactions"]):
        for name, number in entry["metabolites"].items():
            S[rows[name], at] = number
    column = {
        field: np.array([[float(entry.get(key, 0.0))] for entry in model["reactions"]])
        for field, key in (("lb", "lower_bound"), ("ub", "upper_bound"), ("c", "objective_coefficient"))
    }
    structure = {
        "rxns": cells([entry["id"] for entry in model["reactions"]]),
        "rxnNames": cells([entry["id"] for entry in model["reactions"]]),
        "mets": cells(list(rows)),
        "metNames": cells(list(rows)),
        "metFormulas": cells(["C"] * len(rows)),
        "S": S,
        **column,
        "genes": cells([gene["id"] for gene in model["genes"]]),
        "grRules": cells([entry["gene_reaction_rule"] for entry in model["reactions"]]),
        **more,
    }
    path = folder / "toy.mat"
    scipy_io.savemat(path, {model["id"]: structure})
    return path


def sbml_text(model: Model, *, direction: str = "maximize", association: str | None = None) -> str:
    """Return SBML with fbc: rules as notes, as old models have them; R1's as an association where one is given."""
    values = sorted({entry[key] for entry in model["reactions"] for key in ("lower_bound", "upper_bound")})
    names = {value: f"b{number}" for number, value in enumerate(values)}
    parameters = "".join(
        f'<parameter id="{name}" value="{str(value).upper() if math.isinf(value) else value}" constant="true"/>'
        for value, name in names.items()
    )
    species = "".join(
        f'<species id="M_{entry["id"]}" name="{entry["id"]}" compartment="{entry["compartment"]}" constant="false" '
        f'hasOnlySubstanceUnits="false" boundaryCondition="false" fbc:chemicalFormula="C"/>'
        for entry in model["metabolites"]
    )
    reactions = ""
    for entry in model["reactions"]:
        sides = {"Reactants": "", "Products": ""}
        for name, number in entry["metabolites"].items():
            sides["Reactants" if number < 0 else "Products"] += (
                f'<speciesReference species="M_{name}" stoichiometry="{abs(number)}" constant="true"/>'
            )
        lists = "".join(f"<listOf{side}>{content}</listOf{side}>" for side, content in sides.items() if content)
        rule = f"<html:p>GENE_ASSOCIATION: {escape(entry['gene_reaction_rule'])}</html:p>"
        fbc = association if association and entry["id"] == "R1" else ""
        reactions += (
            f'<reaction id="R_{entry["id"]}" name="{entry["id"]}" reversible="true" fast="false" '
            f'fbc:lowerFluxBound="{names[entry["lower_bound"]]}" fbc:upperFluxBound="{names[entry["upper_bound"]]}">\n'
            f'<notes><html:body xmlns:html="http://www.w3.org/1999/xhtml">{rule}</html:body></notes>'
            f"{lists}{fbc}</reaction>"
        )
    goals = "".join(
        f'<fbc:fluxObjective fbc:reaction="R_{entry["id"]}" fbc:coefficient="{entry["objective_coefficient"]}"/>'
        for entry in model["reactions"]
        if entry.get("objective_coefficient")
    )
    genes = "".join(f'<fbc:geneProduct fbc:id="G_{g["id"]}" fbc:label="G_{g["id"]}"/>' for g in model["genes"])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" fbc:required="false" '
        'xmlns:fbc="http://www.sbml.org/sbml/level3/version1/fbc/version2"><model id="toy" fbc:strict="false">'
        '<listOfCompartments><compartment id="c" constant="true"/><compartment id="e" constant="true"/>'
        f"</listOfCompartments><listOfSpecies>{species}</listOfSpecies><listOfParameters>{parameters}</listOfParameters>"
        f'<listOfReactions>{reactions}</listOfReactions><fbc:listOfObjectives fbc:activeObjective="goal">'
        f'<fbc:objective fbc:id="goal" fbc:type="{direction}"><fbc:listOfFluxObjectives>{goals}'
        "</fbc:listOfFluxObjectives></fbc:objective></fbc:listOfObjectives><fbc:listOfGeneProducts>"
        f"{genes}</fbc:listOfGeneProducts></model></sbml>"
    )


def write_sbml(model: Model, folder: Path) -> Path:
    path = folder / "toy.xml"
    path.write_text(sbml_text(model), encoding="utf-8")
    return path


WRITERS = (write_json, write_yaml, write_raven, write_matlab, write_sbml)
every_kind = pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__.removeprefix("write_"))


def single_fitness(gem: Gem) -> list[float]:
    network = network_of(gem)
    singles = choose(network.gem_genes, 1)
    return solve_knockouts(network, singles).fitness(singles).tolist()


@every_kind
def test_the_model_has_one_meaning_in_every_kind_of_file(write: Writer, tmp_path: Path) -> None:
    gem = read_gem(write(toy(), tmp_path))
    expected = read_gem(write_json(toy(), tmp_path))
    assert (gem.id, gem.genes) == ("toy", ("g1", "g2", "g3", "g4", "g5", "g6"))
    assert gem.reactions.equals(expected.reactions)
    assert gem.metabolites.equals(expected.metabolites)
    assert (gem.stoichiometry != expected.stoichiometry).nnz == 0
    # R2 and R4 make half of what R1 and R3 make; either isozyme of R3 is enough.
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "write", [write_json, write_yaml, write_matlab, write_sbml], ids=["json", "yaml", "mat", "sbml"]
)
def test_a_rule_over_several_lines_is_one_rule(write: Writer, tmp_path: Path) -> None:
    gem = read_gem(write(with_rule("g2\n  and\n  g3"), tmp_path))
    assert parse_rule(gem.reactions.loc[2, "gene_rule"], "R1") == COMPLEX
    with pytest.raises(PipelineError, match="reaction 'R1': the gene rule 'g2 and g3 g4' is malformed"):
        read_gem(write(with_rule("g2\n  and\n  g3 g4"), tmp_path))


COMPLEX = (frozenset({"g2", "g3"}),)


@every_kind
@pytest.mark.parametrize(
    "rule",
    [
        "g2 AND g3",
        "g2 And g3",
        "g2&g3",
        "g2 && g3",
        "g2  and   g3",
        "g2\u00a0and\u00a0g3",
        "((g2) and (g3))",
        "g2 and(g3)",
    ],
)
def test_a_spelling_of_a_complex_is_read_in_every_kind(write: Writer, tmp_path: Path, rule: str) -> None:
    gem = read_gem(write(with_rule(rule), tmp_path))
    assert parse_rule(gem.reactions.set_index("id").loc["R1", "gene_rule"], "R1") == COMPLEX
    assert single_fitness(gem)[1:3] == [0.5, 0.5]


# One rule a line.
MALFORMED_RULES = """
(g2 or g3 g4)
(g2) or (g3) or  or (g4)
( or g2)
g2 and
and g2
(g2 and g3
g2 and g3)
nan
None
g2 or NA
-
g2/g3
not g2
g2 and not g3
g2, g3
g2;g3
[g2 and g3]
'g2' and g3
g2 + g3
g2 and not
g2 xor g3
g2and g3
()
""".strip().splitlines()


@every_kind
@pytest.mark.parametrize(
    "rule",
    MALFORMED_RULES,
)
def test_a_malformed_rule_is_refused_in_every_kind(write: Writer, tmp_path: Path, rule: str) -> None:
    path = write(with_rule(rule), tmp_path)
    with pytest.raises(PipelineError) as caught:
        read_gem(path)
    assert str(path) in str(caught.value)
    assert "reaction 'R1'" in str(caught.value)
    assert "gene rule" in str(caught.value)
    assert "\n" not in str(caught.value)


@every_kind
def test_a_listed_gene_may_be_called_na(write: Writer, tmp_path: Path) -> None:
    model = with_rule("NA and g3")
    model["genes"][1]["id"] = "NA"
    path = write(model, tmp_path)
    if write is write_sbml:
        path.write_text(path.read_text().replace('"G_g2"', '"G_NA"'))
    assert parse_rule(read_gem(path).reactions.loc[2, "gene_rule"], "R1") == (frozenset({"NA", "g3"}),)


@every_kind
@pytest.mark.parametrize("gene", ["YML081C-A", "YHR001W_A", "b0001.1", "8639_AT1", "319848"])
def test_a_gene_keeps_its_name_in_list_and_rule(write: Writer, tmp_path: Path, gene: str) -> None:
    model = with_rule(f"{gene} and g3")
    model["genes"][1]["id"] = gene
    path = write(model, tmp_path)
    if write is write_sbml:
        path.write_text(
            path.read_text().replace(f"G_{gene}", "G_" + gene.replace("-", "__45__").replace(".", "__46__"))
        )
    gem = read_gem(path)
    assert gem.genes[1] == gene
    assert parse_rule(gem.reactions.loc[2, "gene_rule"], "R1") == (frozenset({gene, "g3"}),)


@every_kind
def test_a_gene_that_only_a_rule_names_is_a_gene_as_in_cobra(write: Writer, tmp_path: Path) -> None:
    model = with_rule("g2 and g9")
    gem = read_gem(write(model, tmp_path))
    assert gem.genes == ("g1", "g2", "g3", "g4", "g5", "g6", "g9")
    assert single_fitness(gem) == [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5]


@every_kind
def test_a_listed_name_that_holds_an_operator_is_not_taken_apart(write: Writer, tmp_path: Path) -> None:
    """SEED names genes fig|83333.1.peg.4: no rule can name them, and reading an "or" would be silent."""
    model = with_rule("fig|83333.1.peg.4 and g3")
    model["genes"][1]["id"] = "fig|83333.1.peg.4"
    path = write(model, tmp_path)
    if write is write_sbml:
        path.write_text(path.read_text().replace("G_fig|83333.1.peg.4", "G_fig__124__83333__46__1__46__peg__46__4"))
    with pytest.raises(PipelineError, match=r"reaction 'R1': the gene rule .* part of 'fig\|83333\.1\.peg\.4'"):
        read_gem(path)


@pytest.mark.parametrize("write", [write_json, write_sbml, write_matlab], ids=["json", "sbml", "matlab"])
def test_a_model_that_lists_no_genes_has_those_of_its_rules(write: Writer, tmp_path: Path) -> None:
    model = toy()
    model["genes"] = []
    assert read_gem(write(model, tmp_path)).genes == ("g1", "g2", "g3", "g4", "g5", "g6")
    model["reactions"][2]["gene_reaction_rule"] = "g2,g3"
    with pytest.raises(
        PipelineError, match="reaction 'R1': the gene rule 'g2,g3' names 'g2,g3', which is no gene's name"
    ):
        read_gem(write(model, tmp_path))


REF = '<fbc:geneProductRef fbc:geneProduct="G_g{}"/>'


def association(content: str) -> str:
    return f"\n<fbc:geneProductAssociation>{content}</fbc:geneProductAssociation>"


def test_the_association_of_sbml_wins_over_the_note(tmp_path: Path) -> None:
    both = association(f"<fbc:or>{REF.format(2)}<fbc:and>{REF.format(3)}{REF.format(4)}</fbc:and></fbc:or>")
    path = tmp_path / "m.xml"
    path.write_text(sbml_text(toy(), association=both))
    assert read_gem(path).reactions.loc[2, "gene_rule"] == "g2 or (g3 and g4)"


@pytest.mark.parametrize(
    "content",
    [
        REF.format(2) + REF.format(3),
        "",
        "<fbc:or></fbc:or>",
        f"<fbc:not>{REF.format(2)}</fbc:not>",
        f"<fbc:or>{REF.format(2)}<fbc:and/></fbc:or>",
        f"<fbc:or><fbc:not>{REF.format(2)}</fbc:not>{REF.format(3)}</fbc:or>",
        "<fbc:geneProductRef/>",
    ],
)
def test_an_association_that_libsbml_reads_in_part_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "m.xml"
    whole = sbml_text(toy(), association=association(content))
    for text in (whole, whole.replace("\n", " ")):
        path.write_text(text)
        with pytest.raises(PipelineError, match=r"m\.xml: reaction 'R1': .*gene rule"):
            read_gem(path)


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


def test_two_gene_rules_in_the_notes_of_sbml_are_refused(tmp_path: Path) -> None:
    path = write_sbml(with_rule("g2 and g3"), tmp_path)
    note = "<html:p>GENE_ASSOCIATION: g2 and g3</html:p>"
    text = path.read_text()
    assert note in text
    path.write_text(text.replace(note, note + note))
    assert parse_rule(read_gem(path).reactions.loc[2, "gene_rule"], "R1") == COMPLEX
    path.write_text(text.replace(note, note + "<html:p>GENE ASSOCIATION: g4</html:p>"))
    with pytest.raises(PipelineError, match=r"reaction 'R1' has several gene rules in its notes \('g2 and g3', 'g4'\)"):
        read_gem(path)


def fbc_1(model: Model) -> str:
    """Return the model as libsbml writes it in fbc 1: bounds in a list, genes in an annotation."""
    import libsbml

    document = libsbml.readSBMLFromString(sbml_text(model, association=association(BOTH)))
    properties = libsbml.ConversionProperties()
    properties.addOption("convert fbc v2 to fbc v1", True, "")
    assert document.convert(properties) == libsbml.LIBSBML_OPERATION_SUCCESS
    return libsbml.writeSBMLToString(document)


BOTH = '<fbc:and><fbc:geneProductRef fbc:geneProduct="G_g2"/><fbc:geneProductRef fbc:geneProduct="G_g3"/></fbc:and>'


@pytest.mark.parametrize("gene", ["G_g2", "YBR001W", "YAL001C-A"])
def test_a_gene_of_fbc_1_keeps_its_name(tmp_path: Path, gene: str) -> None:
    text = fbc_1(toy())
    assert "fluxBound" in text
    path = tmp_path / "toy.xml"
    path.write_text(text.replace('"G_g2"', f'"{gene}"'))
    gem = read_gem(path)
    assert parse_rule(gem.reactions.loc[2, "gene_rule"], "R1") == (frozenset({gene.removeprefix("G_"), "g3"}),)
    assert not [name for name in gem.genes if name.startswith("gp_")]


def test_metabolites_that_raven_leaves_unbalanced_are_left_out(tmp_path: Path) -> None:
    model = toy()
    model["metabolites"].append({"id": "A_b", "name": "A_b", "compartment": "b", "formula": "C"})
    model["reactions"][0]["metabolites"]["A_b"] = 1.0
    gem = read_gem(write_matlab(model, tmp_path, unconstrained=np.array([[0], [0], [0], [0], [0], [1]])))
    assert list(gem.metabolites["id"]) == ["A_e", "A_c", "B_c", "C_c", "D_c"]
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


def test_of_several_objectives_the_active_one_counts(tmp_path: Path) -> None:
    other = (
        '<fbc:objective fbc:id="other" fbc:type="minimize"><fbc:listOfFluxObjectives><fbc:fluxObjective '
        'fbc:reaction="R_TR" fbc:coefficient="1"/></fbc:listOfFluxObjectives></fbc:objective>'
    )
    text = sbml_text(toy()).replace("</fbc:listOfObjectives>", other + "</fbc:listOfObjectives>")
    path = tmp_path / "two.xml"
    path.write_text(text)
    assert read_gem(path).reactions["objective"].tolist() == [0, 0, 0, 0, 0, 0, 1]
    path.write_text(text.replace('fbc:activeObjective="goal"', 'fbc:activeObjective="other"'))
    with pytest.raises(PipelineError, match="the objective minimises 1 TR"):
        read_gem(path)
    path.write_text(text.replace(' fbc:activeObjective="goal"', ""))
    with pytest.raises(PipelineError, match="the active objective '' is none of goal, other; name one"):
        read_gem(path)


def test_cobra_and_its_toolbox_write_what_is_read(tmp_path: Path, cobra_textbook: Any, textbook: Gem) -> None:
    from cobra.io import save_matlab_model

    save_matlab_model(cobra_textbook, str(tmp_path / "core.mat"))
    gem = read_gem(tmp_path / "core.mat")
    assert gem.genes == textbook.genes
    assert gem.reactions.drop(columns="subsystem").equals(textbook.reactions.drop(columns="subsystem"))
    assert (gem.stoichiometry != textbook.stoichiometry).nnz == 0


def minimised(model: Model, kind: str, folder: Path) -> Path:
    if kind == "json":
        return write_json({**model, "objective_direction": "min"}, folder)
    if kind == "matlab":
        return write_matlab(model, folder, osenseStr="min")
    if kind == "matlab, number":
        return write_matlab(model, folder, osense=1.0)
    path = folder / "toy.xml"
    path.write_text(sbml_text(model, direction="minimize"))
    return path


directions = pytest.mark.parametrize("kind", ["sbml", "json", "matlab", "matlab, number"])


@directions
def test_growth_that_runs_backwards_is_minimised(tmp_path: Path, kind: str) -> None:
    model = toy()
    model["reactions"][-1] |= {"metabolites": {"D_c": 1.0}, "lower_bound": -1000.0, "upper_bound": 0.0}
    network = network_of(read_gem(minimised(model, kind, tmp_path)))
    assert solve_knockouts(network, choose(network.gem_genes, 1)).wild_type == pytest.approx(10.0)


@directions
def test_a_minimised_objective_that_is_no_growth_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(
        PipelineError, match=r"toy\.\w+: the objective minimises 1 BIO, .* set its direction to maximize"
    ):
        read_gem(minimised(toy(), kind, tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('fbc:activeObjective="goal"', 'fbc:activeObjective="other"', "the active objective 'other' is none of goal"),
        ('fbc:reaction="R_BIO"', 'fbc:reaction="R_XXX"', "the objective 'goal' names the reaction 'R_XXX'"),
        (
            'fbc:coefficient="1.0"',
            'fbc:coefficient="NaN"',
            "reaction 'BIO': field 'objective_coefficient' is not a number",
        ),
        ('fbc:coefficient="1.0"', 'fbc:coefficient="x"', "line .* data type double"),
        ('fbc:type="maximize"', 'fbc:type="best"', "the direction of the objective is ''"),
        ('stoichiometry="0.5"', 'stoichiometry="half"', "line .*Attribute type mismatch"),
        (' stoichiometry="0.5"', "", "reaction 'R4' has a coefficient that is not a finite number .*'D_c': nan"),
        ('fbc:upperFluxBound="b2"', 'fbc:upperFluxBound="bx"', "reaction 'EX_A': field 'upper_bound' names 'bx'"),
        (' fbc:upperFluxBound="b2"', "", "reaction 'EX_A': field 'upper_bound' is missing"),
        ('id="b2" value="1000.0"', 'id="b2"', "reaction 'EX_A': field 'upper_bound' is not a number"),
        ('species="M_D_c" stoichiometry="0.5"', 'species="M_D_x" stoichiometry="0.5"', "unknown metabolite 'D_x'"),
        ('id="R_R4"', 'id="R_R2"', "the reaction 'R2' is listed more than once"),
        ('id="M_C_c"', 'id="M_B_c"', "the metabolite 'B_c' is listed more than once"),
    ],
)
def test_a_faulty_sbml_model_is_explained(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = sbml_text(toy())
    assert old in text
    path = tmp_path / "faulty.xml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(PipelineError, match=rf"faulty\.xml.*{message}"):
        read_gem(path)


def test_a_metabolite_on_both_sides_of_sbml_counts_with_its_difference(tmp_path: Path) -> None:
    text = sbml_text(toy())
    a = '<speciesReference species="M_A_c" stoichiometry="{}" constant="true"/>'
    twice = text.replace(f"<listOfReactants>{a.format('1.0')}", f"<listOfReactants>{a.format('1.0') * 2}", 1)
    (tmp_path / "twice.xml").write_text(twice)
    with pytest.raises(PipelineError, match="reaction 'R1' lists the metabolite 'A_c' more than once"):
        read_gem(tmp_path / "twice.xml")
    first_product = '<speciesReference species="M_B_c"'
    with_both = f"<listOfProducts>{a.format('0.25')}{first_product}"
    sides = text.replace(f"<listOfProducts>{first_product}", with_both, 1)
    (tmp_path / "sides.xml").write_text(sides)
    assert read_gem(tmp_path / "sides.xml").stoichiometry.toarray()[1, 2] == -0.75


def test_a_legacy_model_has_bounds_objective_and_genes_from_laws_and_notes(tmp_path: Path) -> None:
    """SBML level 2 before fbc, as the BiGG models of 2010: species outside the system boundary are not balanced."""
    law = (
        '<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>FLUX</ci></math><listOfParameters>'
        '<parameter id="LOWER_BOUND" value="{}"/><parameter id="UPPER_BOUND" value="{}"/>'
        '<parameter id="OBJECTIVE_COEFFICIENT" value="{}"/></listOfParameters></kineticLaw>'
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level2" level="2" version="1" '
        'xmlns:html="http://www.w3.org/1999/xhtml"><model id="old"><listOfCompartments><compartment id="e"/>'
        '</listOfCompartments><listOfSpecies><species id="M_A_e" compartment="e"/>'
        '<species id="M_A_b" compartment="e" boundaryCondition="true"/></listOfSpecies><listOfReactions>'
        '<reaction id="R_EX_A"><listOfReactants><speciesReference species="M_A_e"/></listOfReactants><listOfProducts>'
        f'<speciesReference species="M_A_b"/></listOfProducts>{law.format(-5, 1000, 0)}</reaction>'
        '<reaction id="R_GROW"><notes><html:p>GENE_ASSOCIATION: (b1 &amp; b2)</html:p></notes><listOfReactants>'
        f'<speciesReference species="M_A_e"/></listOfReactants>{law.format(0, 1000, 1)}</reaction>'
        "</listOfReactions></model></sbml>"
    )
    path = tmp_path / "old.xml"
    path.write_text(text)
    gem = read_gem(path)
    assert gem.genes == ("b1", "b2")
    assert gem.stoichiometry.toarray().tolist() == [[-1.0, -1.0]]
    network = network_of(gem)
    assert solve_knockouts(network, choose(network.gem_genes, 1)).wild_type == 5.0
    path.write_text(text.replace("b1 &amp; b2", "b1 &amp; or b2"))
    with pytest.raises(PipelineError, match=r"old\.xml: reaction 'GROW': the gene rule .* is malformed"):
        read_gem(path)


@every_kind
@pytest.mark.parametrize("field", ["lower_bound", "upper_bound"])
def test_a_bound_that_is_no_number_is_refused_in_every_kind(write: Writer, tmp_path: Path, field: str) -> None:
    model = toy()
    model["reactions"][2][field] = math.nan
    path = write(model, tmp_path)
    with pytest.raises(PipelineError) as caught:
        read_gem(path)
    assert f"{path}: reaction 'R1': field '{field}'" in str(caught.value)


@every_kind
@pytest.mark.parametrize(("lower", "upper"), [(5.0, -5.0), (math.inf, math.inf), (-math.inf, -math.inf)])
def test_bounds_that_no_flux_meets_are_refused_in_every_kind(
    write: Writer, tmp_path: Path, lower: float, upper: float
) -> None:
    model = toy()
    model["reactions"][2] |= {"lower_bound": lower, "upper_bound": upper}
    if write is write_raven:
        model["reactions"][2] |= {"lower_bound": str(lower), "upper_bound": str(upper)} if math.isinf(lower) else {}
    with pytest.raises(PipelineError, match=r"toy\S*: reaction 'R1' has a (lower )?bound .*lower_bound .*upper_bound"):
        read_gem(write(model, tmp_path))


@every_kind
def test_infinite_bounds_stand_in_every_kind(write: Writer, tmp_path: Path) -> None:
    model = toy()
    model["reactions"][1] |= {"lower_bound": -math.inf, "upper_bound": math.inf}
    if write is write_raven:
        # cobra writes infinite bounds as text, in JSON too.
        model["reactions"][1] |= {"lower_bound": "-inf", "upper_bound": "inf"}
    gem = read_gem(write(model, tmp_path))
    assert gem.reactions.loc[1, ["lower_bound", "upper_bound"]].tolist() == [-math.inf, math.inf]
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


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


@pytest.mark.parametrize("name", ["toy.txt", "toy.yml", "toy.json", "toy.xml", "toy.mat", "toy"])
@every_kind
def test_the_content_decides_the_kind_not_the_name(write: Writer, tmp_path: Path, name: str) -> None:
    content = write(toy(), tmp_path).read_bytes()
    path = tmp_path / name
    path.write_bytes(content)
    assert read_gem(path).reactions.equals(read_gem(write_json(toy(), tmp_path)).reactions)


@every_kind
def test_a_compressed_model_is_read(write: Writer, tmp_path: Path) -> None:
    plain = write(toy(), tmp_path)
    expected, content = read_gem(plain).reactions, plain.read_bytes()
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    (tmp_path / "b.bz2").write_bytes(bz2.compress(content))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("folder/model", content)
    for name in ("a.gz", "b.bz2", "c.zip"):
        assert read_gem(tmp_path / name).reactions.equals(expected)
    with zipfile.ZipFile(tmp_path / "c.zip", "a") as archive:
        archive.writestr("manifest.xml", "<x/>")
    with pytest.raises(PipelineError, match=r"c\.zip is an archive of 2 files"):
        read_gem(tmp_path / "c.zip")
    (tmp_path / "a.gz").write_bytes(gzip.compress(content)[:-20])
    with pytest.raises(PipelineError, match=r"a\.gz is a damaged compressed file"):
        read_gem(tmp_path / "a.gz")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("write", [write_json, write_yaml, write_sbml], ids=["json", "yaml", "sbml"])
def test_the_encoding_does_not_matter(write: Writer, tmp_path: Path, encoding: str) -> None:
    path = write(toy(), tmp_path)
    expected = read_gem(path).reactions
    path.write_text(path.read_text().replace("\n", "\r\n"), encoding=encoding, newline="")
    assert read_gem(path).reactions.equals(expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a model: it is empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is XML or a web page without an SBML element"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(600), "is a MATLAB 7.3 .*-v7"),
        (b"MATLAB 5.0 MAT-file" + bytes(200), "MATLAB file that can be read|holds 0 models"),
        (b"gene,score\na,1\n", "is not a model: it begins with 'gene,score"),
        (b'{"version": 1}', "is not a model: its JSON has no section 'reactions'"),
        (b'{"reactions": [], "metabolites": [], "genes": []}', "is not a model: it has no reactions"),
        (b'{"reactions": [], "metabolites": []}', "section 'genes' is missing"),
    ],
)
def test_what_is_no_model_is_refused_with_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "thing.xyz"
    path.write_bytes(content)
    with pytest.raises(PipelineError, match=rf"thing\.xyz.*{message}"):
        read_gem(path)


def test_reading_leaves_the_content_as_it_was(tmp_path: Path) -> None:
    model = toy()
    before = deepcopy(model)
    read_gem(write_json(model, tmp_path))
    assert model == before
