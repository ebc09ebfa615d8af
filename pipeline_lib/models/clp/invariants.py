"""What must hold of the network whatever its weights: checked on a real batch by the walk-through, and by the tests."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from pipeline_lib.config.models import ClpSettings
from pipeline_lib.models.clp import decomposition
from pipeline_lib.models.clp.assays import FITNESS
from pipeline_lib.models.clp.decomposition import pair_of, permuted, single_of, without_deletion
from pipeline_lib.models.clp.encoders import CellArrays, GeneStates, Metabolism
from pipeline_lib.models.clp.latents import WholePool
from pipeline_lib.models.clp.network import ClpNetwork

_PASSES = 32
"""Most backward passes, each with other units dropped, in which every parameter must get a gradient."""
_BLOCKED_ALONE = ("interactions.perturbed.reaction.",)
"""Parameters that are reached through reactions that a genotype blocks, and in no other way."""


@dataclass(frozen=True)
class Check:
    """One invariant: what it states, whether it held, and the number that shows it."""

    name: str
    statement: str
    held: bool
    detail: str


@dataclass(frozen=True)
class Subject:
    """A network in evaluation mode, the cell it was built on, and a batch."""

    network: ClpNetwork
    cell: CellArrays
    settings: ClpSettings
    columns: Mapping[str, Tensor]


def with_random_weights(network: ClpNetwork, seed: int = 0) -> ClpNetwork:
    """Return a copy in evaluation mode whose weights of 0 are random: a correction of 0 would keep every invariant."""
    twin: ClpNetwork = copy.deepcopy(network).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in twin.modules():
            if isinstance(module, nn.Linear) and not module.weight.any():
                weight = torch.randn(module.weight.shape, generator=generator) * module.in_features**-0.5
                module.weight.copy_(weight)
    return twin


def every_gradient(subject: Subject, loss: Callable[[ClpNetwork, Mapping[str, Tensor]], Tensor]) -> Check:
    """Take backward passes and look for parameters that they leave out; gradients stay in ``.grad``.

    A parameter is looked at where the batch can reach it: see `out_of_reach`.
    """
    network = subject.network
    network.train()
    beyond = out_of_reach(subject)
    left_out = [name for name, _ in network.named_parameters() if not name.startswith(tuple(beyond))]
    looked_at = len(left_out)
    for _ in range(_PASSES):
        network.zero_grad(set_to_none=True)
        loss(network, subject.columns).backward()
        left_out = [
            name
            for name, parameter in network.named_parameters()
            if name in left_out and (parameter.grad is None or not parameter.grad.any())
        ]
        if not left_out:
            break
    network.eval()
    detail = f"left out: {', '.join(left_out)}" if left_out else f"{looked_at} parameters"
    return Check("every_gradient", "Every parameter gets a gradient.", not left_out, detail)


def out_of_reach(subject: Subject) -> dict[str, str]:
    """Return the beginnings of the names of parameters that the batch cannot reach, and what it would need."""
    network, columns = subject.network, subject.columns
    found = {}
    interacting = (columns["genes"] >= 0).sum(1) > 1
    derived = subject.settings.interaction == "derived"
    if not bool((columns["phenotype"] == FITNESS).any()) and not derived:
        found["singles."] = "fitness"
        catalysing = torch.from_numpy(np.unique(subject.cell.rules.members[0])).to(columns["genes"].device)
        if not bool(torch.isin(columns["genes"], catalysing).any()):
            found["metabolism."] = "fitness, or mutants of metabolic genes"
    if not bool(interacting.any()):
        found["interactions."] = "double or triple mutants"
    elif not bool((interacting & ~columns["is_call"]).any()):
        found["interactions.head.spread."] = "measured values of double or triple mutants"
    if bool(columns["is_call"].all()):
        found["scale.level"] = "measured values"
    if not len(network.metabolism.blocked(columns["genes"])[0]):
        found |= dict.fromkeys(_BLOCKED_ALONE, "genotypes that block a reaction")
    return found


_TOLERANCE = 1e-4
"""Differences that float32 sums in another order may make, in units of an assay's SD."""


@torch.no_grad()
def order_of_deletions(subject: Subject) -> Check:
    """Compare every double and triple mutant with itself in another order of its genes."""
    encoded = subject.network.encode()
    value, _ = subject.network.decode(encoded, subject.columns)
    order = (subject.columns["genes"] >= 0).sum(1)
    worst = 0.0
    for fewest, slots in ((2, (1, 0, 2)), (3, (2, 1, 0)), (3, (1, 2, 0))):
        rows = (order >= fewest).nonzero()[:, 0]
        if len(rows):
            turned = permuted({name: column[rows] for name, column in subject.columns.items()}, slots)
            worst = max(worst, float((subject.network.decode(encoded, turned)[0] - value[rows]).abs().max()))
    statement = "The order in which the deleted genes are named does not matter."
    return Check("order_of_deletions", statement, worst < _TOLERANCE, f"largest difference {worst:.2e} SD")


