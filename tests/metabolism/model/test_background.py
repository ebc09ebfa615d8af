"""The background genotype: auxotrophic markers that every strain carries."""

import numpy as np
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.medium import with_medium
from pipeline_lib.metabolism.model.gem import STRAINS, Gem, background_genes, with_background
from pipeline_lib.metabolism.model.stoichiometry import network_of


def growth(gem: Gem, *genotypes: list[str]) -> list[float]:
    rows = np.array([[gem.genes.index(gene) for gene in genes] for genes in genotypes])
    return solve_knockouts(network_of(gem), rows).growth(rows).tolist()


def test_a_deletion_of_the_background_is_the_deletion_itself(textbook: Gem) -> None:
    """The wild type of the background grows as the knockout; deleting its gene again changes nothing."""
    single, pair = growth(textbook, ["b3736"], ["b3734"])[0], growth(textbook, ["b1723", "b3736"])[0]
    lacking = with_background(textbook, ["b3736"])
    assert growth(lacking, ["b3736"])[0] == pytest.approx(single)
    assert growth(lacking, ["b1723"])[0] == pytest.approx(pair)


def test_an_isozyme_in_the_background_blocks_nothing(textbook: Gem) -> None:
    # Phosphofructokinase has two: pfkA and pfkB.
    lacking = with_background(textbook, ["b1723"])
    bounds = ["lower_bound", "upper_bound", "reversible"]
    assert lacking.reactions[bounds].equals(textbook.reactions[bounds])
    # The other isozyme is all that is left.
    assert growth(lacking, ["b3916"]) == growth(textbook, ["b1723", "b3916"])
    bounds = with_background(textbook, ["b1723", "b3916"]).reactions.set_index("id")
    assert bounds.loc["PFK", ["lower_bound", "upper_bound"]].tolist() == [0, 0]


def test_no_background_is_the_model_itself(textbook: Gem) -> None:
    assert with_background(textbook, []) is textbook


def test_an_unknown_gene_is_refused_with_the_nearest_name(textbook: Gem) -> None:
    with pytest.raises(PipelineError, match=r"background: 'b372' is neither a gene .* nearest known name is 'b37"):
        with_background(textbook, ["b372"])
    with pytest.raises(PipelineError, match=r"'BY4743' is neither .*; the nearest known name is 'BY474"):
        with_background(textbook, ["BY4743"])


@pytest.mark.mirror
def test_the_markers_of_laboratory_strains_are_genes_of_yeast(yeast: Gem) -> None:
    assert {gene for strain in STRAINS.values() for gene in strain} <= set(yeast.genes)
    assert background_genes(["BY4741", "BY4742"], yeast.genes).count("YOR202W") == 1


@pytest.mark.mirror
def test_by4741_grows_where_its_auxotrophies_are_fed(yeast: Gem) -> None:
    strain = with_background(yeast, ["BY4741"])
    assert growth(with_medium(strain, "synthetic_complete"), ["YOR202W"])[0] > 0.1
    with pytest.raises(PipelineError, match="does not grow"):
        growth(with_medium(strain, "minimal"), ["YOR202W"])
    # SGA plates feed no histidine: his3 is complemented by S. pombe his5 in the strains that they select.
    with pytest.raises(PipelineError, match="does not grow"):
        growth(with_medium(strain, "sga_dm"), ["YOR202W"])
    for plate, selected in (("sga_dm", "sga_double_mutant"), ("sga_tm", "sga_triple_mutant")):
        assert growth(with_medium(with_background(yeast, [selected]), plate), ["YOR202W"])[0] == 0
        assert growth(with_medium(with_background(yeast, [selected]), plate), ["YCL018W"])[0] > 0.1
