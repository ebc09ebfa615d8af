"""A model read from any format is the model that cobra reads."""

from pathlib import Path

import numpy as np
import pytest

from pipeline_lib.artefacts.schemas import METABOLITES, REACTIONS
from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.medium import with_medium
from pipeline_lib.metabolism.model.gem import Gem, read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of, tensors
from pipeline_lib.metabolism.named_media import NAMED_MEDIA


def same_model(ours: Gem, peer) -> None:
    """Assert that every id, bound, name, rule, objective and coefficient equals cobra's."""
    from cobra.util import create_stoichiometric_matrix

    reactions, metabolites = ours.reactions, ours.metabolites
    assert ours.genes == tuple(gene.id for gene in peer.genes)
    assert list(reactions["id"]) == [r.id for r in peer.reactions]
    assert list(reactions["name"]) == [r.name or "" for r in peer.reactions]
    assert list(reactions["gene_rule"]) == [r.gene_reaction_rule for r in peer.reactions]
    assert list(reactions["lower_bound"]) == [r.lower_bound for r in peer.reactions]
    assert list(reactions["upper_bound"]) == [r.upper_bound for r in peer.reactions]
    assert list(reactions["reversible"]) == [r.reversibility for r in peer.reactions]
    assert list(reactions["objective"]) == [r.objective_coefficient for r in peer.reactions]
    assert list(metabolites["id"]) == [m.id for m in peer.metabolites]
    assert list(metabolites["compartment"]) == [m.compartment for m in peer.metabolites]
    assert list(metabolites["formula"].fillna("")) == [m.formula or "" for m in peer.metabolites]
    charges = np.array([np.nan if m.charge is None else m.charge for m in peer.metabolites], dtype=float)
    assert np.array_equal(metabolites["charge"], charges, equal_nan=True)
    assert (ours.stoichiometry != create_stoichiometric_matrix(peer, array_type="lil").tocsc()).nnz == 0


def test_the_core_model_has_its_published_size(textbook: Gem) -> None:
    """Orth, Fleming & Palsson 2010: 72 metabolites, 95 reactions, 137 genes."""
    assert (*textbook.stoichiometry.shape, len(textbook.genes)) == (72, 95, 137)


def test_the_core_model_equals_cobras(textbook: Gem, cobra_textbook) -> None:
    same_model(textbook, cobra_textbook)


@pytest.mark.parametrize("suffix", ["json", "xml", "yml"])
def test_every_format_gives_the_same_model(tmp_path: Path, suffix: str, textbook: Gem, cobra_textbook) -> None:
    import cobra.io

    path = tmp_path / f"core.{suffix}"
    writers = {"json": cobra.io.save_json_model, "xml": cobra.io.write_sbml_model, "yml": cobra.io.save_yaml_model}
    writers[suffix](cobra_textbook, str(path))
    read = read_gem(path)
    assert read.genes == textbook.genes
    assert read.reactions.equals(textbook.reactions)
    assert read.metabolites.equals(textbook.metabolites)
    assert (read.stoichiometry != textbook.stoichiometry).nnz == 0


def test_the_tables_keep_their_contracts(textbook: Gem) -> None:
    METABOLITES.validate(textbook.metabolites, "metabolites")
    REACTIONS.validate(textbook.reactions, "reactions")


@pytest.mark.mirror
def test_yeast_gem_has_its_published_size(yeast: Gem) -> None:
    assert yeast.id == "yeastGEM_v9.0.2"
    assert yeast.stoichiometry.shape == (2806, 4131)
    assert yeast.stoichiometry.nnz == 15_567
    assert len(yeast.genes) == 1161
    assert (yeast.reactions["gene_rule"] == "").sum() == 1422


@pytest.mark.mirror
def test_coefficients_in_scientific_notation_are_numbers(yeast: Gem) -> None:
    """Plain PyYAML reads 1e-06 as text; the cofactor pool of the biomass has such coefficients."""
    smallest = np.abs(yeast.stoichiometry.data).min()
    assert 0 < smallest <= 1e-6


@pytest.mark.mirror
@pytest.mark.slow
def test_yeast_gem_equals_cobras(yeast: Gem, cobra_yeast) -> None:
    same_model(yeast, cobra_yeast)


@pytest.mark.mirror
@pytest.mark.slow
def test_a_flux_of_cobras_is_balanced_by_the_tensors_alone(yeast: Gem, cobra_yeast, imbalance, tmp_path: Path) -> None:
    """S v = 0 with nothing but the file stoichiometry.pt, in both views of the matrix."""
    solution = cobra_yeast.optimize()
    assert solution.objective_value == pytest.approx(0.0858, abs=1e-4)
    save_tensors(tensors(yeast, network_of(yeast).rules), tmp_path / "stoichiometry.pt")
    flux = solution.fluxes.to_numpy()
    assert np.abs(flux).max() > 1
    assert max(imbalance(load_tensors(tmp_path / "stoichiometry.pt"), flux)) < 1e-6


@pytest.mark.mirror
@pytest.mark.slow
def test_media_set_the_bounds_that_cobra_sets(yeast: Gem, cobra_yeast) -> None:
    with cobra_yeast as peer:
        peer.medium = NAMED_MEDIA["rich"][0].needed
        ours = with_medium(yeast, "rich").reactions
        assert list(ours["lower_bound"]) == [r.lower_bound for r in peer.reactions]
        assert list(ours["upper_bound"]) == [r.upper_bound for r in peer.reactions]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"gone\.yml does not exist"):
        read_gem(tmp_path / "gone.yml")


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with pytest.raises(PipelineError, match=r"model\.xls is not a (model|text file)"):
        read_gem(path)


def test_an_unknown_model_of_cobra_is_refused_without_the_network() -> None:
    with pytest.raises(PipelineError, match="cobra carries no model 'iMM904'"):
        read_gem("cobra:iMM904")


@pytest.mark.parametrize(("suffix", "text"), [("json", "{"), ("json", "{}"), ("xml", "<sbml>"), ("xml", "nonsense")])
def test_a_broken_file_is_refused(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"broken.{suffix}"
    path.write_text(text)
    with pytest.raises(PipelineError, match=f"broken.{suffix} is not a model"):
        read_gem(path)
