"""How genes, screens, splits, models, phenotypes and metrics are written for people."""

import math
import re
from collections.abc import Iterable, Mapping

import pandas as pd

from pipeline_lib.config.models import DangoSettings
from pipeline_lib.config.organism import OrganismSettings
from pipeline_lib.config.screen_readers import FITNESS_UNITS, ScreenScores
from pipeline_lib.config.screens import POOLED
from pipeline_lib.config.training import kind_and_repeat

SPLITS = {
    "random": "random",
    "query_disjoint": "unseen queries",
    "gene_disjoint_one": "one unseen gene",
    "gene_disjoint_all": "all genes unseen",
    "cross_screen": "another screen",
}

PHENOTYPES = {
    "fitness": "fitness",
    "interaction": "interaction",
    "raw_interaction": "raw interaction",
    "call": "called interaction",
}

ORDERS = {2: "digenic", 3: "trigenic"}

METRICS = {
    "pearson": "Pearson",
    "spearman": "Spearman",
    "pearson_within_screen": "Pearson within screens",
    "pearson_within_query": "Pearson within queries",
    "rmse": "root mean squared error",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "prevalence": "prevalence",
    "precision_at_100": "precision at 100",
    "precision_at_10_within_query": "precision at 10 a query",
}

_LONGEST = 24

IN_FITNESS_UNITS = {
    "interaction": "ε or τ (fitness units)",
    "raw_interaction": "raw ε (fitness units)",
    "fitness": "fitness (wild type = 1)",
}


def screen_name(screen: str) -> str:
    """Return a screen's name for people: the one that the configuration gives it, cut where no figure has room for it.

    No publication is read out of a name: a user may call a table of his own kuzmin2018.
    """
    if screen == POOLED:
        return "all screens pooled"
    return screen if len(screen) <= _LONGEST else f"{screen[: _LONGEST - 1]}…"


def split_name(split: str) -> str:
    """Return a split's name for people, with its repeat: ``one unseen gene, repeat 2``."""
    kind, repeat = _kind_and_repeat(split)
    return f"{kind}{repeat}"


def split_phrase(split: str) -> str:
    """Return a split as a sentence has it: ``one unseen gene split, repeat 2``."""
    kind, repeat = _kind_and_repeat(split)
    return f"{kind} split{repeat}"


def _kind_and_repeat(split: str) -> tuple[str, str]:
    kind, draw = kind_and_repeat(split)
    return SPLITS.get(kind, kind), {0: "", None: ", all repeats pooled"}.get(draw, f", repeat {draw}")


def in_order(splits: Iterable[str]) -> list[str]:
    """Return splits from the easiest question to the hardest, each once: its repeats, then all of them pooled."""
    known = list(SPLITS)

    def place(split: str) -> tuple[int, str, float]:
        kind, draw = kind_and_repeat(split)
        return known.index(kind) if kind in known else len(known), kind, math.inf if draw is None else draw

    return sorted(set(splits), key=place)


def order_name(order: object) -> str:
    """Return ``digenic`` or ``trigenic``; ``single`` for one deleted gene."""
    return next((name for number, name in ORDERS.items() if number == order), "single")


def assay_name(screen: str, phenotype: str) -> str:
    """Return ``collins2007, interaction``."""
    return f"{screen_name(screen)}, {PHENOTYPES.get(phenotype, phenotype)}"


def panel_title(screen: str, phenotype: str) -> str:
    """Return the assay in two lines, which fit above a third of a page."""
    return f"{screen_name(screen)}\n{PHENOTYPES.get(phenotype, phenotype)}"


def unit(screen: str, phenotype: str, scores: Mapping[str, ScreenScores]) -> str:
    """Return what an axis of the assay's values is called: the unit that the screen states, or that none is stated."""
    stated = scores[screen].unit if screen in scores else None
    name = PHENOTYPES.get(phenotype, phenotype)
    if phenotype == "call":
        return f"{name} (0 or 1)"
    if stated == FITNESS_UNITS or (stated is None and phenotype == "fitness"):
        return IN_FITNESS_UNITS.get(phenotype, name)
    return f"{name} ({stated or 'unit not stated'})"


def is_clp(model: str) -> bool:
    """Tell the cell latent perturbation model and its ablations."""
    return model == "clp" or model.startswith("clp_")


def is_loss(model: str, reference: str) -> bool:
    """Tell a model that differs from `reference` by its loss alone."""
    return model.startswith(f"{reference}_loss_")


def is_ablation(model: str, reference: str) -> bool:
    """Tell `reference` and what differs from it by one part."""
    return model == reference or (model.startswith(f"{reference}_") and not is_loss(model, reference))


def is_variant(model: str, reference: str) -> bool:
    """Decide whether a model is `reference`, or DANGO, with one part or the loss changed."""
    return model.startswith((f"{reference}_", "dango_"))


def is_dango(model: str) -> bool:
    """Tell DANGO and its variants."""
    return model == "dango" or model.startswith("dango_")


_DANGO = re.compile(r"\bdango(?:_\w+)?\b(?! \(short|†)")
DAGGER = "†"
"""Stands for the words of `with_training` in a figure, whose labels leave no room for them."""


def with_training(text: str, dango: DangoSettings, note: str = " (short training)") -> str:
    """Return a text in which DANGO and its variants have a note where their training was shorter than the paper's."""
    return _DANGO.sub(rf"\g<0>{note}", text) if min(dango.shares_of_paper) < 1 else text


def training_in_words(dango: DangoSettings) -> str:
    """Return what a short training of DANGO is."""
    pretraining, joint = dango.shares_of_paper
    return f"Short training: {pretraining:.0%} of the pretraining and {joint:.0%} of the joint steps of DANGO's paper."


class GeneNames:
    """Standard names and addresses by systematic name.

    Parameters
    ----------
    genes
        `pipeline_lib.artefacts.schemas.GENES`.
    organism
        The template of a gene's page and which names have one.
    """

    def __init__(self, genes: pd.DataFrame, organism: OrganismSettings) -> None:
        self.organism = organism
        self._names = dict(zip(genes["gene"], genes["name"], strict=True))

    def label(self, gene: str) -> str:
        """Return ``ACT1 (YFL039C)``, or the systematic name alone where there is no other."""
        name = self._names.get(gene, gene)
        return gene if name in ("", gene) else f"{name} ({gene})"

    def address(self, gene: str) -> str:
        """Return the address of a gene's page; empty for one that has none."""
        return self.organism.address(gene)

    def short(self, gene: str) -> str:
        """Return ``ACT1``, or the systematic name where there is no other."""
        return self._names.get(gene) or gene

    def columns(self, genotypes: Iterable[Iterable[str]]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
        """Return one column of labels a gene of the genotype (up to three), and the address of each cell."""
        rows = [list(genotype) for genotype in genotypes]
        width = max(map(len, rows), default=0)
        heads = [f"gene {position + 1}" for position in range(width)]
        padded = [row + [""] * (width - len(row)) for row in rows]
        labels = [[self.label(gene) if gene else "" for gene in row] for row in padded]
        links = {head: [self.address(row[position]) for row in padded] for position, head in enumerate(heads)}
        return pd.DataFrame(labels, columns=heads), links
