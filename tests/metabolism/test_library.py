"""`pipeline_lib.metabolism` as a library: what a user of cobra gets from a script or a notebook."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism import interactions, knockout_growth, write_knockout_growth
from tests.conftest import ROOT

PFK = ("b1723", "b3916")
"""Phosphofructokinase of E. coli has two isozymes."""


def growth(model: Any, *genotypes: tuple[str, ...], **options: Any) -> pd.DataFrame:
    return knockout_growth(model, genotypes, threads=1, progress=False, **options)


def test_one_isozyme_is_enough_and_both_interact(cobra_textbook: Any) -> None:
    table = growth(cobra_textbook, ("b1723",), PFK, ("b0720",))
    assert table["genes"].tolist() == [("b1723",), PFK, ("b0720",)]
    assert table["order"].tolist() == [1, 2, 1]
    assert table.loc[[0, 2], "fitness"].tolist() == [1, 0]
    assert table.loc[1, "epsilon"] == pytest.approx(table.loc[1, "fitness"] - 1)
    assert table["epsilon"].isna().tolist() == [True, False, True]
    assert table["tau"].isna().all()
    assert table.attrs["wild_type_growth"] == pytest.approx(0.8739215, rel=1e-6)
    assert table.loc[0, "program"] == 0 < table.loc[1, "program"]


def test_all_pairs_are_those_of_cobra(cobra_textbook: Any) -> None:
    from cobra.flux_analysis import double_gene_deletion

    genes = [gene.id for gene in cobra_textbook.genes][:25]
    theirs = double_gene_deletion(cobra_textbook, genes, processes=1)
    expected = {frozenset(ids): value for ids, value in zip(theirs["ids"], theirs["growth"].fillna(0), strict=True)}
    ours = knockout_growth(cobra_textbook, order=2, threads=2, progress=False)
    assert len(ours) == 137 + 9316
    found = {frozenset(ids): value for ids, value in zip(ours["genes"], ours["growth"], strict=True)}
    both = [genotype for genotype in expected if genotype in found]
    assert len(both) == 25 + 300
    np.testing.assert_allclose([found[one] for one in both], [expected[one] for one in both], atol=1e-6)
    assert ours.attrs["programs_solved"] < len(ours) / 10


def test_a_model_in_memory_is_taken_as_it_is_now(cobra_textbook: Any) -> None:
    """Bounds, objective and knocked-out genes of the moment count, within a context as well."""
    aerobic = growth(cobra_textbook, ("b3736",)).attrs["wild_type_growth"]
    with cobra_textbook as model:
        model.reactions.EX_o2_e.lower_bound = 0
        assert growth(model, ("b3736",)).attrs["wild_type_growth"] == pytest.approx(0.2116629, rel=1e-5)
    with cobra_textbook as model:
        model.genes.b1723.knock_out()
        model.genes.b3916.knock_out()
        assert growth(model, ("b3736",)).attrs["wild_type_growth"] < aerobic
    assert growth(cobra_textbook, ("b3736",)).attrs["wild_type_growth"] == pytest.approx(aerobic)


def test_the_medium_is_an_argument(cobra_textbook: Any) -> None:
    rich = growth("cobra:textbook", ("b1723",), medium="rich").attrs["wild_type_growth"]
    assert rich > growth("cobra:textbook", ("b1723",), medium="minimal").attrs["wild_type_growth"]
    anaerobic = {"EX_glc__D_e": 10, **dict.fromkeys(("EX_nh4_e", "EX_pi_e", "EX_h2o_e", "EX_h_e"), 1000)}
    assert growth(cobra_textbook, ("b1723",), medium=anaerobic).attrs["wild_type_growth"] < 0.3


def test_the_background_is_the_wild_type(cobra_textbook: Any) -> None:
    table = growth(cobra_textbook, ("b3916",), background=["b1723"])
    assert table.attrs["wild_type_growth"] == pytest.approx(0.8739215, rel=1e-6)
    assert table.loc[0, "growth"] == growth(cobra_textbook, PFK).loc[0, "growth"]


def test_moma_keeps_less_growth_than_the_optimum(cobra_textbook: Any) -> None:
    genes = [(gene,) for gene in ("b0721", "b2276", "b1723")]
    fba, moma = growth(cobra_textbook, *genes), growth(cobra_textbook, *genes, method="moma")
    assert (moma["growth"] <= fba["growth"] + 1e-6).all()
    assert (moma["growth"] < fba["growth"] - 0.01).any()


def test_the_result_does_not_depend_on_the_number_of_threads(cobra_textbook: Any) -> None:
    one, two = (knockout_growth(cobra_textbook, order=2, threads=n, progress=False) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_every_order_is_written_part_by_part(cobra_textbook: Any, tmp_path: Path) -> None:
    """All 428,673 genotypes of three genes of the core model; tau as the search for interactions finds it."""
    summary = write_knockout_growth(tmp_path / "all.parquet", cobra_textbook, order=3, threads=1, progress=False)
    table = pd.read_parquet(tmp_path / "all.parquet")
    assert summary["rows"] == len(table) == 137 + 9316 + 419_220
    pairs = knockout_growth(cobra_textbook, order=2, threads=1, progress=False)
    first = table.iloc[: len(pairs)]
    assert first["genes"].map(tuple).tolist() == pairs["genes"].tolist()
    np.testing.assert_array_equal(first["growth"], pairs["growth"])
    found = interactions(cobra_textbook, 3, threshold=0, threads=1, progress=False)
    written = table[table["tau"].abs() > 1e-6]
    assert len(written) == len(found) == found.attrs["counts"]["1e-06"]
    of = {frozenset(genes): value for genes, value in zip(written["genes"], written["tau"], strict=True)}
    np.testing.assert_allclose([of[frozenset(genes)] for genes in found["genes"]], found["tau"], atol=1e-7)
    assert summary["programs_solved"] < 1000


def test_interactions_are_listed_by_size_above_a_threshold(cobra_textbook: Any) -> None:
    everything = knockout_growth(cobra_textbook, order=2, threads=1, progress=False)
    found = interactions(cobra_textbook, threads=1, progress=False)
    expected = everything[everything["epsilon"].abs() > 0.08]
    assert set(found["genes"]) == set(expected["genes"])
    assert (found["epsilon"].abs().diff().dropna() <= 0).all()
    counts = list(found.attrs["counts"].values())
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == len(found) < counts[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"genotypes": [["b1723"], ["b172"]]},
            r"genotype 2 \(counted from 1\): the model has no gene 'b172'; .* 'b172",
        ),
        ({"genotypes": [["b1723", "b1723"]]}, "genotype 1 .*: one gene is named twice"),
        ({"genotypes": [["b1723"], []]}, "genotype 2 .*: no gene is named"),
        ({"genotypes": [["b1723", "b3916", "b0720", "b0721"]]}, "more than three genes"),
        ({}, "give either genotypes, lists of gene ids, or an order"),
        ({"order": 4}, "the order is a number of deleted genes from 1 to 3, not 4"),
        ({"order": 0}, "from 1 to 3, not 0"),
        ({"order": 1, "threads": 0}, "threads must be at least 1, not 0"),
        ({"order": 1, "medium": "beer"}, "there is no medium 'beer'"),
        ({"order": 1, "medium": {"EX_glc__D_e": -1}}, "the uptake of 'EX_glc__D_e' must be"),
        ({"order": 1, "medium": {"EX_o2_e": 10}}, "does not grow|cannot meet the forced flux"),
        ({"order": 1, "background": ["b9999"]}, "background: 'b9999' is neither"),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        knockout_growth("cobra:textbook", progress=False, **arguments)


def test_a_model_without_growth_or_of_no_kind_is_refused(cobra_textbook: Any) -> None:
    cobra_textbook.objective = {}
    with pytest.raises(PipelineError, match="no objective"):
        growth(cobra_textbook, ("b1723",))
    with pytest.raises(PipelineError, match=r"a metabolic model is a path, cobra:NAME or a cobra\.Model, not a dict"):
        growth({"reactions": []}, ("b1723",))
    with pytest.raises(PipelineError, match=r"no_such_model\.xml"):
        growth("no_such_model.xml", ("b1723",))


def test_a_script_without_a_main_guard_works_and_shows_no_traceback(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        "from pipeline_lib.metabolism import knockout_growth, interactions\n"
        "table = knockout_growth('cobra:textbook', order=2, threads=2)\n"
        "print(len(table), len(interactions('cobra:textbook', order=3, threads=2)))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "9453"
    assert "Traceback" not in done.stderr


def test_a_stopped_run_is_taken_up(cobra_textbook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline_lib.metabolism.programs import optima, solving

    monkeypatch.setattr(solving, "_BATCH_OF_FEW", 2)
    settle, calls = optima.settle, []

    def stop_at_the_fourth(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return settle(*arguments)

    monkeypatch.setattr(optima, "settle", stop_at_the_fourth)
    pairs = list(combinations([gene.id for gene in cobra_textbook.genes][:40], 2))
    with pytest.raises(KeyboardInterrupt):
        growth(cobra_textbook, *pairs, kept=tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir())
    again = growth(cobra_textbook, *pairs, kept=tmp_path / "kept")
    pd.testing.assert_frame_equal(again, growth(cobra_textbook, *pairs))
    assert not (tmp_path / "kept").exists()


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, pipeline_lib.metabolism; print('pandas' in sys.modules, 'highspy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False"]
