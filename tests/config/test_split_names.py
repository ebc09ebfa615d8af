"""Names of splits and of their repeats: one grammar for the configuration, the library and the schema."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pipeline_lib.config.loading import parse_section
from pipeline_lib.config.training import SPLIT_KINDS, SplitName, SplitSettings, kind_and_repeat, pooled_name
from pipeline_lib.errors import PipelineError

ADAPTER = TypeAdapter(SplitSettings)
PATTERN = TypeAdapter(SplitName).json_schema()["pattern"]


@given(kind=st.sampled_from(SPLIT_KINDS), repeat=st.integers(1, 10**9))
def test_a_name_holds_kind_and_repeat(kind, repeat):
    assert kind_and_repeat(kind) == (kind, 0)
    assert kind_and_repeat(f"{kind}-{repeat}") == (kind, repeat)
    assert kind_and_repeat(pooled_name(kind)) == (kind, None)


@given(name=st.text() | st.from_regex(r"[a-z_]+(-[0-9a-z]+){0,2}"))
def test_any_other_name_is_a_kind_of_its_own(name):
    kind, repeat = kind_and_repeat(name)
    assert name in {kind, f"{kind}-{repeat}", pooled_name(kind)}
    assert (name == kind) == (repeat == 0)


@pytest.mark.parametrize("name", ["random", "gene_disjoint_one-1", "cross_screen-12"])
def test_a_run_may_make_kinds_and_repeats(name):
    assert SplitSettings(names=[name]).names == [name]
    assert re.search(PATTERN, name)


@pytest.mark.parametrize(
    "name", ["random-0", "random-01", "nonsense", "nonsense-1", "random-", "random--1", "random-pooled", "", "Random"]
)
def test_anything_else_is_refused_in_one_sentence_that_lists_the_kinds(name):
    message = (
        f"mine.yaml: key 'names.0': there is no split '{name}'; choose among {', '.join(SPLIT_KINDS)}, or a further "
        "repeat of one of them such as random-1."
    )
    with pytest.raises(PipelineError, match=f"^{re.escape(message)}$"):
        parse_section(ADAPTER, f'{{"names": ["{name}"]}}', "mine.yaml")
    assert not re.search(PATTERN, name)
