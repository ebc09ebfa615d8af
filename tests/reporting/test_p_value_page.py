"""The page of a screen's P-values, and its answer: is a small P predicted at all?"""

from dataclasses import fields

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.evaluation import ARTEFACTS, figure_names, pages_of
from pipeline_lib.config.screen_readers import SCREEN_READERS
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.reporting.drawing import read_records
from pipeline_lib.reporting.figures.p_value_page import (
    Part,
    PValueTables,
    draw_models,
    draw_page,
    drawn_parts,
    parts_of,
    rivals,
)
from pipeline_lib.reporting.p_value_answers import agreement_verdict, answer


def agreement(
    spearman: tuple[float, float, float],
    enrichment: tuple[float, float, float],
    hits: int = 40,
    p_value: float = 0.01,
) -> pd.DataFrame:
    rows = [
        {"quantity": name, "value": value, "low": low, "high": high, "p_value": p_value, "hits": hits, "n": 1000}
        for name, (value, low, high) in (("spearman", spearman), ("enrichment", enrichment))
    ]
    return pd.DataFrame(rows)


NAN = float("nan")
ANSWERS = {
    "both": (((0.1, 0.05, 0.15), (2.0, 1.2, 3.0)), "a small P is predicted (Spearman 0.10 [0.05, 0.15]"),
    "neither": (((0.0, -0.05, 0.05), (1.1, 0.7, 1.6)), "no significant difference from chance"),
    "one": (((0.0, -0.05, 0.05), (1.9, 1.2, 2.6)), "predicted by one measure of two"),
    "opposite": (((-0.1, -0.2, -0.05), (0.5, 0.2, 0.8)), "found where none is predicted"),
    "few queries": (((0.3, NAN, NAN), (1.9, NAN, NAN)), "too few queries for an answer"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_the_answer_follows_the_intervals(case: str) -> None:
    numbers, words = ANSWERS[case]
    assert words in answer(agreement(*numbers))


def test_the_verdict_follows_the_same_intervals() -> None:
    verdicts = {case: agreement_verdict(agreement(*numbers)) for case, (numbers, _) in ANSWERS.items()}
    expected = {"both": "win", "neither": "level", "one": "level", "opposite": "loss", "few queries": "undetermined"}
    assert verdicts == expected


def test_a_verdict_needs_hits_and_a_small_p() -> None:
    clear = ANSWERS["both"][0]
    assert agreement_verdict(agreement(*clear, hits=10)) == "win"
    few = agreement(*clear, hits=4)
    assert agreement_verdict(few) == "undetermined"
    assert answer(few).startswith("fewer than 10 genotypes with P < 0.05 (")
    assert "4 P < 0.05 of n = 1,000" in answer(few)
    assert agreement_verdict(agreement(*clear, p_value=0.06)) == "level"
    assert agreement_verdict(agreement(*ANSWERS["opposite"][0], p_value=0.06)) == "level"
    nothing = agreement((NAN, NAN, NAN), (NAN, NAN, NAN))
    assert agreement_verdict(nothing) == "undetermined"
    assert answer(nothing).startswith("the same is predicted for every genotype")


def test_what_is_drawn_has_hits() -> None:
    columns = ("split", "source", "hits", "n")
    rows = [
        ("random", "pairs raw_interaction", 0, 460),
        ("query_disjoint", "pairs raw_interaction", 15, 900),
        ("gene_disjoint_one", "pairs raw_interaction", 12, 2000),
        ("random", "calls call", 500, 9000),
    ]
    table = pd.DataFrame(rows, columns=columns).assign(
        screen="pairs", order=3, model="clp", phenotype="fitness", p_of="raw_interaction", low=0.1
    )
    drawn = drawn_parts("pairs", 3, table, "clp")
    assert [(part.split, part.source) for part in drawn] == [(row[0], row[1]) for row in rows[1:]]
    # Where there are too few queries for an interval there is no verdict either.
    drawn = drawn_parts("pairs", 3, table.assign(low=[0.1, NAN, 0.1, 0.1]), "clp")
    assert [part.split for part in drawn] == ["gene_disjoint_one", "query_disjoint", "random"]
    # Too few everywhere: where there are most.
    drawn = drawn_parts("pairs", 3, table.assign(hits=[2, 5, 7, 0]), "clp")
    assert [part.split for part in drawn] == ["gene_disjoint_one", "query_disjoint", "random"]
    assert drawn_parts("pairs", 3, table.assign(hits=0), "clp") == []


def test_the_answer_rests_on_the_size_of_predicted_interactions() -> None:
    negative = agreement((-0.2, -0.3, -0.1), (0.3, 0.1, 0.5))
    size = agreement((0.1, 0.05, 0.15), (2.0, 1.2, 3.0))
    size["quantity"] += "_size"
    both = pd.concat([negative, size], ignore_index=True)
    assert agreement_verdict(both) == "win"
    # Predicted calls have no size: what they predict is a negative interaction.
    assert agreement_verdict(negative) == "loss"


def test_without_predictions_there_is_no_answer() -> None:
    assert "too few genotypes" in answer(agreement((0, 0, 0), (1, 1, 1)).head(0))


def test_every_reader_with_p_values_has_a_page() -> None:
    screens = {
        "ours": ScreenSettings(
            reader="table", files={"table": "x"}, columns={"genes": "g", "value": "v", "p_value": "p"}, p_sided=2
        ),
        "theirs": ScreenSettings(reader="emap", files={"scores": "x"}),
        "tau": ScreenSettings(reader="torchcell_tau", files={"table": "x"}),
    }
    assert pages_of("p_values", screens) == ["ours", "tau"]
    assert figure_names("p_values", screens)[-2:] == ["p_values_of_ours", "p_values_of_tau"]
    assert pages_of("calls", screens) == []


def test_the_page_names_genes_as_text_and_states_what_is_missing(run_folder) -> None:
    records = {record.name: record for record in read_records(run_folder / "figures" / "p_values.json")}
    page = records["p_values_of_collins2007"]
    assert "a small P is predicted" in page.caption
    tables = PValueTables(
        *(read_table(run_folder / ARTEFACTS[f"p_value_{field.name}"]) for field in fields(PValueTables))
    )
    nothing = draw_page("without_p", tables, "clp", read_table(run_folder / ARTEFACTS["differences"]), {}, {})
    assert nothing.empty
    assert "has no P-values" in nothing.caption


def test_a_part_without_predictions_still_states_what_its_p_values_test() -> None:
    """As the trigenic rows of Kuzmin 2018: fitness with the P-value of its raw interaction."""
    bars = {"screen": "pairs", "phenotype": "fitness", "order": 3, "p_of": "raw_interaction", "sides": "two-sided"}
    histogram = pd.DataFrame([{**bars, "left": 0.0, "right": 1.0, "count": 61, "density": 1.0, "nulls": 1.0}])
    correlations = pd.DataFrame(columns=["screen", "order", "model", "hits", "phenotype", "split", "source"])
    frames = [pd.DataFrame()] * 5
    (part,) = parts_of("pairs", PValueTables(histogram, *frames, correlations=correlations), "clp")
    assert (part.tested, part.source) == ("raw ε", "")


def test_the_axis_of_a_prediction_has_its_unit() -> None:
    scores = {"pairs": SCREEN_READERS.get("kuzmin2018").scores, "emap": SCREEN_READERS.get("emap").scores}

    def axis(source: str) -> str:
        return Part("pairs", 2, "fitness", "random", source, "raw_interaction").predicted(scores)

    assert axis("pairs raw_interaction") == "predicted raw ε (fitness units)"
    assert axis("emap interaction") == "predicted interaction (S-score)\nof emap"


def best_baselines(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["split", "screen", "phenotype", "reference"])
    return table.assign(role="best_baseline", model="clp")


def test_the_best_baseline_is_that_of_the_drawn_split_and_the_predicted_phenotype() -> None:
    differences = pd.concat(
        [
            best_baselines(("random", "pairs", "interaction", "other_role")).assign(role="reference"),
            best_baselines(("random", "pairs", "interaction", "other_model")).assign(model="dango"),
            best_baselines(
                ("query_disjoint", "pairs", "interaction", "other_split"),
                ("random", "calls", "interaction", "other_screen"),
                ("random", "pairs", "fitness", "two_way"),
                ("random", "pairs", "interaction", "gene_ridge"),
                ("random", "single", "fitness", "multiplicative"),
            ),
        ]
    )

    def best(source: str) -> list[str]:
        part = Part("pairs", 2, "interaction", "random", source, "interaction")
        return [name for name, label in rivals(part, differences, "clp").items() if label == "best baseline"]

    assert best("pairs interaction") == ["gene_ridge"]
    # Raw interactions are made up of predicted interactions, else of predicted fitness.
    assert best("pairs raw_interaction") == ["gene_ridge"]
    assert best("single raw_interaction") == ["multiplicative"]
    assert best("pairs call") == []


def test_a_best_baseline_that_stands_beside_anyhow_keeps_its_row() -> None:
    part = Part("pairs", 2, "interaction", "random", "pairs interaction", "interaction")
    differences = best_baselines(("random", "pairs", "interaction", "profile_predictor"))
    rows = [
        {
            "model": model,
            "split": "random",
            "screen": "pairs",
            "phenotype": "interaction",
            "order": 2,
            "source": "pairs interaction",
            "quantity": quantity,
            "value": value,
            "low": value - 0.1,
            "high": value + 0.1,
        }
        for model, value in (("clp", 0.2), ("profile_predictor", 0.1), ("fba", NAN))
        for quantity in ("spearman_size", "spearman", "enrichment_size", "enrichment")
    ]
    tables = PValueTables(*[pd.DataFrame()] * 6, correlations=pd.DataFrame(rows))
    figure, axis = plt.subplots()
    draw_models(axis, part, tables, "clp", rivals(part, differences, "clp"))
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == ["clp", "best baseline\n(profile_predictor)", "flux balance\n(fba)"]
    # What does not depend on the genotype has no correlation: it is not drawn as 0.
    assert [text.get_text().strip() for text in axis.texts] == ["not applicable"]
    plt.close(figure)
