"""What the page can look up of every gene: measured and predicted partners, networks, reactions, features."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline_lib.genes.names import GeneNames as NameIndex
from pipeline_lib.reporting.html import packed_json
from pipeline_lib.reporting.names import PHENOTYPES, GeneNames, screen_name, split_name

PARTNERS = 6
"""Strongest interactions of a gene that are kept of each screen."""
NEIGHBOURS = 6
"""Neighbours of a gene that are kept of each network, those of the greatest weight first."""
REACTIONS = 12
_TERMS = 10
"""Names of a table of zeros and ones that are kept of a gene."""
_VALUES = 5
"""Values of a table of numbers that are kept of a gene, those first that are farthest from the other genes'."""
_FEW = 12
"""Columns up to which a table of numbers is shown from the left, not by the size of its values."""
_COMPONENT = r"component_\d+"
"""Columns of a singular value decomposition, which have no meaning by themselves."""
_DISPLAYED = ("interaction", "raw_interaction", "call")
"""Phenotypes that a pair or triple is shown by, the first of them that its screen measures at that order."""

OfGene = dict[int, list[Any]]
"""gene_index to its rows."""


@dataclass(frozen=True)
class Inputs:
    """The artefacts that gene pages are made of.

    Attributes
    ----------
    genes, observations, edges, reactions, complexes
        Tables of `pipeline_lib.config.evaluation.ARTEFACTS`.
    names
        Where the page of each gene is.
    predicted
        Test-fold predictions beside the measurements (`pipeline_lib.reporting.run_folder.tested`); empty without.
    untested
        ``next_experiments/ranked.parquet``.
    features
        Feature tables by name.
    model, split
        Whose predictions they are, and on which split.
    units
        Unit of each screen's values.
    """

    genes: pd.DataFrame
    names: GeneNames
    observations: pd.DataFrame
    edges: pd.DataFrame
    reactions: pd.DataFrame
    complexes: pd.DataFrame
    predicted: pd.DataFrame
    untested: pd.DataFrame
    features: Mapping[str, pd.DataFrame]
    model: str
    split: str
    units: Mapping[str, str]


def gene_pages(inputs: Inputs) -> str:
    """Return everything that the page looks up, packed: it is read when the first gene is asked for.

    Genes stand by gene_index; every list of a gene is bounded, so the size grows with the genes and not with the
    measurements.
    """
    index = dict(zip(inputs.genes["gene"], inputs.genes["gene_index"], strict=True))
    predicted = inputs.predicted
    known = dict(zip(predicted["observation_id"], predicted["prediction"], strict=True)) if len(predicted) else {}
    readable = {name: table.loc[:, ~table.columns.str.fullmatch(_COMPONENT)] for name, table in inputs.features.items()}
    content = {
        "model": inputs.model,
        "split": split_name(inputs.split) if inputs.split else "",
        **_genes(inputs.genes, inputs.names),
        "single": _single(inputs.observations, index, inputs.units),
        "measured": list(_measured(inputs.observations, known, index, inputs.units)),
        "predicted": list(_predicted(predicted, index, inputs.units)),
        "untested": _untested(inputs.untested, index),
        "networks": [
            {"name": str(name), **_neighbours(part)} for name, part in inputs.edges.groupby("network", sort=False)
        ],
        **_reactions(inputs.reactions, inputs.complexes),
        "features": [_feature(name, table) for name, table in readable.items() if len(table.columns) > 1],
    }
    return packed_json(content)


def _genes(genes: pd.DataFrame, names: GeneNames) -> dict[str, Any]:
    """Return systematic names, standard names and aliases, and which genes have a page, by gene_index."""
    rows = genes.sort_values("gene_index")
    essential = rows["essential"].astype("boolean")
    return {
        "genes": rows["gene"].tolist(),
        "aliases": list(NameIndex.from_table(rows).aliases().items()),
        "names": ["" if name == gene else name for gene, name in zip(rows["gene"], rows["name"], strict=True)],
        "essential": np.select([essential.fillna(value=False), essential.isna()], [1, -1], 0).tolist(),
        "metabolic": rows["in_gem"].astype(int).tolist(),
        "address": names.organism.link,
        "linked": [int(bool(names.address(gene))) for gene in rows["gene"]],
    }


