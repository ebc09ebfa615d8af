"""SBML: associations and notes, objectives, bounds, legacy models; what is read in part is refused."""

from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.gene_rules import parse_rule
from pipeline_lib.metabolism.model.stoichiometry import network_of
from tests.metabolism.model.model_files import COMPLEX, Model, sbml_text, toy, with_rule, write_sbml

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
