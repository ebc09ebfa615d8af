"""The matrix: what is consumed, what is made, and both views of a reversible reaction."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from pipeline_lib.artefacts.schemas import INCIDENCE
from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.stoichiometry import (
    MetabolicNetwork,
    incidence_table,
    products,
    split_directions,
    split_incidence_table,
    substrates,
    tensors,
)

small = arrays(np.float64, (4, 5), elements=st.sampled_from([0.0, 0.0, -1.0, -2.5, 1.0, 3.0]))


@given(small)
def test_substrates_and_products_make_up_the_matrix(dense: np.ndarray) -> None:
    S = sparse.csc_array(dense)
    consumed, made = substrates(S), products(S)
    assert (consumed.data > 0).all()
    assert (made.data > 0).all()
    assert consumed.nnz + made.nnz == S.nnz
    assert np.array_equal((made - consumed).toarray(), dense)


@given(small, arrays(np.float64, 5, elements=st.sampled_from([-3.0, 0.0, 1.0, 2.0])))
def test_the_split_view_balances_the_same_fluxes(dense: np.ndarray, flux: np.ndarray) -> None:
    lower, upper = np.where(flux < 0, -10.0, 0.0), np.where(flux > 0, 10.0, 0.0)
    view = split_directions(sparse.csc_array(dense), lower, upper)
    one_way = np.maximum(flux[view.reaction] * view.direction, 0)
    assert np.allclose(view.stoichiometry @ one_way, dense @ flux)


def test_a_reversible_reaction_has_two_columns_and_a_blocked_one_keeps_its_place() -> None:
    S = sparse.csc_array(np.array([[-1.0, -1.0, -1.0, -1.0], [1.0, 2.0, 3.0, 4.0]]))
    view = split_directions(S, np.array([-5.0, 0.0, -5.0, 0.0]), np.array([5.0, 5.0, 0.0, 0.0]))
    assert list(zip(view.reaction, view.direction, strict=True)) == [(0, 1), (0, -1), (1, 1), (2, -1), (3, 1)]
    assert view.stoichiometry.toarray().tolist() == [[-1, 1, -1, 1, -1], [1, -1, 2, -3, 4]]


def test_the_tables_rebuild_the_matrix(textbook: Gem) -> None:
    S = textbook.stoichiometry
    table = incidence_table(S)
    INCIDENCE.validate(table, "incidence")
    places = (table["metabolite_index"], table["reaction_index"])
    assert (sparse.csc_array((table["coefficient"], places), shape=S.shape) != S).nnz == 0
    made = table[~table["is_substrate"]]
    rebuilt = (made["coefficient"], (made["metabolite_index"], made["reaction_index"]))
    assert (sparse.csc_array(rebuilt, shape=S.shape) != products(S)).nnz == 0


def test_the_split_table_has_a_row_for_every_direction_and_metabolite(textbook: Gem) -> None:
    bounds = textbook.reactions[["lower_bound", "upper_bound"]].to_numpy()
    view = split_directions(textbook.stoichiometry, bounds[:, 0], bounds[:, 1])
    table = split_incidence_table(view)
    assert table["split_index"].nunique() == len(view.reaction) == 95 + textbook.reactions["reversible"].sum()
    assert len(table) == view.stoichiometry.nnz
    forward = table[table["direction"] == 1]
    assert (forward["coefficient"].to_numpy() == incidence_table(textbook.stoichiometry)["coefficient"]).all()


@pytest.fixture
def content(textbook: Gem, textbook_network: MetabolicNetwork, tmp_path: Path) -> dict:
    save_tensors(tensors(textbook, textbook_network.rules), tmp_path / "stoichiometry.pt")
    return load_tensors(tmp_path / "stoichiometry.pt")


def test_cobras_flux_is_balanced_by_the_tensors_alone(content: dict, cobra_textbook, imbalance) -> None:
    solution = cobra_textbook.optimize()
    assert solution.objective_value == pytest.approx(0.8739, abs=1e-4)
    assert max(imbalance(content, solution.fluxes.to_numpy())) < 1e-9


def test_a_wrong_flux_is_not_balanced(content: dict, imbalance) -> None:
    assert min(imbalance(content, np.ones(95))) > 0.1


def test_the_tensors_have_the_shapes_of_the_contract(content: dict) -> None:
    sizes = [content[f"num_{what}"] for what in ("metabolites", "reactions", "genes", "complexes")]
    assert sizes == [72, 95, 137, 108]
    assert content["incidence"].shape == (2, 360)
    assert content["incidence"].max(dim=1).values.tolist() == [71, 94]
    assert ((content["coefficient"] < 0) == content["is_substrate"]).all()
    for name in ("reversible", "lower_bound", "upper_bound", "delta_g", "delta_g_known", "has_rule"):
        assert content[name].shape == (95,)
    assert content["metabolite_delta_g"].shape == content["metabolite_delta_g_known"].shape == (72,)
    assert content["gene_to_complex"].max(dim=1).values.tolist() == [136, 107]
    assert content["complex_to_reaction"][0].tolist() == list(range(108))
    assert content["has_rule"].sum() == 69
    assert content["split_incidence"][1].max() + 1 == len(content["split_reaction"]) == len(content["split_direction"])


def test_unknown_energies_are_masked_zeros(textbook: Gem, textbook_network: MetabolicNetwork) -> None:
    energies = textbook.reactions["delta_g"].copy()
    energies.iloc[3] = -7.5
    gem = Gem(
        textbook.id,
        textbook.metabolites,
        textbook.reactions.assign(delta_g=energies),
        textbook.stoichiometry,
        textbook.genes,
    )
    content = tensors(gem, textbook_network.rules)
    assert content["delta_g"].tolist() == [0.0] * 3 + [-7.5] + [0.0] * 91
    assert content["delta_g_known"].nonzero().ravel().tolist() == [3]


@pytest.mark.mirror
def test_yeast_has_a_column_for_every_direction(yeast: Gem) -> None:
    lower, upper = (yeast.reactions[name].to_numpy() for name in ("lower_bound", "upper_bound"))
    view = split_directions(yeast.stoichiometry, lower, upper)
    backward = (lower < 0).sum()
    assert (view.direction == -1).sum() == backward == 1668
    assert len(view.reaction) == 4131 + yeast.reactions["reversible"].sum()
