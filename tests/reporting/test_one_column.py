"""Panels below each other: nothing is lost, nothing is cut, every panel can be read by itself."""

from itertools import pairwise

import matplotlib.pyplot as plt
import pytest

from pipeline_lib.reporting.drawing import WIDTH, Drawn, in_one_column, with_names
from pipeline_lib.reporting.style import paper_style


@pytest.fixture
def narrow():
    with paper_style():
        figure, axes = plt.subplots(2, 2, figsize=(7, 4), sharey=True)
        for place, panel in enumerate(axes.flat[:3]):
            panel.plot([0, 1], [0, 1], label=f"line {place}")
            panel.set_title(f"panel {place}")
        axes[0, 0].set_yticks([0, 1], ["a name that is far too long for one line of a phone", "short"])
        axes[0, 0].set_ylabel("rows")
        axes[1, 1].axis("off")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
        figure.canvas.draw()
        in_one_column(figure).canvas.draw()
    yield figure
    plt.close(figure)


def test_panels_stand_below_each_other_and_unused_ones_are_gone(narrow):
    assert [axes.get_title(loc="left") for axes in narrow.axes] == ["panel 0", "panel 1", "panel 2"]
    boxes = [axes.get_position() for axes in narrow.axes]
    assert all(above.y0 > below.y1 for above, below in pairwise(boxes))
    assert narrow.get_size_inches()[0] == WIDTH


def test_no_label_is_cut_at_the_side(narrow):
    for axes in narrow.axes:
        box = axes.get_tightbbox().transformed(narrow.dpi_scale_trans.inverted())
        assert box.x0 >= -0.02
        assert box.x1 <= WIDTH + 0.02


def test_every_panel_has_the_labels_of_the_axis_that_it_shared(narrow):
    for axes in narrow.axes:
        shown = [label.get_text() for label in axes.get_yticklabels() if label.get_visible()]
        assert shown[1] == "short"
        assert max(map(len, shown[0].split("\n"))) <= 18
        assert axes.get_ylabel() == "rows"


def test_an_empty_panel_with_its_reason_is_left_out():
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2))
    left.plot([0, 1], [0, 1])
    right.axis("off")
    right.text(0.5, 0.5, "nothing was predicted of it")
    assert in_one_column(figure).axes == [left]


def test_models_of_a_figure_are_renamed_wherever_they_stand_and_the_caption_states_why():
    figure, panels = plt.subplots(1, 2, sharey=True)
    panels[0].set_yticks([0, 1], ["clp", "dango"])
    panels[1].annotate("dango", (0, 0))
    panels[1].set_title("against dango")
    drawn = Drawn("name", figure, "Title", "Caption.", "Alternative.")
    named = with_names(drawn, lambda text: text.replace("dango", "DANGO"), "A reason.")
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["clp", "DANGO"]
    assert panels[1].texts[0].get_text() == "DANGO"
    assert panels[1].get_title() == "against DANGO"
    assert named.caption == "Caption. A reason."
    assert with_names(drawn, str, "A reason.") == drawn
    plt.close(figure)
