"""Small tables of flux balance beside measurements, as a run writes them."""

import pandas as pd

from pipeline_lib.artefacts.schemas import (
    ESSENTIALITY_BENCHMARK,
    EXPLANATIONS,
    MEDIA_BENCHMARK,
    SUBSYSTEM_BENCHMARK,
)

_INTERVAL = {"low": 0.1, "high": 0.5, "difference": 0.1, "difference_low": -0.1, "difference_high": 0.2}


def flux_balance_tables(screen: str, genes: list[str]) -> dict[str, pd.DataFrame]:
    """Return the artefacts by name; each fulfils its contract."""
    media = [
        {"data": data, "measure": measure, "medium": medium, "value": value, **_INTERVAL, "genes": 100}
        for data, measure in (("essential genes", "mcc"), ("essential genes", "auroc"), (screen, "pearson"))
        for medium, value in (("model", 0.2), ("sga_dm", 0.3))
    ]
    predictors = [("flux balance", "model", "", 1), ("boosted trees", "growth and gene features", "complexes", 40)]
    essential = [
        {
            "predictor": predictor,
            "inputs": inputs,
            "folds": folds,
            "columns": columns,
            "measure": measure,
            "value": 0.3,
            **_INTERVAL,
            "genes": 100,
            "essential": 20,
        }
        for predictor, inputs, folds, columns in predictors
        for measure in ("auroc", "average_precision", "mcc")
    ]
    subsystems = [
        {
            "screen": screen,
            "phenotype": "interaction",
            "order": 2,
            "subsystem": name,
            "value": value,
            "low": 0.0,
            "high": 0.4,
            "n": 30,
            "genes": 12,
            "predicted": 4,
        }
        for name, value in (("all", 0.2), ("TCA", 0.3), ("Glycolysis", float("nan")))
    ]
    findings = [
        ("blocked reaction", "r_1", "fumarase", 0.5),
        ("short metabolite", "s_1", "Arg-tRNA(Arg)", 0.0),
        ("rescuing supplement", "r_9", "L-arginine exchange", 1.0),
        ("rescuing reaction", "r_1", "fumarase", 1.0),
    ]
    explained = [
        {
            "rank": 1,
            "order": 2,
            "genes": genes[3:5],
            "screen": screen,
            "phenotype": "interaction",
            "measured": -3.0,
            "predicted": -0.9,
            "medium": "sga_dm",
            "fitness": 0.0,
            "finding": finding,
            "id": one,
            "name": name,
            "value": value,
        }
        for finding, one, name, value in findings
    ]
    tables = {
        "media_benchmark": (pd.DataFrame(media).assign(wild_type_growth=0.4), MEDIA_BENCHMARK),
        "essentiality_benchmark": (pd.DataFrame(essential), ESSENTIALITY_BENCHMARK),
        "subsystem_benchmark": (pd.DataFrame(subsystems), SUBSYSTEM_BENCHMARK),
        "explanations": (pd.DataFrame(explained), EXPLANATIONS),
    }
    return {name: schema.validate(table, name) for name, (table, schema) in tables.items()}
