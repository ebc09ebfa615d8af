"""What counts as a called interaction."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.organism import SimulationSettings
from pipeline_lib.config.screen_readers import SCREEN_READERS, CallThreshold, ScreenScores
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.evaluation.folds import call_score, called, negative_calls, positive_calls, rule_in_words
from pipeline_lib.evaluation.measurements import Measurements, from_table, named_genes
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of
from pipeline_lib.screens.reading import read_screen
from pipeline_lib.simulation.cli import write_layout
from pipeline_lib.simulation.screen import simulate_screen

KUZMIN = SCREEN_READERS.get("kuzmin2018").scores.calls
EMAP = SCREEN_READERS.get("emap").scores.calls


@pytest.fixture(scope="module")
def as_read(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return the observations that the reader of Kuzmin et al. 2018 makes of a simulated screen in their layout."""
    folder = tmp_path_factory.mktemp("kuzmin2018")
    network = network_of(read_gem("cobra:textbook"))
    names = list(network.genes)
    genes = pd.DataFrame(
        {"gene": names, "name": names, "in_gem": True, "essential": False, "aliases": [[] for _ in names]}
    )
    screen = simulate_screen(network, SimulationSettings(triples=1500, pairs="all"))
    write_layout("kuzmin2018", screen, genes, folder)
    files = {"table": folder / "aao1729_data_s1.tsv"}
    settings = ScreenSettings(reader="kuzmin2018", files={"table": str(files["table"])})
    output, rejected = folder / "screen.parquet", folder / "rejected.parquet"
    read_screen("screen", settings, files, GeneNames.from_table(genes), output, rejected)
    return read_table(output)


def test_pairs_and_triples_of_a_screen_as_read_are_called_by_the_same_one_sided_p_value(as_read: pd.DataFrame) -> None:
    scored = as_read[as_read["phenotype"] == "interaction"].reset_index(drop=True)
    data = from_table(scored, named_genes(scored["genes"]), "test", {"screen": SCREEN_READERS.get("kuzmin2018").scores})
    found = called(data, "screen", "interaction").mask
    pair, triple = scored["order"] == 2, scored["order"] == 3
    assert (pair.sum(), triple.sum()) != (0, 0)
    released = np.where(scored["p_value"].notna(), scored["p_value"], scored["raw_p_value"]).astype(float)
    assert (released[triple] <= 0.5).all(), "a one-sided P on the side of its score is at most one half"
    for order in (pair, triple):
        expected = (scored["value"] < -0.08) & (released < 0.05)
        assert found[order].tolist() == expected[order].tolist()
        between = order & (scored["value"] < -0.08) & (released >= 0.025) & (released < 0.05)
        assert found[between].all(), "a released one-sided P of 0.04 is below 0.05"
    # Adjusted scores whose P-value is that of the raw one are one-sided too.
    assert (scored.loc[triple, "p_sided"] == 1).all()


def rows(observe: Callable, value: list[float], p_value: list[float], sided: int = 1) -> pd.DataFrame:
    frame: pd.DataFrame = observe([("A", "B")] * len(value), value, p_value=p_value, p_sided=sided)
    return frame


def test_the_published_threshold_is_0_08_and_a_released_one_sided_p_below_0_05(
    measure: Callable[..., Measurements], observe: Callable
) -> None:
    data = measure(rows(observe, [-0.09, -0.09, -0.07, -0.08, 0.2], [0.04, 0.06, 0.001, 0.01, 0.001]))
    assert KUZMIN is not None
    assert negative_calls(data, KUZMIN).tolist() == [True, False, False, False, False]
    assert positive_calls(data, KUZMIN).tolist() == [False, False, False, False, True]
    assert rule_in_words(KUZMIN, "negative") == "value < -0.08 and one-sided P < 0.05"


