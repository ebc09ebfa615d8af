"""A genome-scale metabolic model as tables and one sparse matrix."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.gem_yaml import parse_gem_yaml

if TYPE_CHECKING:
    import cobra

UNKNOWN_ENERGY = 10_000_000.0
"""What yeast-GEM writes where the standard Gibbs energy is not known."""


@dataclass(frozen=True)
class Gem:
    """A genome-scale metabolic model of M metabolites, R reactions and G genes.

    Attributes
    ----------
    id
        The model's name and version, for instance ``yeastGEM_v9.0.2``.
    metabolites
        [M rows]: `pipeline_lib.artefacts.schemas.METABOLITES`; energies as published (yeast-GEM: kcal/mol,
        see `pipeline_lib.metabolism.energies`), NaN where unknown.
    reactions
        [R rows]: `pipeline_lib.artefacts.schemas.REACTIONS`; bounds in mmol/gDW/h.
    stoichiometry
        float64 [M, R]: negative for what a reaction consumes, positive for what it makes.
    genes
        The G gene ids in the model's order.
    """

    id: str
    metabolites: pd.DataFrame
    reactions: pd.DataFrame
    stoichiometry: sparse.csc_array
    genes: tuple[str, ...]

    def with_bounds(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> "Gem":
        """Return the model with other flux bounds (float64 [R], mmol/gDW/h)."""
        reversible = (lower < 0) & (upper > 0)
        bounds = {"lower_bound": lower, "upper_bound": upper, "reversible": reversible}
        return replace(self, reactions=self.reactions.assign(**bounds))


def read_gem(source: str | Path) -> Gem:
    """Read a model from a file or from those that cobra carries.

    Parameters
    ----------
    source
        Path of a .yml or .yaml (RAVEN or cobra), .xml (SBML) or .json (cobra) file, or ``cobra:NAME`` for a model
        inside cobra (``cobra:textbook`` is the E. coli core model of Orth et al. 2010).

    Raises
    ------
    PipelineError
        When the file is missing, of an unknown kind, or not a consistent model.
    """
    text = str(source)
    if text.startswith("cobra:"):
        return _from_cobra(_load_inside_cobra(text.removeprefix("cobra:")))
    path = Path(source)
    if not path.exists():
        raise PipelineError(f"{path} does not exist; give the path of a model (.yml, .xml, .json) or cobra:textbook.")
    if path.suffix in {".yml", ".yaml"}:
        try:
            return _from_entries(parse_gem_yaml(path.read_text(encoding="utf-8"), str(path)), str(path))
        except UnicodeDecodeError as error:
            raise PipelineError(f"{path} is not a text file ({error}); fetch it anew.") from error
    if path.suffix in {".xml", ".sbml", ".json"}:
        return _from_cobra(_load_with_cobra(path))
    raise PipelineError(f"{path}: models are read from .yml, .yaml, .xml, .sbml or .json, not '{path.suffix}'.")


def _load_inside_cobra(name: str) -> "cobra.Model":
    from cobra.io import web

    # `cobra.io.load_model` would ask the network for a name that it does not carry.
    try:
        return web.load.load_model(name, repositories=[web.load.Cobrapy()])
    except (RuntimeError, FileNotFoundError, OSError) as error:
        raise PipelineError(f"cobra carries no model '{name}'; use cobra:textbook or the path of a file.") from error


def _load_with_cobra(path: Path) -> "cobra.Model":
    import cobra.io

    reader = cobra.io.load_json_model if path.suffix == ".json" else cobra.io.read_sbml_model
    try:
        return reader(str(path))
    except Exception as error:
        # cobra takes a file's layout for granted: what it raises on another one is of every kind.
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise PipelineError(f"{path} is not a model that cobra can read ({reason}).") from error


def _from_cobra(model: "cobra.Model") -> Gem:
    """Turn a cobra model into tables; the orders are the model's own."""
    metabolites = [
        {"id": m.id, "name": m.name, "compartment": m.compartment, "formula": m.formula, "charge": m.charge}
        for m in model.metabolites
    ]
    reactions = [
        {
            "id": r.id,
            "name": r.name,
            "lower_bound": r.lower_bound,
            "upper_bound": r.upper_bound,
            "subsystem": r.subsystem,
            "gene_reaction_rule": r.gene_reaction_rule,
            "objective_coefficient": r.objective_coefficient,
            "metabolites": {m.id: coefficient for m, coefficient in r.metabolites.items()},
        }
        for r in model.reactions
    ]
    genes = [{"id": gene.id} for gene in model.genes]
    content = {"id": model.id or "", "metabolites": metabolites, "reactions": reactions, "genes": genes}
    return _from_entries(content, f"model {model.id}")


