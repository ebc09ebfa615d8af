"""Take a real batch through the CLP network method by method, and check on the way what must hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.cell.phenotype_processor import PhenotypeProcessor
from pipeline_lib.config.model_registry import family_of
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.cell_tensors import cell_arrays, seen_by
from pipeline_lib.models.clp.checks import Check, Subject, every_gradient, out_of_reach, with_random_weights
from pipeline_lib.models.clp.closed_form import ClosedForm
from pipeline_lib.models.clp.design import column_names
from pipeline_lib.models.clp.interactions import PerturbedInteractions
from pipeline_lib.models.clp.invariants import CHECKS
from pipeline_lib.models.clp.levels import CASE_NAMES
from pipeline_lib.models.clp.metabolism import Metabolism
from pipeline_lib.models.clp.model import Clp
from pipeline_lib.models.clp.network import ClpNetwork
from pipeline_lib.models.clp.task import Task
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.registry import build
from pipeline_lib.training.inputs import SplitData
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.step import evaluate_terms, group_gradient_norms
from pipeline_lib.training.tracing import dead_units, traced

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
    assert isinstance(model, Clp)  # noqa: S101 - the family says so
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
        "closed_form": _describe_levels(task.closed_form),
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


def _describe_levels(closed_form: ClosedForm) -> list[dict[str, Any]]:
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
                for case, gains in zip(CASE_NAMES, level.gains.gain.tolist(), strict=True)
            },
        }
        for (screen, phenotype, order), level in closed_form.levels.items()
    ]


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
