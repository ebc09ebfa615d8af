"""Screens that train together: closed-form terms that all fits on the same data share, and the tensors of genotypes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.artefacts.tables import load_tensors, save_tensors, to_arrays, to_tensors, update_digest
from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.models.clp.assays import CALL, Assays, Terms, inverse_variance
from pipeline_lib.models.clp.closed_form import ClosedForm, ImpliedSingles
from pipeline_lib.models.clp.decomposition import ControlCrosses
from pipeline_lib.models.clp.levels import (
    CASES,
    GROUP_NAMES,
    FluxBalance,
    Index,
    Level,
    LevelGains,
    NoFlux,
    NoProfiles,
    PredictedProfiles,
    column_names,
)
from pipeline_lib.models.clp.network import ClpNetwork, Encoded
from pipeline_lib.models.interface import HOST_COLUMNS, Cell, FitContext

_LEAST_SHARE = 0.05
"""Share of an assay's validation observations below which a case is not trained for."""
_FEWEST = 50
"""Validation observations of an assay from which the tested cases are known."""


def columns(genotypes: Genotypes, terms: Terms, assays: Assays, *, measured_sd: bool) -> dict[str, Tensor]:
    """Return the tensors of genotypes.

    Parameters
    ----------
    genotypes
        Values may be hidden (NaN); targets are then NaN.
    terms
        Closed-form terms of the same genotypes.
    assays
        Assays of the training fold.
    measured_sd
        Weight observations by the inverse of their measured variance.

    Returns
    -------
    dict
        ``genes`` long [n, 3], ``unseen`` bool [n, 3]; ``phenotype``, ``assay``, ``case`` long [n]; ``levels`` long
        [n, 3]: the assays of order 1, 2 and 3 in the same screen and phenotype; as in `Terms`, in float32: ``term``,
        ``log_sd``, ``own_unit`` [n], ``single``, ``pair``, ``unit`` [n, 3], ``evidence`` [n, k], ``pair_evidence``
        [n, 3, k]; ``is_call`` bool [n]; ``target`` and ``weight`` float32 [n].
    """
    phenotype, order = genotypes.phenotype, genotypes.order
    orders = [np.full(len(genotypes), k) for k in range(1, MAX_ORDER + 1)]
    levels = np.stack([assays.positions(genotypes.screen, phenotype, k) for k in orders], axis=1)
    own = np.maximum(order - 1, 0)
    assay = assays.positions(genotypes.screen, phenotype, order)
    scale, is_call = assays.scale[assay], phenotype == CALL
    target = (genotypes.value - assays.centre[assay]) / scale
    weight = inverse_variance(genotypes.std / scale, assay) if measured_sd else np.ones(len(genotypes))
    floats = {
        "term": terms.term,
        "log_sd": np.where(is_call, 0.0, np.log(terms.std / scale)),
        "own_unit": terms.unit[np.arange(len(terms)), own],
        "single": terms.single,
        "pair": terms.pair,
        "unit": terms.unit,
        "evidence": terms.evidence,
        "pair_evidence": terms.pair_evidence,
        "target": target,
        "weight": weight,
    }
    return {
        "genes": torch.from_numpy(genotypes.genes),
        "unseen": torch.from_numpy(terms.unseen),
        "phenotype": torch.from_numpy(phenotype),
        "assay": torch.from_numpy(assay),
        "case": torch.from_numpy(terms.case),
        "levels": torch.from_numpy(levels),
        "is_call": torch.from_numpy(is_call),
        **{name: torch.from_numpy(np.asarray(values, dtype=np.float32)) for name, values in floats.items()},
    }


