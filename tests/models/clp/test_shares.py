"""Shares: the validation fold keeps of a correction what it confirms."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from pipeline_lib.artefacts.schemas import PHENOTYPES
from pipeline_lib.models.clp.assays import CALL, INTERACTION
from pipeline_lib.models.clp.heads import AssayScale
from pipeline_lib.models.clp.model import keep_confirmed

ROWS = 400


class Corrected(nn.Module):
    """A network that adds ``share * columns['correction']`` to 0."""

    def __init__(self, phenotypes):
        super().__init__()
        codes = torch.tensor([*phenotypes, *range(len(PHENOTYPES))])
        self.scale = AssayScale(codes, len(PHENOTYPES))
        self.register_buffer("phenotypes", codes)

    def encode(self):
        return SimpleNamespace()

    def decode(self, encoded, columns):  # noqa: ARG002 - the network's
        value = columns["correction"] * self.scale.gain(columns["assay"])
        return value, torch.zeros_like(value)


def rows(target, correction, assay=0, order=2, call=False):
    genes = torch.full((len(target), 3), -1)
    genes[:, :order] = 0
    return {
        "genes": genes,
        "assay": torch.full((len(target),), assay),
        "target": target,
        "correction": correction,
        "is_call": torch.full((len(target),), call),
    }


def shares(phenotypes, *parts):
    network = Corrected(phenotypes)
    columns = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    keep_confirmed(network, columns)
    return network.scale.share.tolist()


@pytest.fixture
def normal():
    generator = torch.Generator().manual_seed(0)
    return lambda n=ROWS: torch.randn(n, generator=generator)


def test_noise_is_dropped_and_a_planted_signal_kept(normal):
    signal = normal()
    kept = shares(
        [INTERACTION, INTERACTION],
        rows(normal(), normal()),
        rows(signal + normal(), signal, assay=1),
    )
    assert kept[0] == 0.0
    assert kept[1] > 0.5


def test_a_correction_that_goes_too_far_is_kept_in_part(normal):
    signal = normal()
    assert shares([INTERACTION], rows(signal, 2 * signal)) == [0.5]


def test_a_gain_within_its_standard_error_is_dropped(normal):
    """A correction that helps by chance: hardly any correlation in a few hundred rows."""
    target = normal()
    correction = normal()
    correction -= target * (correction @ target) / (target @ target)
    assert shares([INTERACTION], rows(target, correction + 0.02 * target)) == [0.0]


def test_calls_are_judged_by_their_log_odds(normal):
    odds = 2 * normal()
    called = (torch.rand(ROWS, generator=torch.Generator().manual_seed(1)) < odds.sigmoid()).float()
    assert shares([CALL], rows(called, odds, call=True))[0] > 0.5
    assert shares([CALL], rows(called, 2 * normal(), call=True)) == [0.0]


def test_an_assay_of_few_rows_takes_the_mean_share_of_its_phenotype(normal):
    signal = normal()
    kept = shares(
        [INTERACTION, INTERACTION, INTERACTION, CALL],
        rows(signal, signal),
        rows(normal(), normal(), assay=1),
        rows(normal(20), normal(20), assay=2),
    )
    assert kept[:2] == [1.0, 0.0]
    assert kept[2] == 0.5
    # Nothing was judged of its phenotype, and others were: nothing is kept of it.
    assert kept[3] == 0.0


def test_without_enough_rows_anywhere_the_whole_correction_counts(normal):
    assert shares([INTERACTION, INTERACTION], rows(normal(20), normal(20))) == [1.0, 1.0]


def test_assays_that_training_lacks_take_the_mean_share():
    network = Corrected([INTERACTION, INTERACTION])
    network.scale.share.copy_(torch.tensor([1.0, 0.0]))
    unseen = torch.tensor([2 + INTERACTION, 2 + CALL])
    assert network.scale.gain(unseen).tolist() == [0.5, 0.0]
