"""One small model, written in every kind of file, for the tests of the readers."""

import json
import math
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import io as scipy_io

from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import network_of

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


COMPLEX = (frozenset({"g2", "g3"}),)