def _of_each_gene(
    table: pd.DataFrame, index: Mapping[str, int], strength: "pd.Series[float]", most: int
) -> pd.DataFrame:
    """Return one row a gene and genotype (gene, others, and the table's columns), the strongest of each gene first."""
    ordered = table.assign(strength=strength).sort_values("strength", ascending=False, kind="stable")
    members = [[index[gene] for gene in genes if gene in index] for genes in ordered["genes"]]
    ordered = ordered.assign(member=pd.Series(members, index=ordered.index, dtype=object))
    rows = ordered.assign(gene=ordered["member"]).explode("gene")
    return rows.groupby("gene", sort=False).head(most)


def _collected(rows: pd.DataFrame, columns: Sequence[str]) -> OfGene:
    """Return the rows of each gene: its partners, then the columns; unknown numbers are None."""
    found: OfGene = {}
    values = zip(*(rows[column].tolist() for column in columns), strict=True)
    for gene, members, row in zip(rows["gene"].tolist(), rows["member"].tolist(), values, strict=True):
        partners = [member for member in members if member != gene]
        found.setdefault(int(gene), []).append([partners, *map(_short, row)])
    return found


def _short(value: float | None) -> float | None:
    """Return a number in three significant digits, as the page shows it."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.3g}")


def _assay(screen: str, phenotype: str, order: int, units: Mapping[str, str]) -> dict[str, str]:
    called = {1: "", 2: ", pairs", 3: ", triples"}[order]
    return {
        "name": f"{screen_name(screen)}, {PHENOTYPES.get(phenotype, phenotype)}{called}",
        "unit": "" if phenotype == "call" else units.get(screen, ""),
    }


def _single(observations: pd.DataFrame, index: Mapping[str, int], units: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the mean fitness of each single mutant, screen by screen."""
    singles = observations[observations["order"] == 1]
    singles = singles.assign(gene=[index.get(genes[0], -1) for genes in singles["genes"]])
    found = []
    for (screen, phenotype), part in singles[singles["gene"] >= 0].groupby(["screen", "phenotype"]):
        means = part.groupby("gene")["value"].mean()
        of = {gene: _short(value) for gene, value in zip(means.index.tolist(), means.tolist(), strict=True)}
        found.append({**_assay(str(screen), str(phenotype), 1, units), "of": of})
    return found


def _by_screen(rows: pd.DataFrame) -> Iterable[tuple[str, int, pd.DataFrame]]:
    """Yield screen, order and their rows."""
    for screen, of_screen in rows.groupby("screen"):
        for order in sorted(of_screen["order"].unique().tolist()):
            yield str(screen), int(order), of_screen[of_screen["order"] == order]


def _measured(
    observations: pd.DataFrame, known: Mapping[int, float], index: Mapping[str, int], units: Mapping[str, str]
) -> Iterable[dict[str, Any]]:
    """Yield the strongest measured pairs and triples of each gene, screen by screen, beside held-out predictions."""
    rows = observations[(observations["order"] > 1) & observations["phenotype"].isin(_DISPLAYED)]
    for screen, order, part in _by_screen(rows):
        phenotype = next(name for name in _DISPLAYED if (part["phenotype"] == name).any())
        one = part[(part["phenotype"] == phenotype) & ((phenotype != "call") | (part["value"] == 1))]
        strongest = _of_each_gene(one, index, one["value"].abs(), PARTNERS)
        strongest = strongest.assign(prediction=strongest["observation_id"].map(known))
        of = _collected(strongest, ["value", "prediction"])
        if of:
            yield {**_assay(screen, phenotype, order, units), "of": of}