@torch.no_grad()
def batch_of_one(subject: Subject, rows: int = 16) -> Check:
    """Decode genotypes one by one and all at once."""
    encoded = subject.network.encode()
    value, _ = subject.network.decode(encoded, subject.columns)
    count = min(rows, len(value))
    worst = 0.0
    for row in range(count):
        single = {name: column[row : row + 1] for name, column in subject.columns.items()}
        worst = max(worst, float((subject.network.decode(encoded, single)[0] - value[row]).abs().max()))
    statement = "A batch of one gives what a batch of many gives."
    detail = f"largest difference {worst:.2e} SD over {count} genotypes"
    return Check("batch_of_one", statement, worst < _TOLERANCE, detail)


@torch.no_grad()
def wild_type(subject: Subject) -> Check:
    """Predict the fitness of no deletion, and its effect by the intact latent."""
    network = subject.network
    assay = network.scale.seen + FITNESS
    none = without_deletion(subject.columns, assay)
    fitness = network.fitness(network.encode(), none).value * network.deviation[assay] + network.centre[assay]
    states, reactions = _states(network)
    pool = network.singles.pool.whole(states.measured, reactions)
    effect = network.singles(states.measured, pool, none["genes"])
    worst = max(float((fitness - 1).abs().max()), float(effect.abs().max()))
    return Check("wild_type", "No deletion has fitness 1, exactly.", worst == 0.0, f"off by {worst:.1e}")


@torch.no_grad()
def decomposition_closes(subject: Subject) -> Check:
    """Take epsilon and tau by definition from the predicted fitness of all subsets of the triple mutants."""
    statement = (
        "Epsilon and tau by definition, from the predicted fitness of all subsets, are the terms of the network."
    )
    network = subject.network
    rows = ((subject.columns["genes"] >= 0).all(1) & (subject.columns["phenotype"] == FITNESS)).nonzero()[:, 0]
    if not len(rows):
        return Check("decomposition_closes", statement, True, "not applicable: no fitness of a triple mutant")
    encoded = network.encode()
    triple = {name: column[rows] for name, column in subject.columns.items()}

    def fitness(columns: Mapping[str, Tensor]) -> Tensor:
        assay = columns["assay"]
        value = network.fitness(encoded, columns).value
        return value.double() * network.deviation[assay].double() + network.centre[assay].double()

    single = torch.stack([fitness(single_of(triple, slot)) for slot in range(3)], 1)
    double = torch.stack([fitness(pair_of(triple, position)) for position in range(len(decomposition.PAIRS))], 1)
    worst = 0.0
    for position, (i, j) in enumerate(decomposition.PAIRS):
        pair = pair_of(triple, position)
        epsilon = pair["term"] + network.correction(encoded, pair).value
        by_definition = decomposition.epsilon(double[:, position], single[:, i], single[:, j])
        worst = max(worst, float((by_definition - epsilon).abs().max()))
    tau = triple["term"] + network.correction(encoded, triple).value
    worst = max(worst, float((decomposition.tau(fitness(triple), single, double) - tau).abs().max()))
    size = max(1.0, float(double.abs().max()))
    detail = f"largest difference {worst:.1e} where fitness reaches {size:.2g}, {len(rows)} triple mutants"
    return Check("decomposition_closes", statement, worst < 1e-5 * size, detail)


@torch.no_grad()
def gene_rules(subject: Subject, genes: int = 200) -> Check:
    """Compare blocked reactions of single deletions with the rules read gene by gene."""
    statement = "A gene blocks a reaction just when every complex of the reaction holds it; isozymes save theirs."
    if not isinstance(subject.network.metabolism, Metabolism):
        return Check("gene_rules", statement, True, "not applicable: the network reads no reactions")
    members, owner = subject.cell.rules.members, subject.cell.rules.owner
    chosen = np.unique(members[0])[:genes]
    device = subject.columns["genes"].device
    padded = torch.full((len(chosen), 3), -1, device=device)
    padded[:, 0] = torch.from_numpy(chosen).to(device)
    row, reaction = subject.network.metabolism.blocked(padded)
    found = set(zip(chosen[row.cpu().numpy()].tolist(), reaction.tolist(), strict=True))
    complexes: list[set[int]] = [set() for _ in owner]
    for gene, position in members.T.tolist():
        complexes[position].add(gene)
    of_reaction: dict[int, list[set[int]]] = {}
    for position, reaction_index in enumerate(owner.tolist()):
        of_reaction.setdefault(reaction_index, []).append(complexes[position])
    expected = {
        (gene, reaction_index)
        for gene in chosen.tolist()
        for reaction_index, sets in of_reaction.items()
        if all(gene in members_of for members_of in sets)
    }
    covered = len(chosen) - len({gene for gene, _ in expected})
    detail = f"{len(expected)} blocked reactions of {len(chosen)} genes; isozymes cover {covered} of these genes wholly"
    return Check("gene_rules", statement, found == expected, detail)


