"""Read the MATLAB structures of the COBRA toolbox and of cobra (.mat, version 5)."""

import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.io import loadmat

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gene_rules import parse_rule
from pipeline_lib.metabolism.model.model_content import Entry, objective_direction

_NEEDED = ("rxns", "mets", "S", "lb", "ub")
_BEYOND = {"C": "constraints beside the reactions (C)", "E": "extra variables (E)"}
_COMPARTMENT = re.compile(r"(?:\[|\()([A-Za-z]+)(?:\]|\))$|_([A-Za-z]+)$")
_NUMBERED_GENE = re.compile(r"x\((\d+)\)")


def parse_gem_matlab(content: bytes, where: str) -> dict[str, Any]:
    """Parse a model in MATLAB's format.

    Parameters
    ----------
    content
        The file's bytes.
    where
        Its name, for the error.

    Returns
    -------
    dict
        See `model_content.content_of`. Gene rules are those of ``grRules``, and of ``rules``
        (where gene 1 is ``x(1)``) for a reaction without one; where both have one, they must be equal.

    Raises
    ------
    PipelineError
        When the file is damaged, holds no model or several, lacks a field, or demands more than S v = 0.
    """
    try:
        loaded = loadmat(io.BytesIO(content))
    except Exception as error:
        # scipy takes a file's layout for granted: what it raises on a damaged one is of every kind.
        raise PipelineError(f"{where} is not a MATLAB file that can be read ({error}); save the model anew.") from error
    models = {name: value for name, value in loaded.items() if _is_model(value)}
    if len(models) != 1:
        raise PipelineError(
            f"{where} holds {len(models)} models (structures with the fields {', '.join(_NEEDED)}); save one alone."
        )
    variable, structure = next(iter(models.items()))
    fields = {name: structure[name].flat[0] for name in structure.dtype.names}
    _refuse_beyond(fields, where)
    _drop_unbalanced(fields, where)
    mets, rxns = _texts(fields["mets"]), _texts(fields["rxns"])
    genes = _texts(fields["genes"]) if "genes" in fields else []
    named = _texts(fields["modelID"]) if "modelID" in fields else []
    return {
        "id": named[0] if named else variable,
        "direction": _direction(fields, where),
        "metabolites": _metabolites(fields, mets, where),
        "reactions": _reactions(fields, rxns, mets, genes, where),
        "genes": [{"id": gene} for gene in genes],
    }


