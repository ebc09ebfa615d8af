"""Make closed-form terms once a fold: what all fits of a run that see the same cell and observations share."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from pipeline_lib.artefacts.digest import update_digest
from pipeline_lib.artefacts.tensors import load_tensors, save_tensors, to_arrays, to_tensors
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.models.clp.closed_form import ClosedForm
from pipeline_lib.models.clp.flux_terms import FluxBalance, NoFlux
from pipeline_lib.models.clp.implied_singles import ImpliedSingles
from pipeline_lib.models.clp.levels import Index, Level, LevelGains, NoProfiles, PredictedProfiles
from pipeline_lib.models.clp.terms import Terms
from pipeline_lib.models.interface import Cell, FitContext

_FORMAT = 3
"""Raised when what is written changes."""
_SEED = 0
"""Held-out cells are the same in every fit: seeds of a fit differ in the network alone."""
_PROFILES = {kind.__name__: kind for kind in (PredictedProfiles, NoProfiles)}


@dataclass(frozen=True)
class TermFiles:
    """Terms of whole folds beside the closed form that they are of: validation and test are the same in every fit.

    Attributes
    ----------
    closed_form
        What makes them.
    stem
        Their files are named after it and the genotypes.
    """

    closed_form: ClosedForm
    stem: Path

    def terms(self, genotypes: Genotypes) -> Terms:
        """Return the terms of genotypes as `ClosedForm.terms` does, read where an earlier fit left them."""
        path = self.stem.with_name(f"{self.stem.name}-of-{_identity_of(genotypes)}.pt")
        if path.exists():
            return Terms(**to_arrays(load_tensors(path)))
        terms = self.closed_form.terms(genotypes)
        save_tensors(to_tensors(vars(terms)), path)
        return terms


class FittedTerms(NamedTuple):
    """The closed form of a training fold and the terms of its observations.

    Attributes
    ----------
    closed_form
        As fitted.
    positions, terms
        Training observations and their terms, made without their value; see `ClosedForm.fit`.
    source
        Gives the terms of any genotypes.
    """

    closed_form: ClosedForm
    positions: Index
    terms: Terms
    source: ClosedForm | TermFiles


def fitted_terms(train: Genotypes, cell: Cell, settings: ModelSettings, context: FitContext) -> FittedTerms:
    """Fit the closed form of a training fold; it is read from ``context.shared`` where an earlier fit left it."""
    flux = flux_of(cell, settings)

    def new_profiles() -> PredictedProfiles | NoProfiles:
        return PredictedProfiles(settings) if settings.clp.profiles else NoProfiles()

    def fit() -> tuple[ClosedForm, Index, Terms]:
        return ClosedForm.fit(train, cell, replace(context, seed=_SEED), new_profiles, flux)

    if context.shared is None:
        closed_form, positions, terms = fit()
        return FittedTerms(closed_form, positions, terms, closed_form)
    stem = context.shared / f"terms-{_identity(train, cell, settings)}"
    path = stem.with_suffix(".pt")
    if path.exists():
        content = load_tensors(path)
        closed_form = closed_form_from_state(content["closed_form"], cell, flux)
        positions, terms = content["positions"].numpy(), Terms(**to_arrays(content["terms"]))
    else:
        closed_form, positions, terms = fit()
        context.shared.mkdir(parents=True, exist_ok=True)
        content = {"closed_form": closed_form_state(closed_form), "positions": torch.from_numpy(positions)}
        save_tensors({**content, "terms": to_tensors(vars(terms))}, path)
    return FittedTerms(closed_form, positions, terms, TermFiles(closed_form, stem))


def flux_of(cell: Cell, settings: ModelSettings) -> FluxBalance | NoFlux:
    """Return exact growth by the knockouts of the cell; none where there are no knockouts or they are switched off."""
    return FluxBalance.read(cell) if settings.clp.flux and cell.knockouts is not None else NoFlux()


def closed_form_state(closed_form: ClosedForm) -> dict[str, Any]:
    """Return a closed form as tensors and plain values; growth is the cell's."""
    return {
        "implied": to_tensors(closed_form.implied.state()),
        "levels": [
            {
                "name": list(name),
                "kind": type(level.profiles).__name__,
                "profiles": level.profiles.state(),
                "gains": to_tensors(vars(level.gains)),
                "size": level.size,
            }
            for name, level in closed_form.levels.items()
        ],
    }


def closed_form_from_state(state: Mapping[str, Any], cell: Cell, flux: FluxBalance | NoFlux) -> ClosedForm:
    """Return the closed form that `closed_form_state` was taken from."""
    levels = {}
    for saved in state["levels"]:
        screen, phenotype, order = saved["name"]
        profiles = _PROFILES[saved["kind"]].from_state(saved["profiles"], cell)
        levels[screen, phenotype, order] = Level(profiles, LevelGains(**to_arrays(saved["gains"])), saved["size"])
    return ClosedForm(levels, flux, ImpliedSingles.from_state(to_arrays(state["implied"])))


def _identity(train: Genotypes, cell: Cell, settings: ModelSettings) -> str:
    digest = hashlib.sha256(f"{_FORMAT} {settings.clp.profiles} {settings.clp.flux}".encode())
    digest.update(settings.profile_predictor.model_dump_json().encode())
    digest.update(_identity_of(train).encode())
    update_digest(digest, cell.edges)
    update_digest(digest, cell.genes["gene"].tolist())
    update_digest(digest, cell.features)
    if settings.clp.flux and cell.knockouts is not None:
        columns = ["genes", "method", "fitness", "interaction", "medium", "screens"]
        update_digest(digest, cell.knockouts[[name for name in columns if name in cell.knockouts]])
        update_digest(digest, cell.genes["in_gem"].tolist())
    return digest.hexdigest()[:24]


def _identity_of(genotypes: Genotypes) -> str:
    digest = hashlib.sha256()
    for field in fields(genotypes):
        update_digest(digest, getattr(genotypes, field.name))
    return digest.hexdigest()[:24]
