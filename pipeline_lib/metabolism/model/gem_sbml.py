"""Read SBML (core, fbc, groups) by libsbml, gene rules and legacy notes included.

cobra's reader is the peer, and ids are clipped as it clips them; it empties rules that it cannot read, sums a
metabolite listed twice, and gives default bounds where a file has none, which this reader leaves to the checks.
"""

import html
import re
from typing import Any

import libsbml

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.model_content import Entry, RepeatedFields, objective_direction

_ESCAPED = re.compile(r"__(\d+)__")
_REACTION_TAG = re.compile(r"""<(?:\w+:)?reaction\s[^>]*?\bid=["']([^"']+)""")
_ASSOCIATION_TAG = re.compile(r"</?(?:\w+:)?geneProductAssociation")
_LOST_RULES = {
    libsbml.FbcReactionOnlyOneGeneProdAss,
    libsbml.FbcGeneProdAssocContainsOneElement,
    libsbml.FbcGeneProdRefAllowedAttribs,
}
_LOST_NUMBERS = {libsbml.FbcFluxObjectCoefficientMustBeDouble}
"""Faults after which libsbml goes on with a part of what stands in the file."""


def refuse_losses(document: "libsbml.SBMLDocument", text: str, where: str) -> None:
    """Refuse a document that libsbml has read only in part.

    Parameters
    ----------
    document
        What libsbml made of the text.
    text
        The file's content.
    where
        Its name, for the error.

    Raises
    ------
    PipelineError
        Names the line and, of a gene rule, the reaction.
    """
    for number in range(document.getNumErrors()):
        error = document.getError(number)
        line, code = error.getLine(), error.getErrorId()
        reason = " ".join(error.getShortMessage().split()).rstrip(".")
        if code == libsbml.MissingXMLRequiredAttribute and "geneAssociation" in error.getMessage():
            # In fbc 1 the association of a reaction should have an id; nothing refers to it.
            continue
        if error.getCategory() == libsbml.LIBSBML_CAT_XML or error.isFatal() or code in _LOST_NUMBERS:
            raise PipelineError(f"{where} is not a model that can be read whole: line {line}: {reason}; mend the file.")
        # libsbml names the place where the element begins that holds the fault.
        start = sum(len(passed) + 1 for passed in text.split("\n")[: line - 1]) + error.getColumn()
        before = text[: text.find(">", start) + 1]
        tags = _ASSOCIATION_TAG.findall(before)
        within = bool(tags) and not tags[-1].startswith("</")
        if code in _LOST_RULES or (code == libsbml.UnrecognizedElement and within):
            reactions = _REACTION_TAG.findall(before)
            raise PipelineError(
                f"{where}: reaction '{clipped(reactions[-1], 'R_') if reactions else '?'}': the gene rule in line "
                f"{line} is malformed ({reason}); mend it in the model."
            )


def clipped(identifier: str, prefix: str) -> str:
    """Undo what cobra and RAVEN do to an id to make it one of SBML: G_YAL001C__45__A is YAL001C-A."""
    plain = identifier.replace("__SBML_DOT__", ".")
    return _ESCAPED.sub(lambda code: chr(int(code[1])), plain).removeprefix(prefix)


_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NOTE = re.compile(r"<(?:\w+:)?p[^>]*>\s*([^<:]+?)\s*:\s*(.*?)\s*</(?:\w+:)?p>", re.DOTALL)
_GENE = re.compile(r"[^\s()&|]+")
_RULE_NOTES = ("GENE_ASSOCIATION", "GENE ASSOCIATION")


