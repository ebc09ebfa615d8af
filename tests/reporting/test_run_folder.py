"""A run's folder is read as this version leaves it, and another version's is refused in a sentence."""

import json

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.reporting.run_folder import RunFolder


def test_figures_drawn_by_another_version_are_named(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "p_values.json").write_text(json.dumps([]))
    with pytest.raises(PipelineError, match=r"knows no figure 'discoveries'.*`snakemake figures`"):
        RunFolder(tmp_path, "clp").figures("p_values", "discoveries")


def test_figures_come_in_the_order_asked_for(run_folder):
    run = RunFolder(run_folder, "clp")
    found = run.figures("p_values", "p_value_deciles", "p_value_histograms")
    assert [figure.name for figure in found] == ["p_value_deciles", "p_value_histograms"]


def test_figures_with_nothing_to_show_are_left_out(run_folder):
    names = [figure.name for figure in RunFolder(run_folder, "clp").figures("p_values")]
    assert "discoveries" not in names
    assert "p_value_histograms" in names
