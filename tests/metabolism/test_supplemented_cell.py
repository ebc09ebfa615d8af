"""What is spared of the programs that explain a deletion is spared without changing a finding."""

import numpy as np
import pytest

from pipeline_lib.metabolism.gem import Gem
from pipeline_lib.metabolism.network import network_of
from pipeline_lib.metabolism.supplemented_cell import NOTHING, SupplementedCell, growth_of


@pytest.fixture(scope="module")
def cell(textbook: Gem) -> SupplementedCell:
    return SupplementedCell.of(network_of(textbook), textbook.reactions, textbook.metabolites)


def blocked_by(cell: SupplementedCell, *reactions: str) -> np.ndarray:
    return np.array([list(cell.network.reactions).index(name) for name in reactions], dtype=np.int32)


@pytest.mark.parametrize("reactions", [("CS",), ("PGI", "GLUDy"), ("ATPS4r",)])
def test_only_supplements_that_cannot_reach_the_growth_asked_for_are_left_out(
    cell: SupplementedCell, reactions: tuple[str, ...]
) -> None:
    blocked = blocked_by(cell, *reactions)
    mutant = cell.optimum(blocked, cell.wild_type.basis)
    solved = np.array([growth_of(cell.optimum(blocked, mutant.basis, fed)) for fed in cell.closed])
    least = np.full(len(solved), 1.02 * growth_of(mutant) + 1e-6)
    found = cell.fed_growth(blocked, mutant, least)
    np.testing.assert_allclose(np.where(solved >= least, found, 0), np.where(solved >= least, solved, 0), atol=1e-9)
    assert (found <= solved + 1e-9).all()


def test_blocking_what_carries_nothing_leaves_a_production_as_it_is(cell: SupplementedCell) -> None:
    everything = np.arange(len(cell.constituents.metabolites))
    whole = cell.production(NOTHING, everything, cell.wild_type.basis)
    for reaction in ("CS", "FRD7", "PFL"):
        blocked = blocked_by(cell, reaction)
        mutant = cell.optimum(blocked, cell.wild_type.basis)
        idle = ~whole.carrying[:, blocked].any(axis=1)
        left = cell.production(blocked, everything, mutant.basis)
        np.testing.assert_allclose(left.amount[idle], whole.amount[idle], rtol=1e-7)
        assert (left.amount <= whole.amount * (1 + 1e-7) + 1e-9).all()
