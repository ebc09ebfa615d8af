"""Every input of a user gets the right answer, or one clear sentence before any work starts."""

import pytest

from tests.cases import registry
from tests.cases.bench import Bench
from tests.cases.case import KINDS, Case
from tests.cases.records import keep


@pytest.mark.parametrize("case", registry.CASES, ids=lambda case: case.id)
def test_the_right_answer_or_one_sentence(case: Case, bench: Bench) -> None:
    if case.needs_missing_folder:
        pytest.skip(f"the shared input {case.folder} is not on this machine")
    observed = case.observe(bench)
    keep(bench.root / "results" / "cases", case, observed)
    assert case.held(observed), f"expected: {case.expected}\nobserved: {observed}"


def test_every_kind_has_two_inputs_beside_those_that_were_reported() -> None:
    own = [case.kind for case in registry.CASES if not case.folder]
    assert {kind for kind in KINDS if own.count(kind) < 2} == set()


def test_ids_are_unique() -> None:
    ids = [case.id for case in registry.CASES]
    assert len(set(ids)) == len(ids)
