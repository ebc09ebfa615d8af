"""Settings of the Weisfeiler-Lehman ridge."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section


class WeisfeilerLehmanSettings(Section):
    """Weisfeiler-Lehman features of the perturbed graph, hashed, with a ridge."""

    networks: list[str] | None = None
    """Gene networks to refine; None: every network of the cell."""
    network_levels: int = Field(default=1, ge=1)
    """Rounds of colour refinement on a gene network: a deletion is felt that many hops away."""
    metabolism_levels: int = Field(default=2, ge=1)
    """Rounds of colour refinement on the graph of metabolites and reactions."""
    max_metabolite_degree: int | None = Field(default=40, ge=1)
    """Metabolites in more reactions than that (water, ATP, protons) keep no edges; None: all keep theirs."""
    labels: list[Literal["identity", "kind"]] = Field(default=["identity", "kind"], min_length=1)
    """First colours: ``identity`` gives every node its own, so that features name places; ``kind`` gives one to all
    genes, metabolites, one-way and reversible reactions, so that features describe shapes. Both: both sets of
    features."""
    width: int = Field(default=1024, ge=8)
    """Slots that the colours of all graphs and levels are hashed into; there are as many again for the difference of
    the highest order."""
