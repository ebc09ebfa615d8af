"""Gene rules: what a deletion costs a reaction, exactly and for many genotypes at once."""

import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.metabolism.model.gem import Gem
from pipeline_lib.metabolism.model.gene_rules import GeneRules, parse_rule
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork

GENES = ("YAL001C", "YBR002W-A", "Q0045", "b0001", "YDL003C")
Tree = str | tuple[str, "Tree", "Tree"]

trees = st.recursive(
    st.sampled_from(GENES), lambda sub: st.tuples(st.sampled_from(["and", "or"]), sub, sub), max_leaves=12
)
spellings = st.fixed_dictionaries(
    {
        "and": st.sampled_from([" and ", " AND ", " And ", "&", " & ", " && "]),
        "or": st.sampled_from([" or ", " OR ", "|", " | ", " || "]),
        "brackets": st.booleans(),
    }
)


def written(tree: Tree, spelling: dict, parent: str = "or") -> str:
    """Write a tree as a rule; without `brackets` only those that precedence needs."""
    if isinstance(tree, str):
        return tree
    operator, left, right = tree
    text = written(left, spelling, operator) + spelling[operator] + written(right, spelling, operator)
    return f"({text})" if spelling["brackets"] or (operator, parent) == ("or", "and") else text


def alive(tree: Tree, present: frozenset[str]) -> bool:
    if isinstance(tree, str):
        return tree in present
    combine = all if tree[0] == "and" else any
    return combine(alive(branch, present) for branch in tree[1:])


def genotypes() -> list[frozenset[str]]:
    return [
        frozenset(gene for gene, there in zip(GENES, row, strict=True) if there) for row in product([0, 1], repeat=5)
    ]


@given(trees, spellings)
def test_the_complexes_have_the_rules_truth_table(tree: Tree, spelling: dict) -> None:
    complexes = parse_rule(written(tree, spelling), "r")
    for present in genotypes():
        assert any(genes <= present for genes in complexes) == alive(tree, present)


@given(trees, spellings)
def test_no_complex_contains_another(tree: Tree, spelling: dict) -> None:
    complexes = parse_rule(written(tree, spelling), "r")
    assert not any(a < b for a in complexes for b in complexes)
    assert len(set(complexes)) == len(complexes)


@given(st.lists(trees, min_size=1, max_size=6))
def test_a_reaction_is_blocked_where_its_rule_is_false(rules: list[Tree]) -> None:
    spelling = {"and": " and ", "or": " or ", "brackets": True}
    names = [f"r_{number}" for number in range(len(rules))]
    compiled = GeneRules.from_rules([written(tree, spelling) for tree in rules], names, GENES)
    present = genotypes()
    deleted = np.array([[gene not in row for gene in GENES] for row in present])
    blocked = compiled.blocked_reactions(deleted).toarray()
    expected = [[not alive(tree, row) for tree in rules] for row in present]
    assert blocked.tolist() == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", []),
        ("  ", []),
        ("A", [{"A"}]),
        ("A and B", [{"A", "B"}]),
        ("A or B", [{"A"}, {"B"}]),
        ("A and B or C", [{"C"}, {"A", "B"}]),
        ("A and (B or C)", [{"A", "B"}, {"A", "C"}]),
        ("((A))", [{"A"}]),
        ("A or (A and B)", [{"A"}]),
        ("(A or B) and (A or C)", [{"A"}, {"B", "C"}]),
        ("ANDROGEN or ORF1", [{"ANDROGEN"}, {"ORF1"}]),
    ],
)
def test_rules_read_as_a_biochemist_would(rule: str, expected: list[set[str]]) -> None:
    assert list(parse_rule(rule, "r")) == [frozenset(genes) for genes in expected]


@pytest.mark.parametrize(
    "rule", ["A and", "or A", "A B", "A or or B", "(A or B", "A or B)", "()", "A and (B or)", ")(", "A (B)", "and"]
)
def test_a_malformed_rule_names_its_reaction(rule: str) -> None:
    with pytest.raises(PipelineError, match=r"reaction 'r_0042': the gene rule .* is malformed"):
        parse_rule(rule, "r_0042")


def test_a_rule_that_explodes_is_refused() -> None:
    rule = " and ".join(f"(a{number} or b{number})" for number in range(20))
    with pytest.raises(PipelineError, match="more than 20000 complexes"):
        parse_rule(rule, "r")


def test_a_gene_outside_the_index_is_named() -> None:
    with pytest.raises(PipelineError, match="reaction 'r_1': its gene rule names 'YZZ999W'"):
        GeneRules.from_rules(["YAL001C and YZZ999W"], ["r_1"], ["YAL001C"])


def test_an_isozyme_covers_the_loss() -> None:
    rules = GeneRules.from_rules(["A or B", "A and C", ""], ["isozymes", "complex", "spontaneous"], ["A", "B", "C"])
    blocked = rules.blocked_reactions(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1]])).toarray()
    assert blocked.tolist() == [
        [False, True, False],
        [True, True, False],
        [False, False, False],
        [True, True, False],
    ]
    assert rules.has_rule.tolist() == [True, True, False]


def test_the_table_holds_the_whole_of_the_rules(textbook: Gem, textbook_network: MetabolicNetwork) -> None:
    rules = textbook_network.rules
    again = GeneRules.from_table(rules.to_table(), textbook.genes, len(textbook.reactions))
    assert (again.gene_to_complex != rules.gene_to_complex).nnz == 0
    assert (again.complex_to_reaction != rules.complex_to_reaction).nnz == 0
    assert again.has_rule.tolist() == rules.has_rule.tolist()


