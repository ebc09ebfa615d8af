"""Take a real batch through the CLP network method by method, and check on the way what must hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.cell.phenotype_processor import PhenotypeProcessor
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.clp.invariants import CHECKS, Check, Subject, every_gradient
from pipeline_lib.models.clp.model import Clp, Task
from pipeline_lib.models.clp.network import ClpNetwork
from pipeline_lib.models.interface import Cell
from pipeline_lib.models.registry import build, family_of
from pipeline_lib.training.gradients import evaluate_terms, group_gradient_norms
from pipeline_lib.training.inputs import SplitData
from pipeline_lib.training.losses import Criterion
from pipeline_lib.training.tracing import dead_units, traced

_ROWS_PER_ASSAY = 32
_ROWS_FOR_GRADIENTS = 200
"""Interactions below which genotypes share too few genes for every weight of their neighbours to get a gradient."""
_COMPARABLE = 0.5
"""Share of pairs of genes with enough partners in common below which a batch may compare no two profiles."""
_UNREACHED = (
    f"whether every parameter gets a gradient, for which {_ROWS_FOR_GRADIENTS} scores of interactions must be in the "
    "training fold, and most of its genes must have been measured with the same partners"
)


def walk_through(
    name: str, data: SplitData, cell: Cell, model_settings: ModelSettings, training: TrainingSettings, *, seed: int = 0
) -> dict[str, Any]:
    """Return what each method takes and gives, every invariant, gradient norms and dead units, as plain values.

    The network is the one that training would start from, on the screens that train together; nothing is fitted.

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
    task = model.prepare(train, cell, seed)[0]
    batch = choose_batch(train.take(np.isin(train.screen, task.screens)), seed)
    columns = model.columns_of(batch, task)
    network = task.networks[0].eval()
    arrays = model.arrays(cell)
    criterion = Criterion(training.loss)
    subject = Subject(network, arrays, model.settings, columns)
    with traced(_methods(network)) as trace, torch.no_grad():
        network.decode(network.encode(), columns)
    checks = [check(subject) for check in CHECKS]

    def loss(subject_network: ClpNetwork, rows: Mapping[str, Tensor]) -> Tensor:
        return torch.stack(list(evaluate_terms(subject_network, criterion, rows).values())).sum()

    torch.manual_seed(seed)
    gradients = every_gradient(subject, loss)
    compared = network.attention is None or network.attention.comparable >= _COMPARABLE
    reaches_all = compared and _interactions(train) >= _ROWS_FOR_GRADIENTS
    if gradients.held or reaches_all:
        checks.append(gradients)
    return {
        "model": name,
        "seed": seed,
        "screens": [train.screens[code] for code in task.screens],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "batch": _describe_batch(batch, task, cell),
        "steps": trace.calls,
        "checks": [vars(check) for check in checks],
        "not_checked": [] if gradients.held or reaches_all else [_UNREACHED],
        "all_held": all(check.held for check in checks),
        "gradient_norms": group_gradient_norms(network),
        "dead_units": dead_units(_hidden_layers(network), lambda: network.decode(network.encode(), columns)),
    }


def _interactions(train: Genotypes) -> int:
    """Return how many training rows are scores of interactions, which alone reach every part of the network."""
    scored = [PHENOTYPES.index(name) for name in ("interaction", "raw_interaction")]
    return int(np.isin(train.phenotype, scored).sum())


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
    """Return up to 32 observations of every assay and order, drawn at random, and at most a fifth of them.

    What is asked for is taken out of the profiles: the rest must be able to speak.
    """
    generator = np.random.default_rng(seed)
    chosen = []
    for _, _, rows in train.assays():
        for order in np.unique(train.order[rows]):
            part = rows[train.order[rows] == order]
            chosen.append(generator.permutation(part)[: min(_ROWS_PER_ASSAY, -(-len(part) // 5))])
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
        "encoder.visible": (network.encoder, "visible", "which genes may speak for themselves"),
        "encoder": (network.encoder, "forward", "message passing over the gene networks"),
        "encode": (network, "encode", "the wild type, once for all observations"),
        "scale": (network.scale, "forward", "each assay's own gain, shift and spread"),
        "decode": (network, "decode", "genotypes to values"),
    }
    if network.metabolism is not None and network.rules is not None:
        methods |= {
            "metabolism.enzymes": (
                network.metabolism,
                "enzymes",
                "complexes (AND), isozymes (OR) of every reaction",
            ),
            "metabolism": (network.metabolism, "forward", "convolutions over the stoichiometric hypergraph"),
            "rules.lost_complexes": (network.rules, "lost_complexes", "complexes that each genotype loses"),
            "rules.blocked_reactions": (network.rules, "blocked_reactions", "reactions that each genotype blocks"),
        }
    if network.intact is not None and network.fitness_head is not None:
        methods |= {
            "intact.whole": (network.intact, "whole", "z_W: the pool of the wild type"),
            "intact.change": (network.intact, "change", "z_I - z_W, from S, its neighbours and its reactions alone"),
            "fitness_head": (network.fitness_head, "forward", "fitness relative to the wild type"),
        }
    if network.perturbed is not None and network.interaction_head is not None:
        methods |= {
            "perturbed.tables": (network.perturbed, "tables", "queries, keys and values of every gene and reaction"),
            "perturbed": (network.perturbed, "forward", "z_P: attention over the deleted set"),
            "interaction_head": (network.interaction_head, "forward", "interaction and call"),
        }
    if network.attention is not None:
        methods |= {
            "attention.contribution": (network.attention, "contribution", "what a measured profile says of its gene"),
            "attention.attend": (network.attention, "attend", "which measured genes each gene resembles"),
            "attention": (network.attention, "forward", "a pair's value out of the profiles of genes alike"),
        }
    return methods


def _hidden_layers(network: nn.Module) -> dict[str, nn.Module]:
    """Return the layers whose channels can die: everything linear or normalising."""
    kinds = (nn.Linear, nn.LayerNorm, nn.RMSNorm)
    return {name: module for name, module in network.named_modules() if isinstance(module, kinds)}
