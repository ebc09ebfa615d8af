"""What must hold of the network whatever its weights: checked on a real batch by the walk-through, and by the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from pipeline_lib.config.clp import ClpSettings
from pipeline_lib.models.clp.cell_tensors import CellArrays
from pipeline_lib.models.clp.intact import WholePool
from pipeline_lib.models.clp.metabolism import Metabolism
from pipeline_lib.models.clp.network import ClpNetwork

_TOLERANCE = 1e-4
"""Differences that float32 sums in another order may make, in units of an assay's SD."""
_PASSES = 32
"""Most backward passes, each with other genes hidden, in which every parameter must get a gradient."""

_READ_BLOCKED_REACTIONS = ("perturbed.reaction.", "intact.reaction.")
"""Parameters that are reached through reactions that a genotype blocks, and in no other way."""


@dataclass(frozen=True)
class Check:
    """One invariant: what it says, whether it held, and the number that shows it."""

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


@torch.no_grad()
def order_of_deletions(subject: Subject) -> Check:
    """Compare every genotype with itself in another order."""
    encoded = subject.network.encode()
    value, _ = subject.network.decode(encoded, subject.columns)
    worst = 0.0
    for order in ([1, 0, 2], [2, 1, 0], [1, 2, 0]):
        turned = dict(subject.columns) | {"genes": subject.columns["genes"][:, order]}
        worst = max(worst, float((subject.network.decode(encoded, turned)[0] - value).abs().max()))
    return Check(
        "order_of_deletions", "The order in which the deleted genes are named does not matter.",
        worst < _TOLERANCE, f"largest difference {worst:.2e} SD",
    )  # fmt: skip


@torch.no_grad()
def batch_of_one(subject: Subject, rows: int = 16) -> Check:
    """Decode genotypes one by one and all at once."""
    encoded = subject.network.encode()
    value, _ = subject.network.decode(encoded, subject.columns)
    worst = 0.0
    for row in range(min(rows, len(value))):
        single = {name: column[row : row + 1] for name, column in subject.columns.items()}
        worst = max(worst, float((subject.network.decode(encoded, single)[0] - value[row]).abs().max()))
    return Check(
        "batch_of_one", "A batch of one gives what a batch of many gives.",
        worst < _TOLERANCE, f"largest difference {worst:.2e} SD over {min(rows, len(value))} genotypes",
    )  # fmt: skip


@torch.no_grad()
def wild_type(subject: Subject) -> Check:
    """Predict the fitness of no deletion."""
    statement = "No deletion has fitness 1, exactly."
    if subject.network.fitness_head is None:
        return Check("wild_type", statement, True, "not applicable: the network predicts no fitness")
    none = torch.full((3, 3), -1, device=subject.columns["genes"].device)
    effect = float(subject.network.fitness(subject.network.encode(), none).value.abs().max())
    return Check("wild_type", statement, effect == 0.0, f"effect {effect:.1e}")


@torch.no_grad()
def gene_rules(subject: Subject, genes: int = 200) -> Check:
    """Compare blocked reactions of single deletions with the rules read gene by gene."""
    statement = "A gene blocks a reaction just when every complex of the reaction holds it; isozymes save theirs."
    rules = subject.network.rules
    if rules is None:
        return Check("gene_rules", statement, True, "not applicable: the network has no metabolism")
    members, owner = subject.cell.rules.members, subject.cell.rules.owner
    chosen = np.unique(members[0])[:genes]
    device = subject.columns["genes"].device
    padded = torch.full((len(chosen), 3), -1, device=device)
    padded[:, 0] = torch.from_numpy(chosen).to(device)
    row, reaction = rules.blocked_reactions(padded)
    found = set(zip(chosen[row.cpu().numpy()].tolist(), reaction.tolist(), strict=True))
    complexes: dict[int, list[set[int]]] = {}
    for position in range(len(owner)):
        complexes.setdefault(int(owner[position]), []).append(set())
    place = {int(r): iter(sets) for r, sets in complexes.items()}
    by_complex = [next(place[int(r)]) for r in owner]
    for gene, complex_index in members.T:
        by_complex[complex_index].add(int(gene))
    expected = {
        (int(gene), reaction_index)
        for gene in chosen
        for reaction_index, sets in complexes.items()
        if all(int(gene) in members_of for members_of in sets)
    }
    covered = len(chosen) - len({gene for gene, _ in expected})
    return Check(
        "gene_rules", statement, found == expected,
        f"{len(expected)} blocked reactions of {len(chosen)} genes; isozymes cover {covered} of these genes wholly",
    )  # fmt: skip


@torch.no_grad()
def intact_pool(subject: Subject, rows: int = 8) -> Check:
    """Pool cells without S from the start, and compare with the shortcut."""
    statement = "The intact latent from S and its neighbours alone is that of pooling the whole cell without S."
    network = subject.network
    pool = network.encode().whole
    if network.intact is None or pool is None:
        return Check("intact_pool", statement, True, "not applicable: the network predicts no fitness")
    genes = subject.columns["genes"][:rows]
    # In float64, so that thousands of terms add up alike in either order.
    pool = WholePool(*(part.double() for part in pool))
    pool = pool._replace(whole=torch.tanh(pool.received).sum(0) + pool.reaction.sum(0))
    blocked = network.blocked(genes)
    change = network.intact.change(pool, genes, blocked)
    matrix = network.intact.network.dense().double()
    worst = 0.0
    for position in range(len(genes)):
        kept = torch.ones(len(pool.sent), 1, dtype=torch.float64, device=genes.device)
        kept[genes[position][genes[position] >= 0]] = 0
        heard = pool.received - matrix @ pool.sent + matrix @ (pool.sent * kept)
        alive = torch.ones(len(pool.reaction), 1, dtype=torch.float64, device=genes.device)
        alive[blocked[1][blocked[0] == position]] = 0
        scratch = (torch.tanh(heard) * kept).sum(0) + (pool.reaction * alive).sum(0) - pool.whole
        worst = max(worst, float((scratch - change[position]).abs().max()))
    size = float(change.abs().max())
    return Check(
        "intact_pool", statement, worst < 1e-6 * max(size, 1.0),
        f"largest difference {worst:.1e} where z_I - z_W reaches {size:.1e}",
    )  # fmt: skip


