"""Standard Gibbs energies: unknown ones are masked, and both tables are held against each other."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.energies import energy_table, read_energies, with_energies
from pipeline_lib.metabolism.model.gem import Gem
from tests import table_files

IDS = pd.Series(["r_1", "r_2", "r_3", "r_4"])


def table(folder: Path, *rows: str) -> Path:
    path = folder / "energies.csv"
    path.write_text("\n".join(["Var1,Var2", *rows]) + "\n")
    return path


def test_sentinels_blanks_and_missing_rows_are_unknown(tmp_path: Path) -> None:
    values = read_energies(table(tmp_path, "r_2,10000000", "r_1,-3.5", "r_3,"), IDS)
    assert np.array_equal(values, [-3.5, np.nan, np.nan, np.nan], equal_nan=True)


@pytest.mark.parametrize("kind", table_files.KINDS)
def test_energies_are_the_same_in_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame([("r_4", -3.5), ("r_1", -1 / 3), ("r_3", np.nan)], columns=["reaction id", "dG (kcal, pH 7)"])
    values = read_energies(table_files.write(frame, kind, tmp_path / "energies.csv"), IDS)
    assert np.array_equal(values, [-1 / 3, np.nan, np.nan, -3.5], equal_nan=True)


def test_zero_is_a_known_energy(tmp_path: Path) -> None:
    assert read_energies(table(tmp_path, "r_1,0"), IDS)[0] == 0.0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("r_2,many", r"row 3: column 'Var2' holds 'many', which is no number"),
        ("r_1,4", r"row 3: 'r_1' is listed twice"),
        ("r_99,4", r"row 3: 'r_99' is not in the model"),
        ("r_2,4,5", r"row 3: 3 fields where there should be 2"),
        ("r_2,inf", r"row 3: column 'Var2' holds 'inf', which is no number"),
        ("r_2,1_000", r"row 3: column 'Var2' holds '1_000', which is no number; write nothing between thousands"),
    ],
)
def test_a_faulty_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        read_energies(table(tmp_path, "r_1,1", row), IDS)


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "energies.csv"
    path.write_text("id\nr_1\n")
    with pytest.raises(PipelineError, match="must have two columns"):
        read_energies(path, IDS)
    with pytest.raises(PipelineError, match="does not exist"):
        read_energies(tmp_path / "gone.csv", IDS)


def test_the_sum_over_metabolites_is_compared_with_the_reaction(textbook: Gem) -> None:
    """Hexokinase-like bookkeeping on PFK: atp + f6p -> adp + fdp + h."""
    formation = {"atp_c": -564.41, "f6p_c": -316.0, "adp_c": -356.59, "fdp_c": -530.0, "h_c": 9.54}
    metabolites = textbook.metabolites.assign(delta_g=textbook.metabolites["id"].map(formation))
    reactions = textbook.reactions.assign(delta_g=np.where(textbook.reactions["id"] == "PFK", -6.2, np.nan))
    gem = Gem(textbook.id, metabolites, reactions, textbook.stoichiometry, textbook.genes)
    compared = energy_table(gem).set_index("id")
    without = -356.59 - 530.0 + 564.41 + 316.0
    assert compared.loc["PFK", "from_metabolites"] == pytest.approx(without + 9.54)
    assert compared.loc["PFK", "residual"] == pytest.approx(-6.2 - without - 9.54)
    assert compared.loc["PFK", "residual_without_protons"] == pytest.approx(-6.2 - without)
    assert compared.drop("PFK")["residual"].isna().all()


def test_an_energy_larger_than_any_reaction_s_is_marked_unless_oxygen_pays_for_it(textbook: Gem) -> None:
    """Cytochrome oxidase burns half an O2 a quinol; no reaction of the Krebs cycle comes near 450 kcal/mol."""
    energies = {"PFK": -6.2, "CS": -450.0, "CYTBD": -250.0, "ENO": 250.0, "EX_glc__D_e": -450.0}
    reactions = textbook.reactions.assign(delta_g=textbook.reactions["id"].map(energies))
    gem = Gem(textbook.id, textbook.metabolites, reactions, textbook.stoichiometry, textbook.genes)
    compared = energy_table(gem)
    assert set(compared.loc[compared["implausible"], "id"]) == {"CS", "ENO"}


@pytest.mark.mirror
def test_quinone_and_glycogen_reactions_of_yeast_are_marked(yeast_with_energies: Gem) -> None:
    compared = energy_table(yeast_with_energies)
    reductions = {"r_0770", "r_0773", "r_1021", "r_0331"}
    glycogen = {"r_0463", "r_0464", "r_0511"}
    assert set(compared.loc[compared["implausible"], "id"]) == reductions | glycogen


def test_a_sum_with_an_unknown_part_is_unknown(textbook: Gem) -> None:
    metabolites = textbook.metabolites.assign(delta_g=np.where(textbook.metabolites["id"] == "atp_c", -564.41, np.nan))
    gem = Gem(textbook.id, metabolites, textbook.reactions, textbook.stoichiometry, textbook.genes)
    assert energy_table(gem)["from_metabolites"].isna().all()


def test_kinds_of_reactions(textbook: Gem) -> None:
    kinds = energy_table(textbook).set_index("id")["kind"]
    assert kinds["PFK"] == "chemical"
    assert kinds["EX_o2_e"] == "boundary"
    assert kinds["ACt2r"] == kinds["ATPS4r"] == "transport"
    assert kinds.value_counts()["boundary"] == 20


@pytest.fixture(scope="module")
def yeast_with_energies(yeast: Gem, yeast_path: Path) -> Gem:
    folder = yeast_path.parent
    return with_energies(yeast, folder / "model_rxnDeltaG.csv", folder / "model_metDeltaG.csv")


@pytest.mark.mirror
def test_usable_energies_of_yeast(yeast_with_energies: Gem) -> None:
    assert yeast_with_energies.reactions["delta_g"].notna().sum() == 3210
    assert yeast_with_energies.metabolites["delta_g"].notna().sum() == 2389


@pytest.mark.mirror
def test_the_model_file_holds_the_same_energies_as_the_tables(yeast: Gem, yeast_with_energies: Gem) -> None:
    assert yeast.reactions["delta_g"].equals(yeast_with_energies.reactions["delta_g"])
    assert yeast.metabolites["delta_g"].equals(yeast_with_energies.metabolites["delta_g"])


@pytest.mark.mirror
def test_glycolysis_agrees_once_protons_count_zero(yeast_with_energies: Gem) -> None:
    """Reaction energies are transformed ones (pH 7): a free proton, 7 RT ln 10 = 9.54 kcal/mol, counts zero in them."""
    compared = energy_table(yeast_with_energies).set_index("id")
    kinase = compared.loc["r_0962"]
    assert kinase["residual"] == pytest.approx(9.54, abs=0.01)
    assert kinase["residual_without_protons"] == pytest.approx(0, abs=0.01)
    for name in ("r_0366", "r_0467", "r_0893", "r_1054"):
        assert compared.loc[name, "residual"] == pytest.approx(0, abs=0.01)
    chemical = compared[compared["kind"] == "chemical"]
    within = [(chemical[column].abs() < 1).sum() for column in ("residual", "residual_without_protons")]
    assert within[1] > 2 * within[0]
    assert compared["residual"].notna().sum() == 3204
