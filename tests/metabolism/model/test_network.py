"""The network that later stages read back from the tables is the model's own."""

import numpy as np
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, incidence_table, read_network


def test_the_tables_alone_give_the_network_back(
    textbook: Gem, textbook_network: MetabolicNetwork, index_of_genes
) -> None:
    again = read_network(
        textbook.reactions,
        incidence_table(textbook.stoichiometry),
        textbook_network.rules.to_table(),
        index_of_genes(textbook.genes),
    )
    assert (again.stoichiometry != textbook_network.stoichiometry).nnz == 0
    for name in ("lower", "upper", "objective", "in_gem", "gem_genes"):
        assert np.array_equal(getattr(again, name), getattr(textbook_network, name))
    assert again.reactions == textbook_network.reactions
    assert again.genes == textbook.genes
    assert (again.rules.gene_to_complex != textbook_network.rules.gene_to_complex).nnz == 0


def test_genes_outside_the_model_block_nothing(textbook: Gem, index_of_genes) -> None:
    genes = ("a_gene_elsewhere", *textbook.genes)
    index = index_of_genes(genes)
    index["in_gem"] = index["gene"] != "a_gene_elsewhere"
    rules = GeneRules.from_rules(list(textbook.reactions["gene_rule"]), list(textbook.reactions["id"]), genes)
    network = read_network(textbook.reactions, incidence_table(textbook.stoichiometry), rules.to_table(), index)
    assert network.gem_genes.tolist() == list(range(1, 138))
    blocked = network.rules.blocked_reactions(network.genotype_matrix([[0], [1]]))
    assert np.diff(blocked.indptr)[0] == 0


def test_genotypes_as_lists_and_as_padded_rows_are_the_same(textbook_network: MetabolicNetwork) -> None:
    lists = textbook_network.genotype_matrix([[3], [5, 7], [], [1, 2, 4]])
    rows = textbook_network.genotype_matrix(np.array([[3, -1, -1], [5, 7, -1], [-1, -1, -1], [1, 2, 4]]))
    assert (lists != rows).nnz == 0
    assert np.diff(lists.indptr).tolist() == [1, 2, 0, 3]


def test_tables_that_do_not_belong_together_are_refused(
    textbook: Gem, textbook_network: MetabolicNetwork, index_of_genes
) -> None:
    incidence, complexes = incidence_table(textbook.stoichiometry), textbook_network.rules.to_table()
    genes = index_of_genes(textbook.genes)
    with pytest.raises(PipelineError, match="incidence table names reactions"):
        read_network(textbook.reactions.head(50), incidence, complexes, genes)
    with pytest.raises(PipelineError, match="reactions table is not in the order"):
        read_network(textbook.reactions.iloc[::-1], incidence, complexes, genes)
    with pytest.raises(PipelineError, match="genes table is not in the order"):
        read_network(textbook.reactions, incidence, complexes, genes.iloc[::-1])