def _from_entries(content: Mapping[str, Any], where: str) -> Gem:
    """Build the tables from lists of entries with cobra's field names."""
    reactions = _reaction_table(content["reactions"], where)
    metabolites = _metabolite_table(content["metabolites"], where)
    return Gem(
        id=str(content["id"]),
        metabolites=metabolites,
        reactions=reactions,
        stoichiometry=_stoichiometry(content["reactions"], list(metabolites["id"]), where),
        genes=tuple(_identifiers(content.get("genes", []), "gene", where)),
    )


def _column(entries: list[dict[str, Any]], key: str, default: object) -> list[Any]:
    return [default if entry.get(key) is None else entry[key] for entry in entries]


def _identifiers(entries: list[dict[str, Any]], kind: str, where: str) -> list[str]:
    names = [str(entry["id"]) if entry.get("id") is not None else "" for entry in entries]
    if "" in names:
        raise PipelineError(f"{where}: {kind} number {names.index('') + 1} has no id.")
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise PipelineError(f"{where}: the {kind} '{repeated}' is listed more than once.")
    return names


def _numbers(
    entries: list[dict[str, Any]], key: str, default: float | None, kind: str, where: str
) -> NDArray[np.float64]:
    """Return a field of every entry as float64; without a default, an entry that lacks it is refused."""
    values = _column(entries, key, default)
    for entry, value in zip(entries, values, strict=True):
        if not _is_number(value):
            found = "is missing" if value is None else f"must be a number, not {value!r}"
            raise PipelineError(f"{where}: {kind} '{entry['id']}': field '{key}' {found}.")
    return np.array(values, dtype=np.float64)


def _is_number(value: object) -> bool:
    """Tell a number that a float64 can hold; Python's whole numbers have no greatest."""
    return isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 1024)


def _energies(entries: list[dict[str, Any]], kind: str, where: str) -> NDArray[np.float64]:
    values = _numbers(entries, "deltaG", np.nan, kind, where)
    return np.where(values == UNKNOWN_ENERGY, np.nan, values)


def _metabolite_table(entries: list[dict[str, Any]], where: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "metabolite_index": np.arange(len(entries)),
            "id": _identifiers(entries, "metabolite", where),
            "name": [str(name) for name in _column(entries, "name", "")],
            "compartment": [str(name) for name in _column(entries, "compartment", "")],
            "formula": _column(entries, "formula", None),
            "charge": _numbers(entries, "charge", np.nan, "metabolite", where),
            "delta_g": _energies(entries, "metabolite", where),
        }
    )


def _reaction_table(entries: list[dict[str, Any]], where: str) -> pd.DataFrame:
    identifiers = _identifiers(entries, "reaction", where)
    lower = _numbers(entries, "lower_bound", None, "reaction", where)
    upper = _numbers(entries, "upper_bound", None, "reaction", where)
    crossed = np.flatnonzero(lower > upper)
    if len(crossed):
        raise PipelineError(f"{where}: reaction '{identifiers[crossed[0]]}' has a lower bound above its upper bound.")
    return pd.DataFrame(
        {
            "reaction_index": np.arange(len(entries)),
            "id": identifiers,
            "name": [str(name) for name in _column(entries, "name", "")],
            "lower_bound": lower,
            "upper_bound": upper,
            "reversible": (lower < 0) & (upper > 0),
            "subsystem": [_subsystem(value) for value in _column(entries, "subsystem", "")],
            "gene_rule": [str(rule) for rule in _column(entries, "gene_reaction_rule", "")],
            "delta_g": _energies(entries, "reaction", where),
            "objective": _numbers(entries, "objective_coefficient", 0.0, "reaction", where),
        }
    )


def _subsystem(value: Any) -> str:  # noqa: ANN401 - a name, or RAVEN's list of names
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _stoichiometry(entries: list[dict[str, Any]], metabolites: list[str], where: str) -> sparse.csc_array:
    position = {name: index for index, name in enumerate(metabolites)}
    parts = [entry.get("metabolites") or {} for entry in entries]
    for entry, part in zip(entries, parts, strict=True):
        if not isinstance(part, dict):
            raise PipelineError(f"{where}: reaction '{entry['id']}': its metabolites are no mapping to coefficients.")
        if not all(_is_number(number) and math.isfinite(number) for number in part.values()):
            raise PipelineError(f"{where}: reaction '{entry['id']}' has a coefficient that is not a finite number.")
    try:
        rows = np.array([position[name] for part in parts for name in part], dtype=np.int64)
    except KeyError as error:
        guilty = next(entry["id"] for entry, part in zip(entries, parts, strict=True) if error.args[0] in part)
        raise PipelineError(f"{where}: reaction '{guilty}' uses the unknown metabolite {error}.") from error
    values = np.array([number for part in parts for number in part.values()], dtype=np.float64)
    ends = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    matrix = sparse.csc_array((values, rows, ends), shape=(len(metabolites), len(entries)))
    matrix.sort_indices()
    matrix.eliminate_zeros()
    return matrix