def of_tested_cases(training: Mapping[str, Tensor], validation: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the training rows whose case the split tests: what the validation fold of the assay is made of.

    A training observation stands in the table as measured, as one of unseen genes, or both. Where validation has too
    few observations of an assay to know them, all of its rows are kept.
    """
    kept = torch.ones(len(training["assay"]), dtype=torch.bool)
    for code in training["assay"].unique().tolist():
        cases = validation["case"][validation["assay"] == code]
        rows = training["assay"] == code
        share = torch.bincount(cases, minlength=CASES) / max(len(cases), 1)
        tested = (share >= _LEAST_SHARE)[training["case"]]
        if len(cases) >= _FEWEST and bool((rows & tested).any()):
            kept &= ~rows | tested
    return {name: column[kept] for name, column in training.items()}


def describe_levels(closed_form: ClosedForm) -> list[dict[str, Any]]:
    """Return screen, phenotype, order, size, SD of the terms, and the gain of every column by case, of every level."""
    return [
        {
            "screen": screen,
            "phenotype": PHENOTYPES[phenotype],
            "order": order,
            "observations": level.size,
            "unit": level.gains.unit,
            "gains": {
                case: dict(zip(column_names(phenotype, order), gains, strict=True))
                for case, gains in zip(GROUP_NAMES, level.gains.gain.tolist(), strict=False)
            },
        }
        for (screen, phenotype, order), level in closed_form.levels.items()
    ]


_FORMAT = 6
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
    controls = ControlCrosses.of(train, len(cell.genes)) if settings.clp.control_crosses else ControlCrosses.none()

    def new_profiles() -> PredictedProfiles | NoProfiles:
        return PredictedProfiles(settings) if settings.clp.profiles else NoProfiles()

    def fit() -> tuple[ClosedForm, Index, Terms]:
        return ClosedForm.fit(train, cell, replace(context, seed=_SEED), new_profiles, flux, controls)

    if context.shared is None:
        closed_form, positions, terms = fit()
        return FittedTerms(closed_form, positions, terms, closed_form)
    stem = context.shared / f"terms-{closed_form_identity(train, cell, settings, controls)}"
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
    return FluxBalance.read(cell) if settings.clp.flux and not cell.knockouts.empty else NoFlux()


def closed_form_state(closed_form: ClosedForm) -> dict[str, Any]:
    """Return a closed form as tensors and plain values; growth is the cell's."""
    return {
        "implied": to_tensors(closed_form.implied.state()),
        "controls": to_tensors(closed_form.controls.state()),
        "levels": [
            {
                "name": list(name),
                **{
                    part: {"kind": type(profiles).__name__, "state": profiles.state()}
                    for part, profiles in (("profiles", level.profiles), ("whole", level.whole))
                },
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
        profiles, whole = (
            _PROFILES[saved[part]["kind"]].from_state(saved[part]["state"], cell) for part in ("profiles", "whole")
        )
        gains = LevelGains(**to_arrays(saved["gains"]))
        levels[screen, phenotype, order] = Level(profiles, whole, gains, saved["size"])
    implied = ImpliedSingles.from_state(to_arrays(state["implied"]))
    return ClosedForm(levels, flux, implied, ControlCrosses.from_state(to_arrays(state["controls"])))


def closed_form_identity(train: Genotypes, cell: Cell, settings: ModelSettings, controls: ControlCrosses) -> str:
    """Return a hash of all that a closed form is made of, 24 hexadecimal digits.

    Parameters
    ----------
    train
        Training fold of the screens that train together.
    cell
        As the model sees it (`pipeline_lib.models.clp.encoders.seen_by`).
    settings
        Section ``models``, with the changes of an ablation.
    controls
        Control crosses of the training fold; none where the model goes without.
    """
    own = settings.clp
    digest = hashlib.sha256(f"{_FORMAT} {own.profiles} {own.flux} {controls.screens}".encode())
    digest.update(settings.profile_predictor.model_dump_json().encode())
    digest.update(_identity_of(train).encode())
    update_digest(digest, cell.edges)
    update_digest(digest, cell.genes["gene"].tolist())
    update_digest(digest, cell.features)
    if settings.clp.flux and not cell.knockouts.empty:
        columns = ["genes", "method", "fitness", "interaction", "medium", "screens"]
        update_digest(digest, cell.knockouts[[name for name in columns if name in cell.knockouts]])
        update_digest(digest, cell.genes["in_gem"].tolist())
    return digest.hexdigest()[:24]


def _identity_of(genotypes: Genotypes) -> str:
    digest = hashlib.sha256()
    for part in fields(genotypes):
        update_digest(digest, getattr(genotypes, part.name))
    return digest.hexdigest()[:24]


_CHUNK = 4096


@dataclass
class Task:
    """Screens that train together, and what came of it.

    Attributes
    ----------
    screens
        Codes of its screens.
    assays
        Assays of its training fold.
    main
        Phenotype that is predicted where none is stated.
    closed_form
        Makes the terms that the networks correct.
    source
        Gives these terms of any genotypes.
    networks
        One a member of the ensemble.
    measured
        bool [N]: genes of its training fold.
    measured_sd
        Whether observations weigh by their measured SD.
    encodings
        The wild type as each fitted network encodes it, filled when it first predicts.
    """

    screens: list[int]
    assays: Assays
    main: int
    closed_form: ClosedForm
    source: ClosedForm | TermFiles
    networks: list[ClpNetwork]
    measured: NDArray[np.bool_]
    measured_sd: bool
    encodings: dict[int, Encoded] = field(default_factory=dict)

    @torch.no_grad()
    def encoded(self, network: ClpNetwork) -> Encoded:
        """Return the wild type as a fitted network encodes it: once, however often it predicts."""
        if id(network) not in self.encodings:
            self.encodings[id(network)] = network.eval().encode()
        return self.encodings[id(network)]

    def columns(self, genotypes: Genotypes) -> dict[str, torch.Tensor]:
        """Return what the networks read of genotypes; their values are used as targets alone.

        A phenotype that is not stated, or that the task never saw, is the main one.
        """
        seen = np.isin(genotypes.phenotype, list(self.assays.labels()))
        known = replace(genotypes, phenotype=np.where(seen, genotypes.phenotype, self.main))
        terms = self.source.terms(known.without_values())
        return columns(known, terms, self.assays, measured_sd=self.measured_sd)

    def predict(self, genotypes: Genotypes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values and their SD, float64 [n] each, as the mean over the networks."""
        table = self.columns(genotypes)
        members = [_predict_network(network, self.encoded(network), table) for network in self.networks]
        is_call = table["is_call"].numpy()
        means = np.stack([np.where(is_call, expit(mean), mean) for mean, _ in members])
        mean = means.mean(0)
        # A call is 0 or 1: its variance follows from its probability.
        spread = np.stack(
            [
                np.where(is_call, np.sqrt(np.abs(value * (1 - value))), np.exp(log_sd))
                for value, (_, log_sd) in zip(means, members, strict=True)
            ]
        )
        # Law of total variance over the members of the ensemble.
        sd = np.sqrt((spread**2).mean(0) + means.var(0))
        assay = table["assay"].numpy()
        return mean * self.assays.scale[assay] + self.assays.centre[assay], sd * self.assays.scale[assay]


@torch.no_grad()
def _predict_network(
    network: ClpNetwork, encoded: Encoded, table: Mapping[str, torch.Tensor]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    network.eval()
    device = next(network.parameters()).device
    means, log_sds = [], []
    for start in range(0, len(table["assay"]), _CHUNK):
        part = {name: column[start : start + _CHUNK] for name, column in table.items()}
        part |= {name: column.to(device) for name, column in part.items() if name not in HOST_COLUMNS}
        mean, log_sd = network.decode(encoded, part)
        means.append(mean.double().cpu())
        log_sds.append(log_sd.double().cpu())
    return torch.cat(means).numpy(), torch.cat(log_sds).numpy()