def _predicted(predicted: pd.DataFrame, index: Mapping[str, int], units: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """Yield the strongest predictions of genotypes that were held out, beside what was measured."""
    if predicted.empty:
        return
    rows = predicted[(predicted["order"] > 1) & predicted["phenotype"].isin(_DISPLAYED)]
    for screen, order, part in _by_screen(rows):
        phenotype = next(name for name in _DISPLAYED if (part["phenotype"] == name).any())
        one = part[part["phenotype"] == phenotype]
        strongest = _of_each_gene(one, index, one["prediction"].abs(), PARTNERS)
        of = _collected(strongest, ["prediction", "value"])
        yield {**_assay(screen, phenotype, order, units), "of": of}


def _untested(untested: pd.DataFrame, index: Mapping[str, int]) -> OfGene:
    """Return the pairs and triples of each gene that are suggested for measurement: prediction and spread."""
    if untested.empty:
        return {}
    return _collected(_of_each_gene(untested, index, -untested["rank_by_value"], PARTNERS), ["prediction", "spread"])


def _neighbours(edges: pd.DataFrame) -> dict[str, Any]:
    """Return the degree of each gene and its neighbours of the greatest weight, in either direction."""
    ends = edges[["source", "target", "weight"]]
    turned = ends.rename(columns={"source": "target", "target": "source"})
    both = pd.concat([ends, turned[["source", "target", "weight"]]]).drop_duplicates(["source", "target"])
    both = both.sort_values("weight", ascending=False, kind="stable")
    degree = both.groupby("source").size()
    heaviest = both.groupby("source").head(NEIGHBOURS)
    near = heaviest.groupby("source")["target"].agg(list)
    return {"of": {int(gene): [int(degree[gene]), near[gene]] for gene in near.index}}


def _reactions(reactions: pd.DataFrame, complexes: pd.DataFrame) -> dict[str, Any]:
    """Return name, subsystem and gene rule of the reactions with a rule, and those of each gene."""
    pairs = complexes[["gene_index", "reaction_index"]].drop_duplicates()
    used = reactions[reactions["reaction_index"].isin(pairs["reaction_index"])].reset_index(drop=True)
    place = {reaction: at for at, reaction in enumerate(used["reaction_index"])}
    of: OfGene = {}
    for gene, reaction in pairs.itertuples(index=False):
        if reaction in place:
            of.setdefault(int(gene), []).append(place[reaction])
    subsystems = used["subsystem"] if "subsystem" in used else [""] * len(used)
    rows = zip(used["name"], subsystems, used["gene_rule"], strict=True)
    return {
        "reactions": [[str(name), str(subsystem or ""), str(rule)] for name, subsystem, rule in rows],
        "reactions_of": {gene: [len(found), found[:REACTIONS]] for gene, found in of.items()},
    }


def _feature(name: str, table: pd.DataFrame) -> dict[str, Any]:
    """Return what a feature table holds of each gene: its terms, or its most unusual values."""
    columns = [column for column in table.columns if column != "gene_index"]
    values = table[columns].to_numpy(np.float64)
    genes = table["gene_index"].to_numpy(np.int64)
    if np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
        row, column = np.nonzero(values == 1)
        terms = pd.DataFrame({"gene": genes[row], "column": column}).groupby("gene")["column"].agg(list)
        return {
            "name": name,
            "columns": [_term(column) for column in columns],
            "terms": {gene: found[:_TERMS] for gene, found in zip(terms.index.tolist(), terms.tolist(), strict=True)},
        }
    kept = min(_VALUES, len(columns))
    known = np.where(np.isfinite(values), values, np.nan)
    with warnings.catch_warnings():
        # A column that no gene has a value of has no mean.
        warnings.simplefilter("ignore", RuntimeWarning)
        unusual = (known - np.nanmean(known, axis=0)) / np.nanstd(known, axis=0)
    size = np.nan_to_num(np.abs(unusual), nan=-1.0, posinf=-1.0)
    order = np.argsort(-size, axis=1, kind="stable")[:, :kept] if len(columns) > _FEW else np.arange(len(columns))[None]
    order = np.broadcast_to(order, (len(genes), order.shape[1]))
    displayed = np.take_along_axis(values, order, axis=1)
    held = np.isfinite(displayed) & (displayed != 0)
    of = {
        int(gene): [[int(at), _short(value)] for at, value, there in zip(places, found, has, strict=True) if there]
        for gene, places, found, has in zip(genes, order, displayed, held, strict=True)
    }
    return {"name": name, "columns": [_term(column) for column in columns], "values": of}


def _term(column: str) -> str:
    """Return a column's name without the identifier that it begins with."""
    parts = [part.strip() for part in column.split("|")]
    return " · ".join(parts[1:4] if len(parts) > 1 else parts)