def test_an_s_score_of_minus_2_5_is_a_negative_interaction_by_itself(
    measure: Callable[..., Measurements], observe: Callable
) -> None:
    data = measure(observe([("A", "B")] * 3, [-2.5, -2.49, 2.5]))
    assert EMAP is not None
    assert negative_calls(data, EMAP).tolist() == [True, False, False]
    assert positive_calls(data, EMAP).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("released", "sided", "threshold", "expected"),
    [
        (0.08, 2, 1, True),
        (0.08, 2, 2, False),
        (0.08, 2, None, False),
        (0.04, 1, 1, True),
        (0.04, 1, 2, False),
        (0.04, 1, None, True),
    ],
)
def test_a_two_sided_p_is_twice_the_one_sided_p_on_the_side_of_the_score(
    released: float, sided: int, threshold: int, expected: bool, measure: Callable, observe: Callable
) -> None:
    data = measure(rows(observe, [-1.0], [released], sided))
    rule = CallThreshold(negative=-0.5, p_value=0.05, p_sided=threshold)
    assert negative_calls(data, rule).tolist() == [expected]


def test_a_rule_with_a_p_value_calls_no_score_without_one(measure: Callable, observe: Callable) -> None:
    data = measure(rows(observe, [-0.2, -0.2], [np.nan, 0.01]))
    assert negative_calls(data, CallThreshold(negative=-0.08, p_value=0.05)).tolist() == [False, True]
    assert negative_calls(data, CallThreshold(negative=-0.08)).tolist() == [True, True]


def test_an_adjusted_trigenic_score_is_called_by_the_p_value_of_its_raw_score(
    table: Callable, observe: Callable
) -> None:
    frame = table(observe([("A", "B", "C")] * 3, [-0.2, -0.2, -0.2], p_sided=1))
    frame["raw_p_value"] = [0.06, 0.04, np.nan]
    data = from_table(frame, named_genes(frame["genes"]), "test", {"screen": SCREEN_READERS.get("kuzmin2018").scores})
    assert np.isnan(data.p_value).all()
    found = called(data, "screen", "interaction")
    assert found.by_side()["negative"].tolist() == [False, True, False]


def test_an_own_table_without_a_threshold_has_no_calls(measure: Callable, observe: Callable) -> None:
    frame = observe([("A", "B")] * 2, [-9.0, -0.2], p_value=0.001, p_sided=2)
    without = called(measure(frame, scores={}), "screen", "interaction")
    assert without.by_side() == {}
    assert not without.mask.any()
    assert without.column().isna().all()
    stated = {"screen": ScreenScores(unit="S-score", calls=CallThreshold(negative=-3.0))}
    found = called(measure(frame, scores=stated), "screen", "interaction")
    assert found.by_side()["negative"].tolist() == [True, False]


def test_a_call_is_its_own_label(measure: Callable, observe: Callable) -> None:
    data = measure(observe([("A", "B")] * 2, [1.0, 0.0], phenotype="call"))
    marks = called(data, "kuzmin2018_calls", "call")
    assert marks.by_side()["negative"].tolist() == [True, False]


def test_a_low_interaction_and_a_high_call_both_score_high() -> None:
    assert call_score(np.array([-0.3, 0.1]), "interaction").tolist() == [0.3, -0.1]
    assert call_score(np.array([0.9, 0.1]), "call").tolist() == [0.9, 0.1]


def test_a_list_of_essential_genes_calls_the_lethal_deletions(measure: Callable, observe: Callable) -> None:
    listed = measure(observe([("A",), ("B",), ("C",)], [0.0, 1.0, 1.0], phenotype="fitness"))
    lethal = called(listed, "essential_genes", "fitness")
    assert lethal.by_side()["negative"].tolist() == [True, False, False]


@pytest.mark.parametrize("values", [[0.0, 0.5, 1.0], [0.4, 0.9, 0.9], [1.0, 1.0, 1.0]])
def test_measured_fitness_has_no_calls(measure: Callable, observe: Callable, values: list[float]) -> None:
    measured = measure(observe([("A",), ("B",), ("C",)], values, phenotype="fitness"))
    assert called(measured, "costanzo2016", "fitness").by_side() == {}
