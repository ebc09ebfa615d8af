"""A wild type that does not grow has one reason, and the sentence names it; the same for FBA and MOMA."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.knockouts.triples import search_triples, triple_counts
from pipeline_lib.metabolism.medium import with_medium
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, network_of
from pipeline_lib.metabolism.programs.wild_type import Method, reduce_growing_network

REACTIONS = ("EX_A", "EX_O", "TR", "RESP", "ATPM", "BIO")


def cell() -> MetabolicNetwork:
    """Return a cell that takes up A and O, respires both to ATP, pays 1 ATP for maintenance and grows on A and ATP.

    Growth 3: of 5 A, 2 are respired to 4 ATP, of which 1 is maintenance.
    """
    #             EX_A EX_O TR  RESP ATPM BIO
    S = np.array(
        [
            [-1.0, 0.0, -1.0, 0.0, 0.0, 0.0],  # A outside
            [0.0, 0.0, 1.0, -1.0, 0.0, -1.0],  # A inside
            [0.0, -1.0, 0.0, -1.0, 0.0, 0.0],  # O
            [0.0, 0.0, 0.0, 2.0, -1.0, -1.0],  # ATP
        ]
    )
    rules = ["", "", "g1", "g2", "", ""]
    return MetabolicNetwork(
        stoichiometry=sparse.csc_array(S),
        lower=np.array([-5.0, -10.0, 0.0, 0.0, 1.0, 0.0]),
        upper=np.array([1000.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0]),
        objective=np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
        reactions=REACTIONS,
        rules=GeneRules.from_rules(rules, REACTIONS, ("g1", "g2")),
        in_gem=np.ones(2, dtype=bool),
    )


def bounded(network: MetabolicNetwork, **bounds: tuple[float, float]) -> MetabolicNetwork:
    lower, upper = network.lower.copy(), network.upper.copy()
    for name, (low, high) in bounds.items():
        at = network.reactions.index(name)
        lower[at], upper[at] = low, high
    return replace(network, lower=lower, upper=upper)


def without_objective(network: MetabolicNetwork) -> MetabolicNetwork:
    return replace(network, objective=np.zeros(6))


def as_loss(network: MetabolicNetwork) -> MetabolicNetwork:
    return replace(network, objective=-network.objective)


CLOSED = {"EX_A": (0.0, 1000.0), "EX_O": (0.0, 1000.0)}
FREE = dict.fromkeys(("EX_A", "EX_O", "TR", "RESP", "BIO"), (-np.inf, np.inf))
NO_UPKEEP = {"ATPM": (0.0, 1000.0)}
Change = Callable[[MetabolicNetwork], MetabolicNetwork]


def bounds(**changed: tuple[float, float]) -> Change:
    return lambda network: bounded(network, **changed)


def without_metabolites(network: MetabolicNetwork) -> MetabolicNetwork:
    kept = network.stoichiometry.toarray()
    kept[:, -1] = 0
    return replace(network, stoichiometry=sparse.csc_array(kept))


STATES: dict[str, tuple[Change, str]] = {
    "growth of nothing": (without_metabolites, "the objective counts reaction 'BIO', which has no metabolites"),
    "no objective": (without_objective, "has no objective, .*objective coefficient of 1"),
    "unbounded": (bounds(**FREE), r"growth has no limit: nothing bounds the objective \(1 BIO\); bound"),
    "forced, no source": (bounds(EX_A=(0.0, 1000.0)), r"cannot meet the forced flux of reaction 'ATPM' \(bounds 1 to"),
    "forced, too little": (bounds(ATPM=(50.0, 99.0)), r"cannot meet the forced flux of reaction 'ATPM' \(bounds 50 to"),
    "forced together": (
        bounds(ATPM=(6.0, 9.0), BIO=(2.0, 9.0)),
        "cannot meet the forced fluxes of 'ATPM', 'BIO' together",
    ),
    "closed": (bounds(**CLOSED, **NO_UPKEEP), "the medium is closed: .*open the uptake"),
    "closed, with maintenance": (bounds(**CLOSED), "the medium is closed: .*open the uptake"),
    "a nutrient is missing": (
        bounds(EX_O=(0.0, 1000.0), **NO_UPKEEP),
        r"greatest value of the objective \(1 BIO\) is 0, though the medium is open; feed what growth lacks",
    ),
    "too slow": (
        bounds(EX_A=(-1e-8, 0.0), **NO_UPKEEP),
        r"grows too slowly: the greatest value of the objective \(1 BIO\) is 6.7e-09, and up to 1e-07 counts as no",
    ),
    "growth counts as a loss": (as_loss, r"greatest value of the objective \(-1 BIO\) is 0"),
}


def test_the_cell_grows_as_reckoned_by_hand() -> None:
    genes = np.array([[0], [1]])
    growths = solve_knockouts(cell(), genes)
    assert growths.wild_type == pytest.approx(3.0)
    assert growths.growth(genes).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("method", ["fba", "moma"])
@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_sentence(state: str, method: Method) -> None:
    change, message = STATES[state]
    with pytest.raises(PipelineError, match=message) as caught:
        solve_knockouts(change(cell()), np.array([[0]]), method)
    assert "\n" not in str(caught.value)


def test_the_sentences_differ() -> None:
    sentences = set()
    for change, _ in STATES.values():
        with pytest.raises(PipelineError) as caught:
            reduce_growing_network(change(cell()))
        sentences.add(str(caught.value))
    # The two closed media, with and without maintenance, are one state.
    assert len(sentences) == len(STATES) - 1


@pytest.mark.parametrize("method", ["fba", "moma"])
def test_infinite_bounds_inside_and_finite_uptake_are_no_fault(method: Method) -> None:
    free = dict.fromkeys(("TR", "RESP", "BIO"), (0.0, np.inf))
    assert solve_knockouts(bounded(cell(), **free), np.array([[0]]), method).wild_type == pytest.approx(3.0)


def test_the_e_coli_core_without_glucose_cannot_pay_its_maintenance(textbook: Gem) -> None:
    hungry = network_of(with_medium(textbook, {"EX_o2_e": 20, "EX_nh4_e": 10}))
    with pytest.raises(PipelineError, match="cannot meet the forced flux of reaction 'ATPM'"):
        solve_knockouts(hungry, np.array([[0]]))
    with pytest.raises(PipelineError, match="the medium is closed"):
        solve_knockouts(network_of(with_medium(textbook, {})), np.array([[0]]))


@pytest.mark.mirror
def test_yeast_without_sulphur_is_on_an_open_medium_that_lacks_something(yeast: Gem) -> None:
    medium = {"r_1714": 1, "r_1992": 1000, "r_1654": 1000, "r_2005": 1000}
    with pytest.raises(
        PipelineError, match=r"greatest value of the objective \(1 r_2111\) is 0, though the medium is open"
    ):
        reduce_growing_network(network_of(with_medium(yeast, medium)))


@pytest.mark.parametrize("rules", [("", ""), ("g1", ""), ("g1", "g2"), ("g1 or g2", "")])
def test_a_model_of_few_genes_has_no_triples(rules: tuple[str, str]) -> None:
    genes = ("g1", "g2")
    named = ["", "", *rules, "", ""]
    network = replace(cell(), rules=GeneRules.from_rules(named, REACTIONS, genes))
    search = search_triples(network)
    assert (len(search.triples), len(search.lethal)) == (0, 0)
    assert triple_counts(search, 2)["triples"] == 0
    # Whatever the rule, losing g1 is lethal where it stands alone.
    singles = solve_knockouts(network, np.array([[0]]))
    assert singles.fitness(np.array([[0]]))[0] == (0.0 if rules[0] == "g1" else 1.0)
