"""Fit closed-form terms once a fold: what all fits of a run that see the same cell and observations share."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import torch

from pipeline_lib.artefacts.digest import update_digest
from pipeline_lib.artefacts.tensors import load_tensors, save_tensors
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.models.baselines.tensors import to_arrays, to_tensors
from pipeline_lib.models.clp.closed_form import ClosedForm
from pipeline_lib.models.clp.flux_terms import FluxBalance, NoFlux
from pipeline_lib.models.clp.implied_singles import ImpliedSingles
from pipeline_lib.models.clp.levels import Index, Level, LevelGains, NoProfiles, PredictedProfiles
from pipeline_lib.models.clp.terms import Terms
from pipeline_lib.models.interface import Cell, FitContext

_FORMAT = 1
"""Raised when what is written changes."""
_SEED = 0
"""Held-out cells are the same in every fit: seeds of a fit differ in the network alone."""
_PROFILES = {kind.__name__: kind for kind in (PredictedProfiles, NoProfiles)}


def fitted_terms(
    train: Genotypes, cell: Cell, settings: ModelSettings, context: FitContext
) -> tuple[ClosedForm, Index, Terms]:
    """Return the closed form of a training fold, and the terms of its observations; see `ClosedForm.fit`.

    The result is read from ``context.shared`` where an earlier fit left it.
    """
    flux = flux_of(cell, settings)
    path = None
    if context.shared is not None:
        path = context.shared / f"terms-{_identity(train, cell, settings)}.pt"
    if path is not None and path.exists():
        content = load_tensors(path)
        terms = Terms(**to_arrays(content["terms"]))
        return closed_form_from_state(content["closed_form"], cell, flux), content["positions"].numpy(), terms

    def new_profiles() -> PredictedProfiles | NoProfiles:
        return PredictedProfiles(settings) if settings.clp.profiles else NoProfiles()

    found, positions, terms = ClosedForm.fit(train, cell, replace(context, seed=_SEED), new_profiles, flux)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"closed_form": closed_form_state(found), "positions": torch.from_numpy(positions)}
        save_tensors({**content, "terms": to_tensors(vars(terms))}, path)
    return found, positions, terms


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
    for field in fields(train):
        update_digest(digest, getattr(train, field.name))
    update_digest(digest, cell.edges)
    update_digest(digest, cell.genes["gene"].tolist())
    update_digest(digest, cell.features)
    if settings.clp.flux and cell.knockouts is not None:
        update_digest(digest, cell.knockouts[["genes", "method", "fitness", "interaction"]])
        update_digest(digest, cell.genes["in_gem"].tolist())
    return digest.hexdigest()[:24]
