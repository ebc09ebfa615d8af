"""A run folder of twelve genes: small, complete, and with names that try to break out of the page."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.artefacts.atomic import write_json, write_text
from pipeline_lib.artefacts.schemas import GENES, HISTORY, LEADERBOARD, OBSERVATIONS, PREDICTIONS
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.config.loading import read_run_config
from pipeline_lib.evaluation.tables.scoreboard import scoreboard_rows
from pipeline_lib.reporting.provenance import provenance
from tests.reporting.flux_balance_tables import flux_balance_tables

HOSTILE_GENE = "<script>window.broken=1</script>"
HOSTILE_SCREEN = "<img src=x onerror=window.broken=1>"
FORMULA = '=HYPERLINK("https://example.org")'

_SYSTEMATIC = (
    "YAL001C",
    "YBR072W",
    "YCL040W",
    "YDL227C",
    "YER095W",
    "YFL039C",
    "YGR192C",
    "YHR023W",
    "YIL128W",
    "YJR009C",
    "YKL190W",
    "YLR113W",
)
MODELS = ("mean", "gene_ridge", "clp", "clp_no_metabolism", "dango", "dango_no_pretraining", "wl_ridge")
SPLITS = ("random", "query_disjoint", "query_disjoint-1")
SCORED = (*SPLITS, "query_disjoint-pooled")
"""The splits of the tables of scores: those with files, and the draws of one of them together."""
ASSAYS = (("collins2007", "interaction"), (HOSTILE_SCREEN, "interaction"), ("kuzmin2018_calls", "call"))
UNTESTED = ("YKL190W", "YLR113W")
UNTESTED_TRIPLE = ("YAL001C", "YCL040W", "YDL227C")


def gene_table() -> pd.DataFrame:
    """Return twelve real systematic names; one gene has a script for a name, one a formula."""
    names = list(_SYSTEMATIC)
    names[4:7] = [HOSTILE_GENE, "ACT1", FORMULA]
    return pd.DataFrame(
        {
            "gene_index": range(12),
            "gene": _SYSTEMATIC,
            "name": names,
            "in_gem": [True, False] * 6,
            "essential": pd.array([False] * 5 + [True] + [False] * 6, dtype="boolean"),
            "aliases": [["ABY1"] if name == "ACT1" else [] for name in names],
        }
    )


def observation_table() -> pd.DataFrame:
    """Return every pair but one in two screens, all triples but one of six genes as calls, and single mutants."""
    random = np.random.default_rng(1)
    rows = []
    for screen, phenotype in ASSAYS[:2]:
        rows += [
            (screen, [a, b], 2, phenotype, random.normal(-0.5, 2), a, b)
            for a, b in combinations(_SYSTEMATIC, 2)
            if (a, b) != UNTESTED
        ]
    rows += [
        ("kuzmin2018_calls", list(members), 3, "call", float(random.random() < 0.3), members[0], members[2])
        for members in combinations(_SYSTEMATIC[:6], 3)
        if members != UNTESTED_TRIPLE
    ]
    rows += [
        ("costanzo2016", [gene], 1, "fitness", 0.2 if gene == "YBR072W" else 0.95, None, None) for gene in _SYSTEMATIC
    ]
    table = pd.DataFrame(rows, columns=["screen", "genes", "order", "phenotype", "value", "query", "array"])
    count = len(table)
    p_value = np.where(table["phenotype"] == "interaction", random.uniform(0, 0.5, count), np.nan)
    return table.assign(
        observation_id=np.arange(count),
        std=np.nan,
        p_value=p_value,
        p_sided=pd.array([1] * count, dtype="Int64"),
        replicate=0,
        kinds=[["deletion"] * order for order in table["order"]],
        temperature=30.0,
    )


def write_run(folder: Path, root: Path) -> Path:
    """Write every artefact that the report reads, but for figures and page."""
    observations = observation_table()
    path = {name: folder / relative for name, relative in ARTEFACTS.items()}
    write_table(gene_table(), path["genes"], GENES)
    write_table(observations, path["observations"], OBSERVATIONS)
    _write_models(folder, observations)
    for name, table in _tables().items():
        write_table(table, path[name], LEADERBOARD if name == "leaderboard" else None)
    for name, table in _FEATURES.items():
        write_table(table, folder / "features" / f"{name}.parquet")
    write_json(_WALK_THROUGH, path["walk_through"])
    write_json(_OVERFIT, path["overfit_report"])
    write_json(_ESSENTIALITY, path["essentiality"])
    write_text("gene 12\n", folder / "cell" / "cell_graph.txt")
    leakage = pd.DataFrame(
        {
            "split": SPLITS,
            "unit": "genotypes",
            "first": "train",
            "second": "test",
            "shared": 0,
            "of": 60,
            "promised": True,
            "holds": True,
        }
    )
    write_table(leakage, folder / "splits" / "random.leakage.parquet")
    (folder / "benchmarks").mkdir()
    write_text("s\th:m:s\tmax_rss\n12.5\t0:00:12\t250.1\n", folder / "benchmarks" / "fit.clp.random.0.tsv")
    write_json(
        {"sources": {"collins2007/gi2007.rda": {"sha256": "ab" * 32, "bytes": 10}}}, folder / "sources.lock.json"
    )
    run = read_run_config(root / "config" / "quickstart.yaml")
    write_json(provenance(run, folder / "sources.lock.json", folder / "benchmarks", root), folder / "provenance.json")
    return folder


def _write_models(folder: Path, observations: pd.DataFrame) -> None:
    random = np.random.default_rng(2)
    validated = [
        (epoch, "validation", name, value / (1 + epoch))
        for epoch in range(5)
        for name, value in (
            ("mse", 2.0),
            ("pearson", 0.4),
            ("pearson_interaction", 0.4),
            ("average_precision_call", 0.2),
            ("deciding_score", 0.3),
        )
    ]
    trained = [
        (epoch, "train", name, value / epoch)
        for epoch in range(1, 5)
        for name, value in (("mse", 2.0), ("loss", 2.1), ("spread_gradient_norm", 0.1))
    ]
    history = pd.DataFrame(
        [(epoch, fold, f"collins2007/0/{metric}", value) for epoch, fold, metric, value in validated + trained],
        columns=["epoch", "fold", "metric", "value"],
    )
    write_table(history, folder / ARTEFACTS["overfit_history"], HISTORY)
    learned = observations.head(16)
    write_table(
        pd.DataFrame(
            {
                "observation_id": learned["observation_id"],
                "prediction": learned["value"],
                "prediction_std": np.nan,
                "fold": "train",
            }
        ),
        folder / ARTEFACTS["overfit_predictions"],
        PREDICTIONS,
    )
    for model in MODELS:
        for split in SPLITS:
            place = folder / "models" / model / split / "seed0"
            predictions = pd.DataFrame(
                {
                    "observation_id": observations["observation_id"],
                    "prediction": observations["value"] * 0.4 + random.normal(0, 0.8, len(observations)),
                    "prediction_std": 0.5,
                    "fold": np.where(observations["observation_id"] % 2, "test", "train"),
                }
            )
            write_table(predictions, place / "predictions.parquet", PREDICTIONS)
            write_table(history, place / "history.parquet", HISTORY)


def _scores() -> Iterator[dict[str, object]]:
    for model_place, model in enumerate(MODELS):
        for split in SCORED:
            for screen, phenotype in ASSAYS:
                metrics = ("pearson", "pearson_within_query") if phenotype == "interaction" else ()
                called = (
                    "average_precision",
                    "prevalence",
                    "auroc",
                    "precision_at_100",
                    "precision_at_10_within_query",
                )
                for metric in (*metrics, *called):
                    value = 0.1 + 0.05 * model_place
                    yield {
                        "model": model,
                        "split": split,
                        "screen": screen,
                        "phenotype": phenotype,
                        "metric": metric,
                        "value": value,
                        "low": value - 0.04,
                        "high": value + 0.04,
                        "n": 30,
                        "groups": 11,
                        "seeds": 1,
                        "validation": value,
                    }


def _tables() -> dict[str, pd.DataFrame]:
    board = pd.DataFrame(_scores())
    differences = board[board["model"] != "gene_ridge"].assign(
        reference="gene_ridge",
        role="best_baseline",
        p_value=0.01,
        q_value=0.02,
        lower_is_better=False,
        reference_seeds=1,
        detectable=0.05,
        chosen_on="validation",
    )
    differences = differences.assign(
        value=differences["value"] - 0.15, low=differences["low"] - 0.15, high=differences["high"] - 0.15
    )
    signs = np.sign(differences["low"]) + np.sign(differences["high"])
    differences["verdict"] = np.select([signs == 2, signs == -2], ["win", "loss"], "level")
    against_clp = differences.assign(reference="clp", role="reference")
    labels = [{"screen": screen, "phenotype": phenotype} for screen, phenotype in ASSAYS[:2]]
    joined = {"model": "clp", "split": "random", "order": 2, "n": 30, "groups": 11}
    predicted = {"source": "collins2007 interaction", "p_of": "interaction"}
    agreement = [
        {
            **label,
            **joined,
            **predicted,
            "model": model,
            "quantity": quantity,
            "value": value,
            "low": value - 0.1,
            "high": value + 0.1,
            "p_value": 0.03,
            "hits": 12,
        }
        for label in labels
        for model in MODELS
        for quantity, value in (
            ("spearman_size", 0.2),
            ("spearman", 0.15),
            ("enrichment_size", 1.5),
            ("enrichment", 1.4),
        )
    ]
    hits = [
        {
            **label,
            **joined,
            **predicted,
            "kind": kind,
            "rank": rank,
            "genes": f"{_SYSTEMATIC[4]}+{_SYSTEMATIC[rank]}",
            "prediction": 0.1 * rank,
            "value": -0.1,
            "p_value": 0.01 * rank,
        }
        for label in labels
        for kind in ("measured", "missed", "unconfirmed")
        for rank in (1, 2, 3)
    ]
    queries = [
        {**label, "order": 2, "query": query, "n": 40, "hits": 4, "hit_rate": 0.1, "p_value": 0.2, "inflation": 1.1}
        for label in labels
        for query in ("", HOSTILE_GENE, "YBR072W")
    ]
    quantiles = [
        {**label, "order": 2, "query": query, "expected": expected, "observed": expected / 2}
        for label in labels
        for query in ("", HOSTILE_GENE, "YBR072W")
        for expected in (0.01, 0.1, 0.5)
    ]
    histogram = [
        {
            **label,
            "order": 2,
            "p_of": label["phenotype"],
            "sides": sides,
            "left": edge / 10,
            "right": (edge + 1) / 10,
            "count": 5,
            "density": 1.0,
            "nulls": 1.0,
        }
        for label in labels
        for sides in ("released", "two-sided")
        for edge in range(10)
    ]
    deciles = [
        {
            **label,
            **joined,
            **predicted,
            "ranked_by": ranked_by,
            "decile": decile,
            "prediction": 0.0,
            "median_p": 0.4,
            "base_rate": 0.2,
            "hit_rate": 0.3,
            "hit_low": 0.2,
            "hit_high": 0.4,
        }
        for label in labels
        for ranked_by in ("size", "negative")
        for decile in range(1, 11)
    ]
    values = np.linspace(0.01, 1, 20)
    points = pd.concat(
        [
            pd.DataFrame({**label, **joined, **predicted, "prediction": values, "value": -values, "p_value": values})
            for label in labels
        ]
    )
    calibration = [
        {
            **label,
            **joined,
            "quantity": quantity,
            "recalibration": "none",
            "position": position,
            "expected": position,
            "observed": position * 0.9,
            "low": 0.1,
            "high": 0.9,
            "seeds": 1,
        }
        for label in labels
        for quantity in ("reliability", "coverage", "spread", "slope", "spread_ratio")
        for position in (0.2, 0.5, 0.9)
    ]
    ceilings = [
        {
            **label,
            "split": "all",
            "order": 0,
            "method": "replicates",
            "scope": "screen",
            "centred": centred,
            "reliability": 0.81,
            "ceiling": 0.9,
            "low": 0.85,
            "high": 0.94,
            "n": 60,
            "groups": 12,
            "assumption": "Replicates differ by noise.",
        }
        for label in labels
        for centred in (False, True)
    ]
    subgroups = [
        {
            **label,
            **joined,
            "subgroup": "metabolic",
            "level": level,
            "metric": "pearson",
            "value": 0.3,
            "low": 0.2,
            "high": 0.4,
            "seeds": 1,
        }
        for label in labels
        for level in ("all", "some", "none")
    ]
    curves = [
        {
            **joined,
            "model": model,
            "screen": "kuzmin2018_calls",
            "phenotype": "call",
            "recall": recall,
            "precision": 1 - recall / 2,
            "low": 0.3,
            "high": 0.9,
            "prevalence": 0.3,
            "positives": 6,
        }
        for model in MODELS
        for recall in values
    ]
    compared = pd.concat([differences, against_clp], ignore_index=True)
    headline = scoreboard_rows(board, compared, pd.DataFrame(ceilings), "clp")
    return {
        "leaderboard": board,
        "differences": compared,
        "scoreboard": pd.DataFrame(headline),
        "subgroups": pd.DataFrame(subgroups),
        "noise_ceiling": pd.DataFrame(ceilings),
        "p_values": pd.DataFrame(
            [
                {
                    **label,
                    "order": 2,
                    "quantity": "pi0",
                    "detail": "lambda 0.5",
                    "value": 0.8,
                    "low": 0.7,
                    "high": 0.9,
                    "n": 65,
                    "groups": 12,
                }
                for label in labels
            ]
        ),
        "p_value_histogram": pd.DataFrame(histogram),
        "p_value_deciles": pd.DataFrame(deciles),
        "p_value_points": points,
        "p_value_correlations": pd.DataFrame(agreement),
        "p_value_hits": pd.DataFrame(hits),
        "p_value_queries": pd.DataFrame(queries),
        "p_value_quantiles": pd.DataFrame(quantiles),
        "dango_scoring": pd.DataFrame(
            [
                {
                    **labels[0],
                    "model": model,
                    "split": "random",
                    "auroc": 0.6,
                    "average_precision": 0.6,
                    "called": 6,
                    "n": 30,
                    "seeds": 1,
                }
                for model in MODELS
            ]
        ),
        "trigenic_identity": pd.DataFrame({"screen": ["full"] * 4, "status": ["agrees"] * 3 + ["differs"]}),
        "precision_recall": pd.DataFrame(curves),
        "calibration": pd.DataFrame(calibration),
        "gene_coverage": pd.DataFrame(
            {
                "kind": ["model", "screen"],
                "name": ["model.yml", "mine"],
                "named": [1150, 300],
                "known": [1150, 12],
                "unknown": [0, 288],
                "ambiguous": [0, 0],
                "by_alias": [0, 0],
                "examples": ["", "unknown: b0001, b0002"],
            }
        ),
        "screens_summary": pd.DataFrame(
            [{**label, "other_screen": None, "quantity": "observations", "value": 65.0, "n": 65} for label in labels]
        ),
        "rejected": pd.DataFrame(
            {"screen": ["collins2007"], "file": ["a.rda"], "row": [3], "reason": ["no number"], "text": ["x"]}
        ),
        "complexes": pd.DataFrame({"complex_index": [0], "reaction_index": [0], "gene_index": [0]}),
        "reactions": pd.DataFrame(
            {
                "reaction_index": [0, 1],
                "id": ["r_1", "r_2"],
                "name": ["one", "two"],
                "reversible": [True, False],
                "gene_rule": ["YAL001C", ""],
                "delta_g": [1, np.nan],
            }
        ),
        "subsystems": _SUBSYSTEMS,
        "subsystem_links": pd.DataFrame({"subsystem_a": ["Glycolysis"], "subsystem_b": ["TCA"], "shared": [3]}),
        "energies": pd.DataFrame(
            {
                "id": ["r_1", "r_2", "r_3"],
                "subsystem": "TCA",
                "delta_g": [1.0, 2.0, -450.0],
                "residual": [0.1, -0.2, 5.0],
                "residual_without_protons": [0.1, 0.0, 1.0],
                "from_metabolites_without_protons": [0.9, 2.0, -451.0],
                "implausible": [False, False, True],
            }
        ),
        **flux_balance_tables(HOSTILE_SCREEN, list(_SYSTEMATIC)),
        "edges": pd.DataFrame(
            {"network": ["physical"] * 3, "source": [0, 1, 2], "target": [1, 2, 3], "weight": 1.0, "directed": False}
        ),
        "networks_summary": pd.DataFrame(
            {
                "network": ["physical"],
                "edges": [3],
                "evidence": ["physical"],
                "holds_genetic": [False],
                "year": [2023],
                "shared_with_physical": [1.0],
            }
        ),
        "next_experiments": _SUGGESTIONS,
    }


_FEATURES = {
    "complexes": pd.DataFrame({"gene_index": [0, 10], "CPX-1 | Calcineurin": [0.0, 1.0], "CPX-2 | TFIIIC": [1.0, 0.0]}),
    "abundance": pd.DataFrame({"gene_index": [0, 5], "log10_mean": [2.5, np.nan], "data_sets": [6.0, 0.0]}),
}
"""Feature tables: terms of a gene, and numbers."""

_SUBSYSTEMS = pd.DataFrame(
    {
        "subsystem": ["Glycolysis", "TCA"],
        "reactions": [20, 12],
        "reversible": [9, 3],
        "incidences": [80, 40],
        "metabolites": [25, 15],
        "own_metabolites": [20, 10],
        "shared_metabolites": [5, 5],
        "reactions_with_rule": [18, 10],
        "genes": [7, 4],
        "delta_g_known": [15, 9],
        "delta_g_coverage": [0.75, 0.75],
    }
)

_SUGGESTIONS = pd.DataFrame(
    {
        "genes": [list(UNTESTED), ["YER095W", "YGR192C", "YLR113W"]],
        "order": [2, 3],
        "screen": ["collins2007", "kuzmin2018_calls"],
        "phenotype": ["interaction", "call"],
        "prediction": [-3.1, 0.6],
        "spread": [1.0, 0.4],
        "novelty": [0.1, 1.0],
        "expected_value": [0.8, 0.6],
        "information": [0.3, 0.2],
        "rank_by_value": [1, 1],
        "rank_by_information": [1, 1],
        "viable": [True, True],
        "metabolic": ["some", "all"],
    }
)

_WALK_THROUGH = {
    "model": "clp",
    "parameters": 1234,
    "batch": {
        "observations": 32,
        "assays": {"collins2007/interaction": 32},
        "lost": {"genes": 64, "complexes": 20, "reactions": 9},
        "labels": {"intact": 0, "perturbed": 32},
    },
    "closed_form": [
        {
            "screen": "collins2007",
            "phenotype": "interaction",
            "order": 2,
            "observations": 32,
            "unit": 1.5,
            "gains": {"measured": {"estimate": 0.9, "flux": 0.0, "constant": 0.1}},
        },
    ],
    "steps": [
        {
            "method": "encode",
            "does": "the wild type",
            "inputs": [],
            "outputs": {"whole": {"shape": [8], "dtype": "float32", "min": -1.0, "max": 1.0}},
        }
    ],
    "checks": [{"name": "order", "statement": "Order does not matter.", "held": True, "detail": "0"}],
    "gradient_norms": {"encoder": 0.3},
    "dead_units": {"encoder.norm": {"units": 8, "dead": 0}},
}

_OVERFIT = {
    "model": "clp",
    "screen": "collins2007",
    "phenotype": "interaction",
    "observations": 16,
    "steps": 120,
    "pearson": 0.9996,
    "required_pearson": 0.99,
    "passed": True,
}

_ESSENTIALITY = {
    "conditions": {
        "as_built": {
            "genes": 6,
            "accuracy": 0.9,
            "mcc": 0.5,
            "essential_predicted_essential": 1,
            "essential_predicted_viable": 0,
            "viable_predicted_essential": 1,
            "viable_predicted_viable": 4,
        }
    },
    "published": {"model": "yeast-GEM 9.0.2", "accuracy": 0.903, "mcc": 0.535, "note": "1,124 genes"},
}