@torch.no_grad()
def intact_pool(subject: Subject, rows: int = 8) -> Check:
    """Pool cells without S from the start, and compare with the shortcut."""
    network, module = subject.network, subject.network.singles.pool
    states, reactions = _states(network)
    # In float64, so that sums of thousands of terms agree in either order.
    pool = WholePool(*(part.double() for part in module.whole(states.measured, reactions)))
    pool = pool._replace(whole=torch.tanh(pool.received).sum(0) + pool.reaction.sum(0))
    genes = subject.columns["genes"][:rows]
    blocked = network.metabolism.blocked(genes)
    change = module.change(pool, genes, blocked)
    matrix = module.network.dense().double()
    worst = 0.0
    for position in range(len(genes)):
        kept = torch.ones(len(pool.sent), 1, dtype=torch.float64, device=genes.device)
        kept[genes[position][genes[position] >= 0]] = 0
        received = pool.received - matrix @ pool.sent + matrix @ (pool.sent * kept)
        alive = torch.ones(len(pool.reaction), 1, dtype=torch.float64, device=genes.device)
        alive[blocked[1][blocked[0] == position]] = 0
        scratch = (torch.tanh(received) * kept).sum(0) + (pool.reaction * alive).sum(0) - pool.whole
        worst = max(worst, float((scratch - change[position]).abs().max()))
    size = float(change.abs().max())
    statement = "The intact latent from S and its neighbours alone is that of pooling the whole cell without S."
    detail = f"largest difference {worst:.1e} where z_I - z_W reaches {size:.1e}"
    return Check("intact_pool", statement, worst < 1e-6 * max(size, 1.0), detail)


@torch.no_grad()
def direction(subject: Subject) -> Check:
    """Flip an irreversible reaction and encode again with the same weights."""
    metabolism, directed = subject.network.metabolism, subject.settings.hypergraph == "directed"
    statement = (
        "The undirected convolution cannot see that an irreversible reaction is flipped."
        if subject.settings.hypergraph == "undirected"
        else "Flipping an irreversible reaction changes the cell."
    )
    if not isinstance(metabolism, Metabolism):
        return Check("direction", statement, True, "not applicable: the network reads no reactions")
    column = first_irreversible(subject.cell)
    if column is None:
        return Check("direction", statement, True, "not applicable: no irreversible reaction has two sides")
    state = torch.randn(subject.cell.genes, subject.settings.hidden, generator=torch.Generator().manual_seed(0))
    twins = [Metabolism(cell, subject.settings) for cell in (subject.cell, flip(subject.cell, column))]
    weights = {name: value.cpu() for name, value in metabolism.state_dict().items()}
    for twin in twins:
        twin.load_state_dict(weights)
    before, after = (twin.encode(state)[0] for twin in twins)
    change = float((before - after).abs().max())
    return Check("direction", statement, (change > _TOLERANCE) == directed, f"largest change {change:.2e}")


def first_irreversible(cell: CellArrays) -> int | None:
    """Return the column of the first irreversible reaction with substrates and products, None where there is none."""
    counts = np.bincount(cell.split_reaction, minlength=cell.reactions)
    columns = sparse.csc_array(cell.split)
    two_sided = (columns.minimum(0).sum(axis=0) < 0) & (columns.maximum(0).sum(axis=0) > 0)
    found = np.flatnonzero((counts[cell.split_reaction] == 1) & two_sided)
    return int(found[0]) if len(found) else None


def flip(cell: CellArrays, column: int) -> CellArrays:
    """Return the cell with the reaction of one column turned round."""
    sign = np.ones(cell.split.shape[1])
    sign[column] = -1.0
    return replace(cell, split=sparse.csr_array(sparse.csc_array(cell.split) @ sparse.diags_array(sign)))


@torch.no_grad()
def unseen_gene(subject: Subject, genes: int = 8) -> Check:
    """Change the own vectors of genes that training lacks, and then those of measured ones, each by itself."""
    statement = "The state of an unseen gene comes from its networks and features alone, not from its own vector."
    encoder = subject.network.encoder
    if encoder.fixed:
        return Check("unseen_gene", statement, True, "not applicable: every gene has a fixed random vector")
    before, kept = encoder(), encoder.own.detach().clone()
    encoder.own[~encoder.measured] += 1.0
    worst = max(float((old - new).abs().max()) for old, new in zip(before, encoder(), strict=True))
    encoder.own.copy_(kept)
    measured = encoder.measured.nonzero()[:genes, 0].tolist()
    for gene in measured:
        encoder.own[gene] += 1.0
        worst = max(worst, float((encoder().unseen[gene] - before.unseen[gene]).abs().max()))
        encoder.own.copy_(kept)
    detail = f"moved by {worst:.1e}; {int((~encoder.measured).sum())} genes unseen, {len(measured)} taken as unseen"
    return Check("unseen_gene", statement, worst == 0.0, detail)


def _states(network: ClpNetwork) -> tuple[GeneStates, Tensor]:
    states, reactions = network.metabolism(network.encoder())
    return states, reactions


CHECKS: tuple[Callable[[Subject], Check], ...] = (
    order_of_deletions,
    batch_of_one,
    wild_type,
    decomposition_closes,
    gene_rules,
    intact_pool,
    direction,
    unseen_gene,
)