@torch.no_grad()
def direction(subject: Subject) -> Check:
    """Flip an irreversible reaction and encode again with the same weights."""
    network = subject.network
    directed = subject.settings.hypergraph == "directed"
    statement = (
        "Flipping an irreversible reaction changes the cell."
        if directed
        else "The undirected convolution cannot see that an irreversible reaction is flipped."
    )
    if network.metabolism is None:
        return Check("direction", statement, True, "not applicable: the network has no metabolism")
    column = first_irreversible(subject.cell)
    if column is None:
        return Check("direction", statement, True, "not applicable: no irreversible reaction has two sides")
    state = torch.randn(subject.cell.genes, subject.settings.hidden, generator=torch.Generator().manual_seed(0))
    before = _encode_metabolism(network.metabolism, subject.cell, subject.settings, state)
    after = _encode_metabolism(network.metabolism, flip(subject.cell, column), subject.settings, state)
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


def _encode_metabolism(module: Metabolism, cell: CellArrays, settings: ClpSettings, state: Tensor) -> Tensor:
    twin = Metabolism(cell, settings)
    twin.load_state_dict({name: value.cpu() for name, value in module.state_dict().items()})
    reactions, _ = twin(state)
    return torch.as_tensor(reactions)


@torch.no_grad()
def own_value_hidden(subject: Subject) -> Check:
    """Change the measured value of a pair, and see whether the prediction of that pair moves when it is asked for."""
    statement = "What is predicted of a pair that a step asks for does not depend on the pair's own measured value."
    attention = subject.network.attention
    if attention is None:
        return Check("own_value_hidden", statement, True, "not applicable: the network has no profiles")
    network = subject.network
    measured = (attention.known > 0).nonzero()
    if not len(measured):
        return Check("own_value_hidden", statement, True, "not applicable: no profile holds a measured pair")
    row, column = measured[0].tolist()
    asked = {"genes": torch.tensor([[int(attention.genes[row]), int(attention.genes[column]), -1]]).to(attention.genes)}
    direct = torch.zeros(1, dtype=torch.bool, device=attention.genes.device)
    before = network.direct_interaction(network.encode(asked), asked["genes"], direct).value
    kept = attention.value.clone()
    attention.value[[row, column], [column, row]] += 5.0
    after = network.direct_interaction(network.encode(asked), asked["genes"], direct).value
    attention.value.copy_(kept)
    moved = float((before - after).abs().max())
    return Check("own_value_hidden", statement, moved < _TOLERANCE, f"moved by {moved:.1e} when the value moved by 5")


@torch.no_grad()
def unseen_gene(subject: Subject) -> Check:
    """Change the own vector of a gene that no training observation holds."""
    statement = "The latent of a gene that training never saw comes from its networks and reactions alone."
    encoder = subject.network.encoder
    unseen = (~encoder.measured).nonzero()[:, 0]
    if encoder.fixed or not len(unseen):
        return Check("unseen_gene", statement, True, "not applicable: every gene has a vector or a measurement")
    visible = encoder.visible()
    before = encoder(visible, None)
    kept = encoder.own.detach().clone()
    encoder.own[unseen] += 1.0
    after = encoder(visible, None)
    encoder.own.copy_(kept)
    moved = float((before - after).abs().max())
    return Check("unseen_gene", statement, moved == 0.0, f"moved by {moved:.1e}; {len(unseen)} genes unseen")


def every_gradient(subject: Subject, loss: Callable[[ClpNetwork, Mapping[str, Tensor]], Tensor]) -> Check:
    """Take a backward pass and look for parameters that it leaves out; gradients stay in ``.grad``.

    Each pass hides other genes, and a small batch may hold no pair of two hidden ones: what one pass leaves out may get
    its gradient from a later one. The weights of blocked reactions are looked at where a genotype of the batch blocks
    one: a screen of genes without metabolic function has no such genotype.
    """
    network = subject.network
    network.train()
    blocking = len(network.blocked(subject.columns["genes"])[0]) > 0
    left_out = [
        name for name, _ in network.named_parameters() if blocking or not name.startswith(_READ_BLOCKED_REACTIONS)
    ]
    for _ in range(_PASSES):
        network.zero_grad(set_to_none=True)
        loss(network, subject.columns).backward()
        left_out = [name for name, parameter in network.named_parameters()
                    if name in left_out and (parameter.grad is None or not parameter.grad.any())]  # fmt: skip
        if not left_out:
            break
    network.eval()
    detail = f"{len(list(network.parameters()))} parameters{'' if blocking else '; no genotype blocks a reaction'}"
    return Check(
        "every_gradient", "Every parameter gets a gradient.", not left_out,
        f"left out: {', '.join(left_out)}" if left_out else detail,
    )  # fmt: skip


CHECKS: tuple[Callable[[Subject], Check], ...] = (
    order_of_deletions, batch_of_one, wild_type, gene_rules, intact_pool, direction, own_value_hidden, unseen_gene,
)  # fmt: skip
