"""What the page says of the data: queries that nobody knows, the identity of tau, what simulated P-values rest on."""

import pandas as pd

from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.reporting.sections.data import identity_sentences, query_sentences
from pipeline_lib.reporting.sections.p_values import agreement_grids, call_sentence, simulated_p_sentences

SIMULATED = ScreenSettings(reader="kuzmin2018", files={"table": "simulated:yeast/aao1729_data_s1.tsv"})


def test_rows_without_a_query_and_averaged_p_values_are_counted_on_the_page() -> None:
    summary = pd.DataFrame(
        [
            {"screen": "kuzmin_tau", "quantity": "missing_query", "value": 48.0, "n": 44619},
            {"screen": "kuzmin_tau", "quantity": "averaged_p_value", "value": 116.0, "n": 44619},
            # Single mutants have no query at all, which is no news.
            {"screen": "costanzo2016", "quantity": "missing_query", "value": 100.0, "n": 100},
        ]
    )
    first, second = query_sentences(summary)
    assert (
        first
        == "Rows of two or three deleted genes that name no query are left out of numbers by query: kuzmin_tau 48."
    )
    assert second.endswith("left out of the statistics of P-values: kuzmin_tau 116.")


def test_the_share_of_scores_that_keep_the_identity_is_on_the_page() -> None:
    identity = pd.DataFrame(
        {
            "screen": ["full"] * 5 + ["tau_only"] * 2,
            "status": ["agrees"] * 3 + ["differs", "no_control"] + ["no_raw_score"] * 2,
        }
    )
    full, alone = identity_sentences(identity)
    assert "in 75.0% of the 4 trigenic scores" in full
    assert "(5 in all)" in full
    assert "none of 2 trigenic scores" in alone


def test_simulated_p_values_and_calls_say_what_they_rest_on() -> None:
    (honest,) = simulated_p_sentences({"s": SIMULATED}, {"yeast": {"p_values": "error_model"}})
    (naive,) = simulated_p_sentences({"s": SIMULATED}, {"yeast": {"p_values": "naive"}})
    assert "the whole simulated error" in honest
    assert "colonies alone" in naive
    assert "calls follow the truth" in call_sentence("s", SIMULATED)
    assert "as published" in call_sentence("k", ScreenSettings(reader="kuzmin2018", files={"table": "x"}))


def test_every_screen_and_split_gets_an_answer() -> None:
    rows = [
        {
            "model": "clp",
            "split": split,
            "screen": "kuzmin_tau",
            "order": 3,
            "source": "kuzmin_tau interaction",
            "quantity": quantity,
            "value": value,
            "low": value - 0.3,
            "high": value + 0.3,
            "p_value": 0.9,
            "hits": 20,
            "n": 500,
        }
        for split in ("query_disjoint", "random")
        for quantity, value in (("spearman", 0.0), ("enrichment", 1.0))
    ]
    (grid,) = agreement_grids(pd.DataFrame(rows), "clp")
    assert grid.columns == ["random", "unseen queries"]
    ((name, cells),) = grid.rows
    assert name == "kuzmin_tau, trigenic"
    assert list(cells) == grid.columns
    assert [cell.verdict for cell in cells.values()] == ["level", "level"]
    assert all("no significant difference from chance" in cell.words for cell in cells.values())
    assert "P against the prediction of kuzmin_tau, interaction" in cells["random"].words
    assert agreement_grids(pd.DataFrame(rows), "dango") == []