def _is_model(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.size == 1 and set(_NEEDED) <= set(value.dtype.names or ())


def _refuse_beyond(fields: dict[str, Any], where: str) -> None:
    for name, what in _BEYOND.items():
        if np.size(fields.get(name, ())) and np.prod(np.shape(fields[name])):
            raise PipelineError(f"{where}: the model has {what}, which are not supported; give a model without them.")
    if np.any(_numbers(fields, "b", where) != 0):
        raise PipelineError(f"{where}: field 'b' is not zero everywhere; only steady states (S v = 0) are supported.")
    if "csense" in fields and set("".join(_texts(fields["csense"]))) - {"E"}:
        raise PipelineError(f"{where}: field 'csense' has inequalities; only steady states (S v = 0) are supported.")


def _drop_unbalanced(fields: dict[str, Any], where: str) -> None:
    """Leave out the metabolites that RAVEN keeps outside the balances (field unconstrained)."""
    unconstrained = _numbers(fields, "unconstrained", where)
    if not unconstrained.any():
        return
    balanced = unconstrained == 0
    fields["S"] = _matrix(fields["S"], where)[balanced]
    for name in ("mets", "metNames", "metFormulas", "metCharge", "metCharges", "metComps"):
        if np.size(fields.get(name, ())) == len(balanced):
            fields[name] = np.ravel(fields[name])[balanced]


def _direction(fields: dict[str, Any], where: str) -> str:
    if "osenseStr" in fields and _texts(fields["osenseStr"]):
        return objective_direction(_texts(fields["osenseStr"])[0], where)
    return "min" if np.any(_numbers(fields, "osense", where) > 0) else "max"


def _metabolites(fields: dict[str, Any], mets: list[str], where: str) -> list[Entry]:
    columns: dict[str, list[Any]] = {"id": mets, "compartment": _compartments(fields, mets, where)}
    for field in ("metCharge", "metCharges"):
        if np.size(fields.get(field, ())):
            columns["charge"] = _numbers(fields, field, where).tolist()
    for key, field in (("name", "metNames"), ("formula", "metFormulas")):
        if np.size(fields.get(field, ())):
            columns[key] = [text or None for text in _texts(fields[field])]
    return _rows(columns, "mets", where)


def _compartments(fields: dict[str, Any], mets: list[str], where: str) -> list[str]:
    """Return each metabolite's compartment: by the fields of the model or, where it has none, by the id's ending."""
    if np.size(fields.get("metComps", ())) and np.size(fields.get("comps", ())):
        names, number = _texts(fields["comps"]), _numbers(fields, "metComps", where)
        if not ((number >= 1) & (number <= len(names))).all():
            raise PipelineError(f"{where}: field 'metComps' names compartments beyond the {len(names)} of 'comps'.")
        return [names[at] for at in number.astype(int) - 1]
    endings = [_COMPARTMENT.search(name) for name in mets]
    return [ending[1] or ending[2] if ending else "" for ending in endings]


def _reactions(fields: dict[str, Any], rxns: list[str], mets: list[str], genes: list[str], where: str) -> list[Entry]:
    columns: dict[str, list[Any]] = {"id": rxns}
    for key, field in (("lower_bound", "lb"), ("upper_bound", "ub"), ("objective_coefficient", "c")):
        if field in fields:
            columns[key] = _numbers(fields, field, where).tolist()
    for key, field in (("name", "rxnNames"), ("subsystem", "subSystems")):
        if np.size(fields.get(field, ())):
            columns[key] = _texts(fields[field])
    rules = _texts(fields["grRules"]) if np.size(fields.get("grRules", ())) else [""] * len(rxns)
    if np.size(fields.get("rules", ())):
        numbered = _texts(fields["rules"])
        if len(rules) == len(numbered) == len(rxns):
            rules = [
                _one_rule(rule, _named(text, genes, reaction, where), reaction, where)
                for rule, text, reaction in zip(rules, numbered, rxns, strict=True)
            ]
    columns["gene_reaction_rule"] = rules
    entries = _rows(columns, "rxns", where)
    S = _matrix(fields["S"], where)
    if S.shape != (len(mets), len(rxns)):
        raise PipelineError(
            f"{where}: field 'S' is {S.shape[0]} by {S.shape[1]}, but there are {len(mets)} mets and {len(rxns)} rxns."
        )
    S.sum_duplicates()
    for column, entry in enumerate(entries):
        part = slice(S.indptr[column], S.indptr[column + 1])
        names = [mets[row] for row in S.indices[part]]
        entry["metabolites"] = dict(zip(names, S.data[part].tolist(), strict=True))
    return entries


def _one_rule(written: str, numbered: str, reaction: str, where: str) -> str:
    """Return the rule of ``grRules`` or, where it is empty, of ``rules``; two that differ are refused."""
    if not written.strip() or not numbered.strip():
        return written if written.strip() else numbered
    try:
        differ = parse_rule(written, reaction) != parse_rule(numbered, reaction)
    except PipelineError as error:
        raise PipelineError(f"{where}: {error}") from error
    if differ:
        raise PipelineError(
            f"{where}: reaction '{reaction}': the gene rules of the fields grRules ('{written}') and rules "
            f"('{' '.join(numbered.split())}') differ; mend one of them in the model."
        )
    return written


def _named(rule: str, genes: list[str], reaction: str, where: str) -> str:
    """Write a rule over x(1), x(2)... with the genes' names."""
    numbers = [int(number) for number in _NUMBERED_GENE.findall(rule)]
    if any(not 1 <= number <= len(genes) for number in numbers):
        raise PipelineError(
            f"{where}: reaction '{reaction}': the gene rule '{rule}' names x({max(numbers)}), but there are "
            f"{len(genes)} genes; mend it in the model."
        )
    return _NUMBERED_GENE.sub(lambda gene: f" {genes[int(gene[1]) - 1]} ", rule)


def _rows(columns: dict[str, list[Any]], leading: str, where: str) -> list[Entry]:
    size = len(columns["id"])
    for key, values in columns.items():
        if len(values) != size:
            raise PipelineError(f"{where}: field '{leading}' has {size} entries, but '{key}' has {len(values)}.")
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _matrix(field: Any, where: str) -> sparse.csc_array:  # noqa: ANN401 - whatever the file holds
    try:
        return sparse.csc_array(field, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PipelineError(f"{where}: field 'S' is no matrix of numbers ({error}); save the model anew.") from error


def _numbers(fields: dict[str, Any], name: str, where: str) -> NDArray[np.float64]:
    """Return a field, full, sparse or a cell array, as one row of numbers; empty where the model lacks it."""
    field = fields.get(name, np.empty(0))
    dense = field.toarray() if sparse.issparse(field) else np.asarray(field)
    try:
        if dense.dtype == object:
            dense = np.array([np.ravel(cell)[0] if np.size(cell) else np.nan for cell in dense.ravel()])
        return dense.astype(np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise PipelineError(f"{where}: field '{name}' holds what is no number ({error}); mend the model.") from error


def _texts(field: Any) -> list[str]:  # noqa: ANN401 - a cell array of texts, or of cell arrays, or a text
    cells = np.asarray(field)
    if cells.dtype != object:
        return [str(text).strip() for text in cells.ravel()]
    return ["; ".join(text for text in _texts(cell) if text) for cell in cells.ravel()]
