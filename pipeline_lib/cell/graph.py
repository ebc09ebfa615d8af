"""The one gene index of a run, the cell as one heterogeneous graph, and which part of it each phenotype measures.

Deleting a set of genes divides the cell in two: what is gone (the genes, the complexes that miss a subunit, the
reactions without any enzyme left) and what stays. Fitness is a property of what stays, an interaction or a call one of
what is gone (the "label split"). Both parts are indices into one cell graph: no genotype has a copy of it.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from pipeline_lib.artefacts import PHENOTYPES
from pipeline_lib.cell.genotypes import GeneLoss, GeneRuleArrays
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import AMBIGUOUS, UNKNOWN, GeneNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline_lib.config.training import CellSettings


def build_gene_table(model_genes: Iterable[str], features: pd.DataFrame | None) -> pd.DataFrame:
    """Put the gene table together: every known gene and every gene of the metabolic model, sorted by name.

    Parameters
    ----------
    model_genes
        Gene ids of the metabolic model, in its own spelling.
    features
        `pipeline_lib.genes.gene_tables.read_gene_table`, or None: the model's genes alone.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.GENES`, ``aliases`` and ``gem_id``. A gene of the model that `features` know by
        any of its names is that gene; one that they do not know is a gene of its own. Essentiality as `features` have
        it.

    Raises
    ------
    PipelineError
        When an id of the model can mean several genes.
    """
    known = features if features is not None else _no_features()
    names = feature_names(known)
    ids: dict[str, list[str]] = {}
    for given in dict.fromkeys(model_genes):
        position = names.position(given)
        if position == AMBIGUOUS:
            raise PipelineError(
                f"{names.explain(given)}; the metabolic model names it so: write the systematic name of the one it "
                "means into the model."
            )
        ids.setdefault(given if position == UNKNOWN else names.genes[position].as_py(), []).append(given)
    rest = [gene for gene in ids if gene not in set(known["gene"])]
    unnamed = pd.DataFrame(
        {
            "gene": pd.Series(rest, dtype=object),
            "name": pd.Series(rest, dtype=object),
            "aliases": [[] for _ in rest],
            "essential": pd.array([pd.NA] * len(rest), dtype="boolean"),
        }
    )
    table = pd.concat([known, unnamed], ignore_index=True).sort_values("gene", ignore_index=True)
    table["gene_index"] = np.arange(len(table), dtype=np.int64)
    table["in_gem"] = table["gene"].isin(ids)
    table["gem_id"] = ["|".join(ids[gene]) if gene in ids else None for gene in table["gene"]]
    return table[["gene_index", "gene", "name", "in_gem", "essential", "aliases", "gem_id"]]


def feature_names(features: pd.DataFrame) -> GeneNames:
    """Return the names of a table of genes to which no model belongs yet."""
    return GeneNames.from_table(features.assign(in_gem=False))


def _no_features() -> pd.DataFrame:
    empty = pd.Series(dtype=object)
    essential = pd.Series(dtype="boolean")
    return pd.DataFrame({"gene": empty, "name": empty, "aliases": empty, "essential": essential})


def assert_same_index(expected: Iterable[str], genes: pd.DataFrame, where: str) -> None:
    """Refuse to go on when a file was written under another gene index.

    Raises
    ------
    PipelineError
        Names the first position at which the two differ.
    """
    ours = genes.sort_values("gene_index")["gene"].tolist()
    theirs = list(expected)
    if ours == theirs:
        return
    position = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
    )
    raise PipelineError(
        f"{where}: written under another gene index ({len(theirs)} genes, here {len(ours)}; they differ from position "
        f"{position} on); make it anew with this run's genes.parquet."
    )


class CellGraph(HeteroData):
    """A `HeteroData` whose ``print`` lists every node and edge type with counts, shapes, dtypes and memory."""

    def __repr__(self) -> str:
        return describe(self)


def build_cell_graph(
    genes: pd.DataFrame, edges: pd.DataFrame, stoichiometry: dict[str, Any], settings: "CellSettings"
) -> CellGraph:
    """Join genes, networks, complexes, reactions and metabolites into one graph.

    Parameters
    ----------
    genes, edges
        `pipeline_lib.artefacts.schemas` GENES and EDGES.
    stoichiometry
        The dictionary of ``metabolism/stoichiometry.pt``.
    settings
        Which networks to include.

    Returns
    -------
    CellGraph
        Node types gene, complex, reaction, metabolite. Edge types (gene, <network>, gene): both directions of an
        undirected edge, weight float32 [E, 1]; (gene, subunit_of, complex); (complex, catalyses, reaction);
        (metabolite, substrate_of, reaction) and (reaction, produces, metabolite) with the absolute coefficient.

    Raises
    ------
    PipelineError
        When a configured network is not in the table, or the tensors were built for another gene index.
    """
    if int(stoichiometry["num_genes"]) != len(genes):
        raise PipelineError(
            f"stoichiometry.pt was built for {int(stoichiometry['num_genes'])} genes and genes.parquet has "
            f"{len(genes)}; make it anew."
        )
    graph = CellGraph()
    graph["gene"].num_nodes = len(genes)
    graph["gene"].in_gem = torch.from_numpy(genes["in_gem"].to_numpy(bool).copy())
    graph["complex"].num_nodes = int(stoichiometry["num_complexes"])
    reaction = graph["reaction"]
    reaction.num_nodes = int(stoichiometry["num_reactions"])
    for name in ("reversible", "has_rule", "delta_g", "delta_g_known", "lower_bound", "upper_bound"):
        reaction[name] = stoichiometry[name]
    metabolite = graph["metabolite"]
    metabolite.num_nodes = int(stoichiometry["num_metabolites"])
    metabolite.delta_g = stoichiometry["metabolite_delta_g"]
    metabolite.delta_g_known = stoichiometry["metabolite_delta_g_known"]
    graph["gene", "subunit_of", "complex"].edge_index = stoichiometry["gene_to_complex"]
    graph["complex", "catalyses", "reaction"].edge_index = stoichiometry["complex_to_reaction"]
    incidence, coefficient = stoichiometry["incidence"], stoichiometry["coefficient"]
    consumed = stoichiometry["is_substrate"]
    substrates = graph["metabolite", "substrate_of", "reaction"]
    substrates.edge_index, substrates.coefficient = incidence[:, consumed], coefficient[consumed].abs()
    products = graph["reaction", "produces", "metabolite"]
    products.edge_index, products.coefficient = incidence[:, ~consumed].flip(0), coefficient[~consumed]
    for network, part in _chosen_networks(edges, settings):
        store = graph["gene", network, "gene"]
        store.edge_index, store.weight = _both_directions(part)
    return graph


def _chosen_networks(edges: pd.DataFrame, settings: "CellSettings") -> "Iterator[tuple[str, pd.DataFrame]]":
    present = sorted(edges["network"].unique())
    unknown = sorted(set(settings.networks or ()) - set(present))
    if unknown:
        raise PipelineError(f"cell.networks: no network '{unknown[0]}'; there are {', '.join(present) or 'none'}.")
    for network in settings.networks if settings.networks is not None else present:
        yield network, edges[edges["network"] == network]


def _both_directions(part: pd.DataFrame) -> tuple[torch.Tensor, torch.Tensor]:
    """Return edge_index int64 [2, E] and weight float32 [E, 1]; undirected edges are listed in both directions."""
    forward = torch.from_numpy(part[["source", "target"]].to_numpy("int64").T.copy())
    weight = torch.from_numpy(part["weight"].to_numpy("float32").copy())
    back = torch.from_numpy(~part["directed"].to_numpy(bool))
    index = torch.cat([forward, forward[:, back].flip(0)], dim=1)
    return index, torch.cat([weight, weight[back]])[:, None]


def describe(graph: HeteroData) -> str:
    """Return an aligned table of every tensor of the graph: where, count, shape, dtype, memory."""
    rows = [("node or edge type", "count", "tensor", "shape", "dtype", "memory")]
    total = 0
    for store in (*graph.node_stores, *graph.edge_stores):
        edge = isinstance(store._key, tuple)  # noqa: SLF001 - the only access that HeteroData gives to a store's type
        label = " -> ".join(store._key) if edge else str(store._key)  # noqa: SLF001
        count = f"{store.num_edges if edge else store.num_nodes:,}"
        tensors = [(name, value) for name, value in store.items() if isinstance(value, torch.Tensor)]
        for name, value in tensors or [("", None)]:
            if value is None:
                rows.append((label, count, "", "", "", ""))
                continue
            size = value.element_size() * value.nelement()
            total += size
            shape = " x ".join(f"{length:,}" for length in value.shape)
            rows.append((label, count, name, shape, str(value.dtype).removeprefix("torch."), _memory(size)))
            label, count = "", ""
    rows.append(("in all", "", "", "", "", _memory(total)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    right = {1, 3, 5}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _memory(size: int) -> str:
    return f"{size / 1024:,.1f} KiB" if size < 1024**2 else f"{size / 1024**2:,.1f} MiB"


_FITNESS = PHENOTYPES.index("fitness")


class Part(NamedTuple):
    """A part of the cell for each of n genotypes: members of one node type as (row, index), long [k] each."""

    row: Tensor
    index: Tensor


class Perturbed(NamedTuple):
    """What genotypes lose: deleted genes, complexes with a deleted subunit, reactions without an enzyme."""

    gene: Part
    complex: Part
    reaction: Part


class Intact(NamedTuple):
    """What genotypes keep, as masks over the nodes of the cell graph: bool [n, N], [n, C] and [n, R]."""

    gene: Tensor
    complex: Tensor
    reaction: Tensor


class Labels(NamedTuple):
    """Labels of one latent: float32 [n], and bool [n], which of them there are; the others are 0 and never scored."""

    value: Tensor
    known: Tensor


class Batch(NamedTuple):
    """Observations as a model reads them: genes long [n, 3] (-1: none), what they lose, and labels by latent."""

    genes: Tensor
    perturbed: Perturbed
    intact_label: Labels
    perturbed_label: Labels


def measures_intact(phenotype: Tensor) -> Tensor:
    """Tell, bool [n], which phenotypes (long [n], positions in ``PHENOTYPES``) are read off the intact latent."""
    return phenotype == _FITNESS


class PhenotypeProcessor:
    """Divides the cell for any number of genotypes at once and routes their labels.

    Parameters
    ----------
    loss
        The gene rules.
    genes
        N, the size of the gene index.
    """

    def __init__(self, loss: GeneLoss, genes: int) -> None:
        self.loss, self.genes = loss, genes

    @classmethod
    def of(cls, stoichiometry: Mapping[str, Any]) -> Self:
        """Return the processor for the cell of ``metabolism/stoichiometry.pt``."""
        genes, reactions = int(stoichiometry["num_genes"]), int(stoichiometry["num_reactions"])
        return cls(GeneLoss(GeneRuleArrays.of(stoichiometry), genes, reactions), genes)

    def process(self, genes: Tensor, phenotype: Tensor, value: Tensor) -> Batch:
        """Return a batch of n observations.

        Parameters
        ----------
        genes
            long [n, 3], -1 where there is no gene.
        phenotype
            long [n]: positions in ``PHENOTYPES``.
        value
            float [n]; NaN where a measurement is missing: such a label is masked, whatever its phenotype.
        """
        known, intact = ~value.isnan(), measures_intact(phenotype)
        labels = (Labels(torch.where(here, value, 0.0).float(), here) for here in (known & intact, known & ~intact))
        return Batch(genes, self.perturbed(genes), *labels)

    def perturbed(self, genes: Tensor) -> Perturbed:
        """Return what genotypes (long [n, 3]) lose, each member once a row."""
        row, slot = (genes >= 0).nonzero().unbind(1)
        complexes = self.loss.lost_complexes(genes)
        return Perturbed(Part(row, genes[row, slot]), Part(*complexes), Part(*self.loss.without_enzyme(*complexes)))

    def intact(self, perturbed: Perturbed, n: int) -> Intact:
        """Return what n genotypes keep: the complement of what they lose."""
        masks = []
        for part, size in zip(perturbed, (self.genes, self.loss.num_complexes, self.loss.num_reactions), strict=True):
            mask = torch.ones(n, size, dtype=torch.bool, device=part.row.device)
            mask[part.row, part.index] = False
            masks.append(mask)
        return Intact(*masks)
