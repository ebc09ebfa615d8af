"""Grids: a verdict stands only where interval and q-value agree, and every mark lies where its value does."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.evaluation.tables.differences import verdict
from pipeline_lib.reporting.chart import GridCell, Scale, mark, scale_around_zero
from pipeline_lib.reporting.findings import number
from pipeline_lib.reporting.sections.model import Elsewhere, elsewhere, family_grids
from pipeline_lib.reporting.sections.page import scoreboard_grids
from tests.reporting.test_findings import pair

CEILINGS = {"ceiling", "lower", "upper"}


def variants(**bounds_of):
    tables = [
        pair(*bounds).assign(model=model, reference="dango", role="reference") for model, bounds in bounds_of.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_variants_are_named_by_what_can_be_said_of_them():
    bounds = {"dango_frozen": (0.1, 0.2), "dango_plain": (-0.2, -0.1), "dango_a": (-0.1, 0.12)}
    (grid,) = family_grids(variants(**bounds), "dango", "pretraining", ())
    assert {name: cell.verdict for name, cells in grid.rows for cell in cells.values()} == {
        "dango_a": "level",
        "dango_frozen": "win",
        "dango_plain": "loss",
    }
    words = {name: cell.words for name, cells in grid.rows for cell in cells.values()}
    assert "beats dango by 0.150 (0.100 to 0.200); 3 seeds each, paired" in words["dango_frozen"]
    assert "falls short of dango by -0.150 (-0.200 to -0.100)" in words["dango_plain"]
    assert "shows no significant difference from dango (0.010 (-0.100 to 0.120))" in words["dango_a"]
    assert "a true difference of 0.123 would have been found" in words["dango_a"]


def test_the_grid_stays_with_the_leading_assay_and_the_others_are_counted():
    other = variants(dango_frozen=(-0.3, -0.1)).assign(screen="simulated")
    family = pd.concat([variants(dango_frozen=(0.1, 0.2)), other], ignore_index=True)
    (grid,) = family_grids(family, "dango", "pretraining", ())
    assert "simulated" not in grid.title
    assert elsewhere(family, ()) == Elsewhere(differences=1, better=0, worse=1)


def test_a_family_without_members_has_no_grid():
    nobody = pair(0.1, 0.2).iloc[:0]
    assert family_grids(nobody, "clp", "ablations", ()) == []
    assert elsewhere(nobody, ()) == Elsewhere(differences=0, better=0, worse=0)


def test_every_comparison_of_the_scoreboard_is_a_cell(run_folder):
    board = read_table(run_folder / ARTEFACTS["scoreboard"])
    (grid,) = scoreboard_grids(board)
    cells = [cell for _, row in grid.rows for cell in row.values()]
    assert len(cells) == len(board)
    for row, cell in zip(board.sort_values(["screen", "phenotype"]).to_dict("records"), cells, strict=True):
        assert cell.verdict == verdict(row["low"], row["high"], row["q"])
        ours = next(one for one in cell.marks if one.kind == "model")
        assert ours.at == grid.scale.place(row["value"])
        low, high = ours.interval
        assert low < ours.at < high
    assert scoreboard_grids(board.head(0)) == []


def test_what_bounds_a_ceiling_from_above_is_marked_apart_from_a_lower_bound_and_an_estimate(run_folder):
    board = read_table(run_folder / ARTEFACTS["scoreboard"]).head(4)
    board = board.assign(ceiling=[0.9, 0.9, 0.9, np.nan])
    board["ceiling_bound"] = ["exact", "lower bound", "upper bound", "uncertain"]
    (grid,) = scoreboard_grids(board)
    cells = [cell for _, row in grid.rows for cell in row.values()]
    marks = sorted((one.kind, one.words) for cell in cells for one in cell.marks if one.kind in CEILINGS)
    assert marks == [
        ("ceiling", "noise ceiling 0.900"),
        ("lower", "noise ceiling at least 0.900"),
        ("upper", "noise ceiling at most 0.900"),
    ]
    assert set(grid.kinds) >= CEILINGS


def test_a_level_cell_names_its_seeds_and_what_it_would_have_found(run_folder):
    board = read_table(run_folder / ARTEFACTS["scoreboard"]).head(1)
    board = board.assign(verdict="level", low=-0.02, high=0.03, detectable=0.034, seeds=3, baseline_seeds=1)
    ((cell,),) = (row.values() for _, row in scoreboard_grids(board)[0].rows)
    assert "; 3 seeds against 1, q = " in cell.words
    assert "; a true difference of 0.034 would have been found four times in five" in cell.words
    ((cell,),) = (row.values() for _, row in scoreboard_grids(board.assign(verdict="win"))[0].rows)
    assert "would have been found" not in cell.words


@pytest.mark.parametrize("value", [-5.0, -0.2, 0.0, 0.3, 1.0, 7.0])
def test_a_mark_is_never_cut(value):
    assert 0 <= Scale(-0.25, 1.0, "Pearson").place(value) <= 100


def test_a_value_beyond_the_axis_is_an_arrow_and_not_a_dot_at_its_end():
    scale = Scale(-0.25, 1.0, "Pearson")
    assert [mark(scale, "model", "clp", value)[0].beyond for value in (-0.36, -0.25, 0.3, 1.2)] == ["◂", "", "", "▸"]


def test_zero_has_no_sign():
    cells = [GridCell(value, "level", (), "clp") for value in (-0.001, 0.0, -0.006, np.nan)]
    assert [cell.text for cell in cells] == ["0.00", "0.00", "-0.01", "–"]
    assert number(-0.0002) == "0.000"


def test_what_is_unknown_is_not_drawn():
    assert mark(Scale(0, 1, "Pearson"), "ceiling", "noise ceiling", np.nan) == []
    (known,) = mark(Scale(0, 1, "Pearson"), "model", "clp", 0.5, np.nan, 0.6)
    assert (known.at, known.interval) == (50.0, ())


def test_differences_have_zero_in_the_middle():
    assert scale_around_zero([-0.1, 0.02, np.nan], "difference").place(0.0) == 50.0
    assert scale_around_zero([], "difference").place(0.0) == 50.0