def parse_gem_sbml(text: str, where: str) -> dict[str, Any]:
    """Parse a model in SBML.

    Parameters
    ----------
    text
        The file's content.
    where
        Its name, for the error.

    Returns
    -------
    dict
        See `model_content.content_of`. Boundary species are left out: no balance holds for
        them. The rule of a reaction is its association or, where it has none, the GENE_ASSOCIATION of its notes.

    Raises
    ------
    PipelineError
        When the text is not SBML, is not a model, or libsbml would read only a part of it.
    """
    # The text is decoded: the encoding that its first line declares holds no more.
    text = _DECLARATION + re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    document = libsbml.readSBMLFromString(text)
    refuse_losses(document, text, where)
    model = document.getModel()
    if model is None:
        raise PipelineError(f"{where} is not a model: its SBML has no model element; fetch the file anew.")
    plugin = model.getPlugin("fbc")
    first_version = bool(plugin) and plugin.getPackageVersion() == 1
    if first_version:
        properties = libsbml.ConversionProperties()
        properties.addOption("convert fbc v1 to fbc v2", True, "fbc 1 keeps bounds and rules elsewhere")
        if document.convert(properties) != libsbml.LIBSBML_OPERATION_SUCCESS:
            raise PipelineError(f"{where}: its fbc package of version 1 cannot be converted; save it as fbc version 2.")
        model = document.getModel()
        plugin = model.getPlugin("fbc")
    boundary = {species.getIdAttribute() for species in model.getListOfSpecies() if species.getBoundaryCondition()}
    genes = _gene_ids(plugin, first_version=first_version) if plugin else {}
    reactions = _reactions(model, boundary, genes, where)
    direction = _read_objective(plugin, reactions, where) if plugin else "max"
    return {
        "id": model.getIdAttribute(),
        "direction": direction,
        "metabolites": [
            _metabolite(species) for species in model.getListOfSpecies() if species.getIdAttribute() not in boundary
        ],
        "reactions": list(reactions.values()),
        "genes": [{"id": gene} for gene in genes.values()],
    }


def _gene_ids(plugin: "libsbml.FbcModelPlugin", *, first_version: bool) -> dict[str, str]:
    """Return the gene of every gene product's id; what fbc 1 calls a gene is a label once it is converted."""
    return {
        product.getIdAttribute(): clipped(product.getLabel() if first_version else product.getIdAttribute(), "G_")
        for product in plugin.getListOfGeneProducts()
    }


def _notes(element: "libsbml.SBase") -> list[tuple[str, str]]:
    return [(name.upper(), html.unescape(text)) for name, text in _NOTE.findall(element.getNotesString())]


def _metabolite(species: "libsbml.Species") -> Entry:
    entry: Entry = {
        "id": clipped(species.getIdAttribute(), "M_"),
        "name": species.getName(),
        "compartment": species.getCompartment(),
    }
    plugin = species.getPlugin("fbc")
    notes = {} if plugin else dict(_notes(species))
    if plugin:
        entry["formula"] = plugin.getChemicalFormula() or None
        entry["charge"] = plugin.getCharge() if plugin.isSetCharge() else None
    else:
        entry["formula"] = notes.get("FORMULA") or None
        charge = str(species.getCharge()) if species.isSetCharge() else notes.get("CHARGE", "")
        entry["charge"] = int(charge) if re.fullmatch(r"[-+]?\d{1,3}", charge) else None
    return entry


def _reactions(model: "libsbml.Model", boundary: set[str], genes: dict[str, str], where: str) -> dict[str, Entry]:
    """Return the entry of every reaction by its id in the file; repeated ids get a key of their own."""
    subsystem = _subsystems(model)
    entries: dict[str, Entry] = {}
    for number, reaction in enumerate(model.getListOfReactions()):
        identifier = reaction.getIdAttribute()
        entry: Entry = {"id": clipped(identifier, "R_"), "name": reaction.getName().strip()}
        entry["metabolites"] = _equation(reaction, boundary)
        notes = _notes(reaction)
        entry |= _fbc_bounds(model, reaction, where) if reaction.getPlugin("fbc") else _legacy_numbers(reaction)
        entry["subsystem"] = subsystem.get(identifier) or dict(notes).get("SUBSYSTEM", "")
        entry["gene_reaction_rule"] = _rule(reaction, genes, notes, where)
        entries[identifier if identifier not in entries else f"{identifier} {number}"] = entry
    return entries


def _equation(reaction: "libsbml.Reaction", boundary: set[str]) -> Entry:
    """Return metabolite to coefficient; one on both sides has the difference, one twice on a side is remembered."""
    total: dict[str, float] = {}
    for side, references in ((-1, reaction.getListOfReactants()), (1, reaction.getListOfProducts())):
        seen: set[str] = set()
        for reference in references:
            species = reference.getSpecies()
            name = clipped(species, "M_")
            if species in seen:
                return RepeatedFields(total.items(), name)
            seen.add(species)
            if species not in boundary:
                total[name] = total.get(name, 0.0) + side * reference.getStoichiometry()
    return total


