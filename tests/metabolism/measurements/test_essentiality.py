"""Predicted against measured essential genes; yeast-GEM's own published test, gene by gene."""

from pathlib import Path

import numpy as np
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.measurements.essentiality import (
    PUBLISHED,
    confusion,
    essentiality_report,
    synthetic_complete,
)
from pipeline_lib.metabolism.medium import exchange_reactions
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork

REFERENCE = Path(__file__).parent / "reference" / "yeast_gem_9.0.2_essential_genes.md"
"""``data/testResults/essentialGenes.md`` of the yeast-GEM 9.0.2 release (SysBioChalmers, CC-BY-4.0), unchanged."""


def published_classes() -> dict[str, list[str]]:
    classes: dict[str, list[str]] = {}
    for line in REFERENCE.read_text().splitlines():
        if line.startswith("## "):
            classes[line.removeprefix("## ")] = []
        elif line:
            classes[list(classes)[-1]].append(line)
    return classes


def with_exchange(gem: Gem):
    return gem.reactions.assign(exchange=exchange_reactions(gem.reactions, gem.metabolites, gem.stoichiometry))


def test_the_counts_accuracy_and_correlation_of_a_table_made_by_hand() -> None:
    """3 found, 1 missed, 2 false alarms, 4 rightly viable: MCC = (3*4 - 2*1) / sqrt(5*4*6*5)."""
    ratio = np.array([0, 0, 1e-7, 0.5, 0, 0, 1, 1, 0.2, 1e-5, np.nan])
    essential = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1], dtype=bool)
    genes = np.array(list("abcdefghijk"))
    found = confusion(ratio, essential, genes)
    assert (found["genes"], found["unsolved"]) == (10, 1)
    assert (found["essential_predicted_essential"], found["essential_predicted_viable"]) == (3, 1)
    assert (found["viable_predicted_essential"], found["viable_predicted_viable"]) == (2, 4)
    assert (found["falsely_viable"], found["falsely_essential"]) == (["d"], ["e", "f"])
    assert found["accuracy"] == pytest.approx(0.7)
    assert found["mcc"] == pytest.approx(10 / np.sqrt(5 * 4 * 6 * 5))


def test_a_one_sided_table_has_no_correlation() -> None:
    found = confusion(np.ones(3), np.array([True, False, False]), np.array(list("abc")))
    assert found["mcc"] is None
    assert found["accuracy"] == pytest.approx(2 / 3)


def test_known_essential_genes_of_the_core_model(
    textbook: Gem, textbook_network: MetabolicNetwork, index_of_genes
) -> None:
    """On glucose and oxygen enolase (b2779) and GAPDH (b1779) are lethal in the core model; no isozyme covers them."""
    measured = index_of_genes(textbook.genes, frozenset({"b2779", "b1779", "b0118"}))
    report = essentiality_report(textbook_network, with_exchange(textbook), measured)
    built = report["conditions"]["as_built"]
    assert built["wild_type_growth"] == pytest.approx(0.8739, abs=1e-4)
    assert built["genes"] == 137
    assert built["essential_predicted_essential"] == 2
    assert built["falsely_viable"] == ["b0118"]


def test_without_measurements_there_is_a_note_and_no_number(
    textbook: Gem, textbook_network: MetabolicNetwork, index_of_genes
) -> None:
    report = essentiality_report(textbook_network, with_exchange(textbook), index_of_genes(textbook.genes))
    assert report["conditions"] == {}
    assert report["notes"] == ["no gene of the model has a measured essentiality"]


def test_a_model_without_the_tests_medium_gets_a_note(
    textbook: Gem, textbook_network: MetabolicNetwork, index_of_genes
) -> None:
    renamed = with_exchange(textbook).assign(id="x" + textbook.reactions["id"])
    with pytest.raises(PipelineError, match="the medium 'rich' is defined for"):
        synthetic_complete(textbook_network, renamed)
    report = essentiality_report(textbook_network, renamed, index_of_genes(textbook.genes, frozenset({"b2779"})))
    assert list(report["conditions"]) == ["as_built"]
    assert "'rich'" in report["notes"][0]


@pytest.mark.mirror
def test_the_published_prediction_of_every_yeast_gene(yeast: Gem, yeast_network: MetabolicNetwork) -> None:
    """All 1,124 genes of the release's test fall into its four classes exactly: accuracy 0.903, MCC 0.535."""
    network = synthetic_complete(yeast_network, with_exchange(yeast))
    singles = choose(network.gem_genes, 1)
    ratio = dict(zip(network.genes, solve_knockouts(network, singles).fitness(singles), strict=True))
    classes = published_classes()
    tested = np.array(sorted(gene for members in classes.values() for gene in members))
    essential = np.isin(tested, classes["True essential genes"] + classes["False non-essential genes"])
    found = confusion(np.array([ratio[gene] for gene in tested]), essential, tested)
    assert len(tested) == PUBLISHED["genes"]
    assert found["falsely_viable"] == sorted(classes["False non-essential genes"])
    assert found["falsely_essential"] == sorted(classes["False essential genes"])
    assert round(found["accuracy"], 3) == PUBLISHED["accuracy"]
    assert round(found["mcc"], 3) == PUBLISHED["mcc"]
