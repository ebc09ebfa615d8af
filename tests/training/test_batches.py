"""Batches: every observation once an epoch, caps by assay, and processes that see one batch together."""

import pytest
import torch

from pipeline_lib.training.batches import (
    batch_count,
    batches,
    epoch_order,
    epoch_size,
    fingerprint,
    sampling_weight,
    take,
)

ASSAY = torch.tensor([0] * 100 + [1] * 10)
NONE = torch.zeros(110, dtype=torch.bool)


def test_an_epoch_without_cap_visits_every_row_once():
    order = epoch_order(ASSAY, NONE, None, seed=0, epoch=1)
    assert sorted(order.tolist()) == list(range(110))
    assert epoch_size(ASSAY, None) == 110


def test_a_cap_holds_in_each_assay_and_draws_anew_every_epoch():
    first, second = (epoch_order(ASSAY, NONE, 20, seed=0, epoch=epoch) for epoch in (1, 2))
    for order in (first, second):
        assert torch.bincount(ASSAY[order]).tolist() == [20, 10]
        assert len(set(order.tolist())) == epoch_size(ASSAY, 20) == 30
    assert set(first.tolist()) != set(second.tolist())


def test_the_order_depends_on_seed_and_epoch_alone():
    torch.rand(7)
    first = epoch_order(ASSAY, NONE, 20, seed=3, epoch=5)
    torch.rand(7)
    assert torch.equal(first, epoch_order(ASSAY, NONE, 20, seed=3, epoch=5))
    assert not torch.equal(first, epoch_order(ASSAY, NONE, 20, seed=4, epoch=5))


def test_processes_share_every_batch_between_them():
    order = torch.arange(25)
    whole = [rows.tolist() for rows, _ in batches(order, 10)]
    parts = [list(batches(order, 10, rank, 2)) for rank in range(2)]
    assert len(whole) == batch_count(25, 10) == 3
    for position, rows in enumerate(whole):
        assert sorted(parts[0][position][0].tolist() + parts[1][position][0].tolist()) == rows
        assert parts[0][position][1] == len(rows)


@pytest.mark.parametrize(("rows", "size", "sizes"), [(4097, 4096, [2049, 2048]), (25, 10, [9, 8, 8]), (7, 10, [7])])
def test_no_batch_is_a_small_rest(rows, size, sizes):
    """One row left over would be a whole step by itself, and none at all for the second of two processes."""
    assert [whole for _, whole in batches(torch.arange(rows), size)] == sizes
    assert all(len(own) for own, _ in batches(torch.arange(rows), size, rank=1, count=2))


def test_a_fingerprint_is_of_names_and_values():
    columns = {"target": torch.arange(3.0), "assay": torch.zeros(3, dtype=torch.long)}
    assert fingerprint(columns) == fingerprint(dict(reversed(columns.items())))
    changed = columns | {"target": torch.tensor([0.0, 1.0, 2.5])}
    assert len({fingerprint(part) for part in (columns, changed, {"target": columns["target"]})}) == 3


def test_a_slice_of_rows_copies_nothing():
    column = torch.arange(10.0)
    assert take({"target": column}, slice(2, 5))["target"].data_ptr() == column[2:].data_ptr()


def test_a_cap_takes_rare_rows_first_and_the_others_make_up_for_those_left_out():
    rare = NONE.clone()
    rare[[3, 50, 99]] = True
    order = epoch_order(ASSAY, rare, 20, seed=0, epoch=1)
    assert {3, 50, 99} <= set(order.tolist())
    assert torch.bincount(ASSAY[order]).tolist() == [20, 10]
    weight = sampling_weight(ASSAY, rare, 20)
    assert weight[order][ASSAY[order] == 0].sum().item() == pytest.approx(100)
    assert weight[[3, 50, 99, 105]].tolist() == [1, 1, 1, 1]


def test_an_assay_without_rare_rows_is_thinned_evenly():
    assert sampling_weight(ASSAY, NONE, 20).eq(1).all()
    assert sampling_weight(ASSAY, NONE, None).eq(1).all()