def _fbc_bounds(model: "libsbml.Model", reaction: "libsbml.Reaction", where: str) -> Entry:
    plugin = reaction.getPlugin("fbc")
    bounds: Entry = {}
    for field, name in (("lower_bound", plugin.getLowerFluxBound()), ("upper_bound", plugin.getUpperFluxBound())):
        if not name:
            continue
        parameter = model.getParameter(name)
        fixed = parameter is not None and parameter.getConstant() and not model.getInitialAssignmentBySymbol(name)
        if not fixed:
            raise PipelineError(
                f"{where}: reaction '{clipped(reaction.getIdAttribute(), 'R_')}': field '{field}' names '{name}', "
                "which is no constant parameter of the model."
            )
        bounds[field] = parameter.getValue()
    return bounds


def _legacy_numbers(reaction: "libsbml.Reaction") -> Entry:
    """Return bounds and objective coefficient of a model without fbc, from the parameters of the kinetic law."""
    law = reaction.getKineticLaw()
    found: Entry = {}
    for field in ("LOWER_BOUND", "UPPER_BOUND", "OBJECTIVE_COEFFICIENT"):
        parameter = law.getParameter(field) if law else None
        if parameter:
            found[field.lower()] = parameter.getValue()
    return found


def _rule(reaction: "libsbml.Reaction", genes: dict[str, str], notes: list[tuple[str, str]], where: str) -> str:
    plugin = reaction.getPlugin("fbc")
    association = plugin.getGeneProductAssociation() if plugin else None
    if association is not None:
        return _rule_text(association.getAssociation(), genes, outermost=True)
    texts = list(dict.fromkeys(" ".join(text.split()) for name, text in notes if name in _RULE_NOTES and text))
    if len(texts) > 1:
        raise PipelineError(
            f"{where}: reaction '{clipped(reaction.getIdAttribute(), 'R_')}' has several gene rules in its notes "
            f"('{texts[0]}', '{texts[1]}'); keep one of them."
        )
    return _GENE.sub(lambda gene: clipped(gene[0], "G_"), texts[0] if texts else "")


def _rule_text(association: "libsbml.FbcAssociation | None", genes: dict[str, str], *, outermost: bool = False) -> str:
    """Return an association as text; one without a gene as (), which no rule may hold."""
    if association is None:
        return "()"
    if association.isGeneProductRef():
        product = association.getGeneProduct()
        return genes.get(product) or clipped(product, "G_")
    members = [_rule_text(member, genes) for member in association.getListOfAssociations()]
    text = (" or " if association.isFbcOr() else " and ").join(members)
    return text if outermost and members else f"({text})"


def _read_objective(plugin: "libsbml.FbcModelPlugin", reactions: dict[str, Entry], where: str) -> str:
    """Give the reactions the coefficients of the active objective and return its direction."""
    if plugin.getPackageVersion() >= 3 and plugin.getNumUserDefinedConstraints():
        raise PipelineError(f"{where}: the model has constraints beside its reactions, which are not supported.")
    objectives = {objective.getIdAttribute(): objective for objective in plugin.getListOfObjectives()}
    if not objectives:
        return "max"
    active = plugin.getListOfObjectives().getActiveObjective()
    if not active and len(objectives) == 1:
        active = next(iter(objectives))
    if active not in objectives:
        raise PipelineError(
            f"{where}: the active objective '{active}' is none of {', '.join(objectives)}; name one of them as "
            "fbc:activeObjective."
        )
    return _read_terms(objectives[active], active, reactions, where)


def _read_terms(objective: "libsbml.Objective", name: str, reactions: dict[str, Entry], where: str) -> str:
    for term in objective.getListOfFluxObjectives():
        entry = reactions.get(term.getReaction())
        if entry is None:
            raise PipelineError(
                f"{where}: the objective '{name}' names the reaction '{term.getReaction()}', which the model lacks."
            )
        if "objective_coefficient" in entry:
            raise PipelineError(f"{where}: the objective '{name}' lists reaction '{entry['id']}' more than once.")
        if term.isSetReaction2() or term.getVariableTypeAsString() == "quadratic":
            raise PipelineError(f"{where}: the objective '{name}' is not linear in '{entry['id']}'; give a linear one.")
        entry["objective_coefficient"] = term.getCoefficient()
    return objective_direction(objective.getType(), where)


def _subsystems(model: "libsbml.Model") -> dict[str, str]:
    """Return reaction id to the name of the group that it is in."""
    plugin = model.getPlugin("groups")
    if not plugin:
        return {}
    return {
        member.getIdRef(): group.getName()
        for group in plugin.getListOfGroups()
        for member in group.getListOfMembers()
        if member.isSetIdRef()
    }
