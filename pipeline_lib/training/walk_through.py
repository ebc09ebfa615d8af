"""Take a real batch through the CLP network and check what must hold, and overfit a handful of observations."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.cell.graph import PhenotypeProcessor
from pipeline_lib.config.model_registry import family_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import LossSettings, TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.encoders import Metabolism, cell_arrays, seen_by
from pipeline_lib.models.clp.heads import PerturbedInteractions
from pipeline_lib.models.clp.invariants import CHECKS, Check, Subject, every_gradient, out_of_reach, with_random_weights
from pipeline_lib.models.clp.model import Clp
from pipeline_lib.models.clp.network import ClpNetwork
from pipeline_lib.models.clp.task import Task, describe_levels
from pipeline_lib.models.interface import Cell, FitContext, Prediction
from pipeline_lib.models.registry import build
from pipeline_lib.training.fitted_model import SplitData
from pipeline_lib.training.loop import train_network
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.processes import limit_threads, resolve_device
from pipeline_lib.training.step import evaluate_terms, group_gradient_norms


@dataclass
class Trace:
    """Calls of the watched methods, in order; each with its summary of inputs and outputs."""

    calls: list[dict[str, Any]] = field(default_factory=list)


def summary(value: Any) -> Any:  # noqa: ANN401 - tensors, and tuples and mappings of them
    """Return shape, type and range of every tensor in `value`, as plain values."""
    if isinstance(value, Tensor):
        described: dict[str, Any] = {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
        if value.numel():
            numbers = value.detach().double()
            finite = numbers[numbers.isfinite()]
            described |= {"finite": bool(len(finite) == value.numel())}
            if len(finite):
                described |= {
                    "min": float(finite.min()),
                    "mean": float(finite.mean()),
                    "max": float(finite.max()),
                    "sd": float(finite.std(correction=0)),
                }
        return described
    if hasattr(value, "_asdict"):
        return {name: summary(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): summary(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [summary(part) for part in value]
    return value if isinstance(value, (int, float, str, bool, type(None))) else type(value).__name__


@contextmanager
def traced(methods: Mapping[str, tuple[Any, str, str]]) -> Iterator[Trace]:
    """Record every call of `methods` while the context lasts.

    Parameters
    ----------
    methods
        Label to (object, name of its method, what the method does).
    """
    trace = Trace()

    def watch(label: str, method: Callable[..., Any], does: str) -> Callable[..., Any]:
        def watched(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
            result = method(*arguments, **keywords)
            trace.calls.append(
                {
                    "method": label,
                    "does": does,
                    "inputs": summary([*arguments, *([keywords] if keywords else [])]),
                    "outputs": summary(result),
                }
            )
            return result

        return watched

    # An attribute of the instance hides the method of its class until it is deleted again.
    for label, (owner, name, does) in methods.items():
        object.__setattr__(owner, name, watch(label, getattr(owner, name), does))
    try:
        yield trace
    finally:
        for owner, name, _ in methods.values():
            object.__delattr__(owner, name)


def dead_units(modules: Mapping[str, torch.nn.Module], run: Callable[[], Any]) -> dict[str, dict[str, int]]:
    """Return how many output channels of each module stay at one value over everything that `run` passes through it."""
    seen: dict[str, list[Tensor]] = {name: [] for name in modules}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: Any, output: Tensor) -> None:  # noqa: ANN401, ARG001
            seen[name].append(output.detach().reshape(-1, output.shape[-1]))

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    with torch.no_grad():
        run()
    for handle in handles:
        handle.remove()
    counts = {}
    for name, outputs in seen.items():
        if outputs:
            rows = torch.cat(outputs)
            still = (rows.amax(0) - rows.amin(0)) < 1e-7 if len(rows) > 1 else torch.zeros(rows.shape[1])
            counts[name] = {"units": rows.shape[1], "dead": int(still.sum())}
    return counts


_ROWS_PER_ASSAY = 32


def walk_through(
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    *,
    seed: int = 0,
    threads: int = 1,
) -> dict[str, Any]:
    """Return what each method takes and gives, every invariant, gradient norms and dead units, as plain values.

    The closed form is that of the training fold, on the screens that train together. The network is the one that
    training would start from, but that weights of 0 are random: at its start it adds nothing to the closed form.

    Raises
    ------
    PipelineError
        When the model is none of the CLP family.
    """
    if family_of(name) != "clp":
        raise PipelineError(f"The walk-through is for models of the family 'clp', and '{name}' is none of them.")
    model = build(name, model_settings, training)
    assert isinstance(model, Clp)  # noqa: S101 - the family has no other
    train = data.part("train")
    task, _ = model.prepare(train, cell, FitContext(seed=seed, threads=threads))[0]
    batch = choose_batch(train.take(np.isin(train.screen, task.screens)), seed)
    columns = task.columns(batch)
    network = with_random_weights(task.networks[0], seed)
    settings = model.settings.clp
    subject = Subject(network, cell_arrays(seen_by(cell, settings, seed), settings), settings, columns)
    criterion = Criterion(model.training.loss)
    with traced(_methods(network)) as trace, torch.no_grad():
        network.decode(network.encode(), columns)
    checks = [check(subject) for check in CHECKS]

    def loss(subject_network: ClpNetwork, rows: Mapping[str, Tensor]) -> Tensor:
        return torch.stack(list(evaluate_terms(subject_network, criterion, rows).values())).sum()

    torch.manual_seed(seed)
    checks.append(every_gradient(subject, loss))
    return {
        "model": name,
        "seed": seed,
        "screens": [train.screens[code] for code in task.screens],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "batch": _describe_batch(batch, task, cell),
        "closed_form": describe_levels(task.closed_form),
        "steps": trace.calls,
        "checks": [vars(check) for check in checks],
        "not_checked": [
            f"whether {beginning.rstrip('.')} gets a gradient, for which the batch would need {needed}"
            for beginning, needed in out_of_reach(subject).items()
        ],
        "all_held": all(check.held for check in checks),
        "gradient_norms": group_gradient_norms(network),
        "dead_units": dead_units(_hidden_layers(network), lambda: network.decode(network.encode(), columns)),
    }


def refuse_failures(report: Mapping[str, Any]) -> None:
    """Raise where an invariant did not hold.

    Raises
    ------
    PipelineError
        Names the invariants.
    """
    failed = [Check(**check) for check in report["checks"] if not check["held"]]
    if failed:
        listed = "; ".join(f"{check.name} ({check.detail})" for check in failed)
        raise PipelineError(f"The walk-through of {report['model']} found broken invariants: {listed}.")


def choose_batch(train: Genotypes, seed: int) -> Genotypes:
    """Return up to 32 observations of every assay and order, at random."""
    generator = np.random.default_rng(seed)
    chosen = []
    for _, _, rows in train.assays():
        for order in np.unique(train.order[rows]):
            part = rows[train.order[rows] == order]
            chosen.append(generator.permutation(part)[:_ROWS_PER_ASSAY])
    return train.take(np.sort(np.concatenate(chosen)))


def _describe_batch(batch: Genotypes, task: Task, cell: Cell) -> dict[str, Any]:
    processed = PhenotypeProcessor.of(cell.stoichiometry).process(
        *(torch.from_numpy(part) for part in (batch.genes, batch.phenotype, batch.value))
    )
    return {
        "observations": len(batch),
        "assays": {
            f"{batch.screens[screen]}/{PHENOTYPES[phenotype]}": len(rows) for screen, phenotype, rows in batch.assays()
        },
        "orders": {str(order): int((batch.order == order).sum()) for order in np.unique(batch.order)},
        "genes_with_measurements": int(task.measured.sum()),
        "lost": dict(
            zip(("genes", "complexes", "reactions"), (len(part.row) for part in processed.perturbed), strict=True)
        ),
        "labels": {
            "intact": int(processed.intact_label.known.sum()),
            "perturbed": int(processed.perturbed_label.known.sum()),
        },
    }


def _methods(network: ClpNetwork) -> dict[str, tuple[Any, str, str]]:
    """Return the methods to watch: label to (object, method, what it does)."""
    methods: dict[str, tuple[Any, str, str]] = {
        "encoder": (network.encoder, "forward", "genes by networks and features, with their own vector and without"),
        "singles.single": (network.singles, "single", "raw fitness effect of deleting each gene by itself"),
        "singles.pool.whole": (network.singles.pool, "whole", "z_W: the pool of the wild type"),
        "singles.pool.change": (network.singles.pool, "change", "z_I - z_W, from S, its neighbours and reactions"),
        "singles.head": (network.singles.head, "forward", "fitness relative to the wild type"),
        "interactions.tables": (network.interactions, "tables", "what sets of genes are read from, once a gene"),
        "interactions": (network.interactions, "forward", "correction of epsilon, tau or a call"),
        "encode": (network, "encode", "the wild type, once for all observations"),
        "single_fitness": (network, "single_fitness", "closed form and correction of each deleted gene by itself"),
        "correction": (network, "correction", "what is added to the closed-form term of each genotype's own set"),
        "fitness": (network, "fitness", "fitness by definition, from the terms of all subsets"),
        "interaction": (network, "interaction", "interactions, and log odds of calls"),
        "decode": (network, "decode", "genotypes to values and spreads"),
    }
    if isinstance(network.metabolism, Metabolism):
        rules = network.metabolism.rules
        methods |= {
            "metabolism": (network.metabolism, "forward", "convolutions over the stoichiometric hypergraph"),
            "metabolism.enzymes": (network.metabolism, "enzymes", "complexes (AND), isozymes (OR) of every reaction"),
            "metabolism.rules.lost_complexes": (rules, "lost_complexes", "complexes that each genotype loses"),
            "metabolism.rules.blocked_reactions": (rules, "blocked_reactions", "reactions that each genotype blocks"),
        }
    if isinstance(network.interactions, PerturbedInteractions):
        methods |= {
            "interactions.perturbed": (network.interactions.perturbed, "forward", "z_P: attention over the set"),
            "interactions.head": (network.interactions.head, "forward", "z_P and the closed-form evidence to terms"),
        }
    return methods


def _hidden_layers(network: nn.Module) -> dict[str, nn.Module]:
    """Return the layers whose channels can die: everything linear or normalising."""
    kinds = (nn.Linear, nn.LayerNorm, nn.RMSNorm)
    return {name: module for name, module in network.named_modules() if isinstance(module, kinds)}


REQUIRED_PEARSON = 0.99
_EPOCHS = 120
_FREE = {"dropout": 0.0, "gene_mask": 0.0, "ensemble": 1}
"""Settings of the model without what holds it back on purpose."""
_WITHOUT_ANSWERS = {"profiles": False, "flux": False}
"""Settings under which the closed form knows the mean of each assay, and nothing of a genotype."""


@dataclass(frozen=True)
class Overfitted:
    """What came of it: the observations, what the network predicts of them, how it got there, and the verdict."""

    genotypes: Genotypes
    prediction: Prediction
    history: pd.DataFrame
    report: dict[str, Any]


def choose(train: Genotypes, count: int, seed: int) -> Genotypes:
    """Return up to `count` observations of the largest assay of measured values, at random with distinct genotypes.

    Calls are left out, so there is none where nothing else was measured.
    """
    measured = [(len(rows), rows) for _, phenotype, rows in train.assays() if PHENOTYPES[phenotype] != "call"]
    _, rows = max(measured, key=lambda part: part[0], default=(0, np.zeros(0, np.int64)))
    _, first = np.unique(train.genes[rows], axis=0, return_index=True)
    generator = np.random.default_rng(seed)
    return train.take(np.sort(rows[generator.choice(first, min(count, len(first)), replace=False)]))


def why_not(chosen: Genotypes, count: int) -> str:
    """Return why so few observations, or such, show nothing when they are overfitted; empty where they do."""
    if not len(chosen):
        return "the training fold holds calls alone, and a correlation with 0 and 1 shows little"
    if len(chosen) < count:
        return f"it needs {count} genotypes of one assay, and the largest has {len(chosen)} in the training fold"
    return "" if np.ptp(chosen.value) > 0 else f"the {count} values chosen are all equal, so there is nothing to learn"


def overfit(
    name: str,
    data: SplitData,
    cell: Cell,
    model_settings: ModelSettings,
    training: TrainingSettings,
    *,
    count: int = 16,
    seed: int = 0,
    threads: int = 1,
) -> Overfitted:
    """Fit `count` observations of the training fold with everything off that would hold the network back.

    The closed form is that of the means alone: fitted on the same few observations it would hold their values, and it
    is the network's weights that are on trial. So few observations confirm nothing either: the whole correction counts.

    Raises
    ------
    PipelineError
        When the model is none of the CLP family.
    """
    if family_of(name) != "clp":
        raise PipelineError(f"The overfit check is for models of the family 'clp', and '{name}' is none of them.")
    chosen = choose(data.part("train"), count, seed)
    reason = why_not(chosen, count)
    if reason:
        return _left_out(name, chosen, seed, reason)
    clp = model_settings.clp.model_copy(update=_FREE | _WITHOUT_ANSWERS)
    free = training.model_copy(
        update={
            "epochs": _EPOCHS,
            "patience": _EPOCHS,
            "weight_decay": 0.0,
            "average": 0.0,
            "batch_size": count,
            "minimum_steps": 1,
            "learning_rate": 3e-3,
            "loss": LossSettings(),
        }
    )
    model = build(name, model_settings.model_copy(update={"clp": clp}), free)
    context = FitContext(seed=seed, threads=threads, device=resolve_device(training.device), trainer=train_network)
    with limit_threads(threads):
        history = model.fit(chosen, chosen, cell, context)
        prediction = model.predict(chosen.without_values())
    # What is scored here is what was fitted: there is no second fold.
    history["fold"] = "train"
    spread = np.ptp(prediction.value) > 0
    pearson = float(np.corrcoef(prediction.value, chosen.value)[0, 1]) if spread else 0.0
    report = {
        "model": name,
        "seed": seed,
        "screen": chosen.screens[int(chosen.screen[0])],
        "phenotype": PHENOTYPES[int(chosen.phenotype[0])],
        "observations": count,
        "steps": int(history["epoch"].max()),
        "pearson": pearson,
        "rmse": float(np.sqrt(np.mean((prediction.value - chosen.value) ** 2))),
        "required_pearson": REQUIRED_PEARSON,
        "passed": bool(pearson > REQUIRED_PEARSON),
    }
    return Overfitted(chosen, prediction, history, report)


def _left_out(name: str, chosen: Genotypes, seed: int, reason: str) -> Overfitted:
    """Return what is written where the check cannot be made: no observations, and a report that states why."""
    none = chosen.take(np.zeros(0, np.int64))
    history = pd.DataFrame({"epoch": [], "fold": [], "metric": [], "value": []}).astype(
        {"epoch": "int64", "fold": str, "metric": str, "value": float}
    )
    report = {"model": name, "seed": seed, "observations": 0, "passed": None, "left_out": reason}
    return Overfitted(none, Prediction(np.zeros(0)), history, report)


def overfit_table(fitted: Overfitted) -> pd.DataFrame:
    """Return observation_id, prediction, prediction_std, fold ('train' throughout) and the observed value."""
    count = len(fitted.genotypes)
    return pd.DataFrame(
        {
            "observation_id": fitted.genotypes.observation_id,
            "prediction": fitted.prediction.value,
            "prediction_std": fitted.prediction.std,
            "fold": ["train"] * count,
            "observed": fitted.genotypes.value,
        }
    )


def refuse_failure(report: dict[str, Any]) -> None:
    """Raise where the check did not pass.

    Raises
    ------
    PipelineError
        States what correlation was reached and which was required.
    """
    if report["passed"] is False:
        raise PipelineError(
            f"{report['model']} cannot overfit {report['observations']} observations of {report['screen']}: Pearson "
            f"{report['pearson']:.3f} after {report['steps']} steps, where more than {REQUIRED_PEARSON} is required; "
            "something between genotype and loss is broken."
        )