def test_a_table_of_another_gene_index_is_refused(textbook: Gem, textbook_network: MetabolicNetwork) -> None:
    table = textbook_network.rules.to_table()
    with pytest.raises(PipelineError, match=r"gene_index .* belongs to another gene index"):
        GeneRules.from_table(table, textbook.genes[:50], len(textbook.reactions))


def blocked_by_cobra(gem: Gem, deletions: list[tuple[int, ...]]) -> list[list[int]]:
    """Return the reactions that cobra's GPR evaluation blocks, a sorted list a genotype.

    A rule that names none of the deleted genes is evaluated once, with nothing deleted.
    """
    from cobra.core.gene import GPR

    compiled = [GPR.from_string(rule) for rule in gem.reactions["gene_rule"]]
    assert all(rule.eval() for rule in compiled if rule.genes)
    uses: dict[str, list[int]] = {}
    for index, rule in enumerate(compiled):
        for gene in rule.genes:
            uses.setdefault(gene, []).append(index)
    found = []
    for members in deletions:
        names = {gem.genes[gene] for gene in members}
        concerned = sorted({index for name in names for index in uses.get(name, [])})
        found.append([index for index in concerned if not compiled[index].eval(names)])
    return found


def blocked_by_us(network: MetabolicNetwork, deletions: list[tuple[int, ...]]) -> list[list[int]]:
    blocked = network.rules.blocked_reactions(network.genotype_matrix(deletions))
    return [part.tolist() for part in np.split(blocked.indices, blocked.indptr[1:-1])]


def random_sets(genes: int, order: int, count: int) -> list[tuple[int, ...]]:
    generator = np.random.default_rng(order)
    return [tuple(generator.choice(genes, size=order, replace=False).tolist()) for _ in range(count)]


def test_the_core_model_loses_the_reactions_that_cobra_blocks(
    textbook: Gem, textbook_network: MetabolicNetwork
) -> None:
    genes = len(textbook.genes)
    pairs = [(a, b) for a in range(genes) for b in range(a)]
    deletions = [(gene,) for gene in range(genes)] + pairs + random_sets(genes, 3, 2000)
    assert blocked_by_us(textbook_network, deletions) == blocked_by_cobra(textbook, deletions)


@pytest.mark.mirror
def test_yeast_loses_the_reactions_that_cobra_blocks(yeast: Gem, yeast_network: MetabolicNetwork) -> None:
    """Every reaction, every single deletion, 20,000 random pairs and 20,000 random triples."""
    genes = len(yeast.genes)
    singles = [(gene,) for gene in range(genes)]
    deletions = singles + random_sets(genes, 2, 20_000) + random_sets(genes, 3, 20_000)
    ours = blocked_by_us(yeast_network, deletions)
    assert ours == blocked_by_cobra(yeast, deletions)
    assert sum(map(len, ours[: len(singles)])) == 2465


@pytest.mark.parametrize("rule", ["(" * 5000, "(" * 5000 + "YAL001C" + ")" * 5000])
def test_a_rule_of_brackets_without_end_is_refused(rule: str) -> None:
    with pytest.raises(PipelineError, match="nested more than 100 deep"):
        parse_rule(rule, "r_1")


def test_rules_find_their_genes_under_any_name() -> None:
    """YDR322C_A is YDR322C-A, and a complex of one gene under two names is one part."""
    names = GeneNames(["YBR001C", "YDR322C-A"], ["NTH2", "TIM11"], [[], ["ATP21"]], np.array([True, True]))
    rules = GeneRules.from_names(["YDR322C_A and ybr001c", "TIM11 and ATP21", ""], ["r1", "r2", "r3"], names)
    assert rules.genes == ("YBR001C", "YDR322C-A")
    deleted = sparse.csr_array(np.eye(2))
    assert rules.blocked_reactions(deleted).toarray().tolist() == [[True, False, False], [True, True, False]]
    assert rules.to_table()["gene_index"].tolist() == [0, 1, 1]


def test_complexes_that_become_one_or_part_of_another_are_absorbed() -> None:
    """A or (A' and B), where A' is another name of A, is A."""
    names = GeneNames(["A", "B"], ["A", "B"], [["A1"], []], np.array([True, True]))
    rules = GeneRules.from_names(["A or (A1 and B)", "A or A1"], ["r1", "r2"], names)
    assert rules.to_table().to_numpy().tolist() == [[0, 0, 0], [1, 1, 0]]


def test_a_name_of_two_genes_in_a_rule_is_refused() -> None:
    names = GeneNames(["A", "B"], ["A", "B"], [["X"], ["X"]], np.array([True, True]))
    with pytest.raises(PipelineError, match="reaction 'r_1', its gene rule: gene name 'X' is ambiguous: A, B"):
        GeneRules.from_names(["X"], ["r_1"], names)


def test_a_rule_of_thousands_of_complexes_is_brought_to_its_form_at_once() -> None:
    """Nine subunits, each of three forms, one of which is a dimer: 3 ** 9 complexes."""
    started = time.perf_counter()
    rule = " and ".join(f"(x{i} or y{i} or (z{i} and w{i}))" for i in range(9))
    complexes = parse_rule(rule, "R")
    assert len(set(complexes)) == 3**9
    assert {len(genes) for genes in complexes} == set(range(9, 19))
    assert time.perf_counter() - started < 10
