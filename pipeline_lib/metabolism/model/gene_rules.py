"""Gene-protein-reaction rules: parsed into complexes, as sparse matrices, evaluated for many genotypes at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import AMBIGUOUS, UNKNOWN, GeneNames

Complexes = tuple[frozenset[str], ...]

_TOKEN = re.compile(r"\s*(?:(\(|\))|(&{1,2}|\|{1,2})|([^\s()&|]+))")
_ONE_WORD = re.compile(r"[^\s()&|]+")
_OPERATORS = {"and": "and", "&": "and", "&&": "and", "or": "or", "|": "or", "||": "or"}
_MOST_COMPLEXES = 20_000
_DEEPEST = 100
"""Brackets within brackets: published rules have three or four; the parser calls itself for each."""


def parse_rule(rule: str, reaction: str) -> Complexes:
    """Bring a gene rule into minimal disjunctive normal form.

    ``and`` binds more tightly than ``or``; both may be written in any case, or as ``&`` and ``|``.

    Parameters
    ----------
    rule
        For instance ``(YDL174C and YEL039C) or YDL178W``; empty for a reaction that needs no gene.
    reaction
        The reaction's id, for the error.

    Returns
    -------
    tuple of frozenset of str
        The gene sets (enzyme complexes), each enough for the reaction; none contains another (absorption law, so
        for these monotone formulas they are the prime implicants). Sorted; empty for an empty rule.

    Raises
    ------
    PipelineError
        When the rule is malformed.
    """
    if _ONE_WORD.fullmatch(rule) and rule.lower() not in _OPERATORS:
        return (frozenset([rule]),)
    tokens = _tokens(rule)
    if not tokens:
        return ()
    if _depth(tokens) > _DEEPEST:
        raise _malformed(f"{rule[:60]}...", reaction, f"its parentheses are nested more than {_DEEPEST} deep")
    alternatives, rest = _parse_or(tokens, 0, rule, reaction)
    if rest < len(tokens):
        raise _malformed(rule, reaction, f"unexpected '{tokens[rest][1]}'")
    return tuple(sorted(alternatives, key=lambda genes: (len(genes), sorted(genes))))


def _tokens(rule: str) -> list[tuple[str, str]]:
    """Return (kind, text) pairs; kinds are '(', ')', 'and', 'or' and 'gene'."""
    found = []
    for bracket, symbol, word in _TOKEN.findall(rule):
        operator = _OPERATORS.get(symbol or word.lower())
        found.append((bracket or operator or "gene", bracket or symbol or word))
    return found


def _depth(tokens: list[tuple[str, str]]) -> int:
    steps = ({"(": 1, ")": -1}.get(kind, 0) for kind, _ in tokens)
    return max(accumulate(steps), default=0)


def _malformed(rule: str, reaction: str, fault: str) -> PipelineError:
    listed = " ".join(rule.split())
    return PipelineError(
        f"reaction '{reaction}': the gene rule '{listed}' is malformed: {fault}; mend it in the model."
    )


def _parse_or(tokens: list[tuple[str, str]], at: int, rule: str, reaction: str) -> tuple[set[frozenset[str]], int]:
    alternatives, at = _parse_and(tokens, at, rule, reaction)
    while at < len(tokens) and tokens[at][0] == "or":
        more, at = _parse_and(tokens, at + 1, rule, reaction)
        apart = _share_no_gene(alternatives, more)
        alternatives = alternatives | more if apart else _absorb(alternatives | more)
    return alternatives, at


def _parse_and(tokens: list[tuple[str, str]], at: int, rule: str, reaction: str) -> tuple[set[frozenset[str]], int]:
    alternatives, at = _parse_operand(tokens, at, rule, reaction)
    while at < len(tokens) and tokens[at][0] == "and":
        more, at = _parse_operand(tokens, at + 1, rule, reaction)
        if len(alternatives) * len(more) > _MOST_COMPLEXES:
            raise PipelineError(
                f"reaction '{reaction}': the gene rule stands for more than {_MOST_COMPLEXES} complexes; simplify it."
            )
        apart = _share_no_gene(alternatives, more)
        joint = {left | right for left in alternatives for right in more}
        alternatives = joint if apart else _absorb(joint)
    return alternatives, at


def _parse_operand(tokens: list[tuple[str, str]], at: int, rule: str, reaction: str) -> tuple[set[frozenset[str]], int]:
    if at == len(tokens):
        raise _malformed(rule, reaction, "it ends where a gene was expected")
    kind, text = tokens[at]
    if kind == "gene":
        return {frozenset([text])}, at + 1
    if kind == "(":
        alternatives, at = _parse_or(tokens, at + 1, rule, reaction)
        if at == len(tokens):
            raise _malformed(rule, reaction, "a parenthesis is not closed")
        if tokens[at][0] != ")":
            raise _malformed(rule, reaction, f"unexpected '{tokens[at][1]}'")
        return alternatives, at + 1
    raise _malformed(rule, reaction, f"'{text}' stands where a gene was expected")


def _share_no_gene(left: set[frozenset[str]], right: set[frozenset[str]]) -> bool:
    """Return whether two minimal forms share no gene: their union and their product are minimal as they are."""
    return frozenset().union(*left).isdisjoint(frozenset().union(*right))


def _absorb(alternatives: set[frozenset[str]]) -> set[frozenset[str]]:
    """Drop every set that contains another: A or (A and B) is A."""
    kept: list[frozenset[str]] = []
    # Sets of one size cannot contain one another, so each size is compared with the smaller ones alone.
    for _, equals in groupby(sorted(alternatives, key=len), key=len):
        kept += [genes for genes in equals if not any(smaller < genes for smaller in kept)]
    return set(kept)


@dataclass(frozen=True)
class GeneRules:
    """The rules of R reactions over G genes as sparse matrices; each of the C complexes serves one reaction.

    Attributes
    ----------
    gene_to_complex
        int32 csr [G, C]: 1 where the gene is a part of the complex.
    complex_to_reaction
        int32 csr [C, R]: 1 where the complex catalyses the reaction.
    genes
        The G gene ids.
    """

    gene_to_complex: sparse.csr_array
    complex_to_reaction: sparse.csr_array
    genes: tuple[str, ...]

    @classmethod
    def from_rules(cls, rules: Sequence[str], reactions: Sequence[str], genes: Sequence[str]) -> "GeneRules":
        """Parse one rule a reaction, the genes being the model's own; see `from_names`."""
        return cls.from_names(rules, reactions, GeneNames.of_model(genes))

    @classmethod
    def from_names(cls, rules: Sequence[str], reactions: Sequence[str], names: GeneNames) -> "GeneRules":
        """Parse one rule a reaction and find its genes in the gene index, whatever name the model gives them.

        Two ids of one gene within a complex are one part of it, and complexes that become equal are one.

        Raises
        ------
        PipelineError
            When a rule is malformed or names what is not one gene of the index.
        """
        complexes: dict[str, list[list[int]]] = {}
        reaction_of: list[int] = []
        gene_of: list[int] = []
        complex_of: list[int] = []
        for index, (rule, reaction) in enumerate(zip(rules, reactions, strict=True)):
            if rule not in complexes:
                complexes[rule] = _of_one_index(parse_rule(rule, reaction), reaction, names)
            for members in complexes[rule]:
                gene_of += members
                complex_of += [len(reaction_of)] * len(members)
                reaction_of.append(index)
        return cls.from_pairs(
            np.array([gene_of, complex_of], dtype=np.int64),
            np.array([np.arange(len(reaction_of)), reaction_of], dtype=np.int64),
            tuple(names.genes.to_pylist()),
            len(reactions),
        )

    @classmethod
    def from_table(cls, complexes: pd.DataFrame, genes: Sequence[str], num_reactions: int) -> "GeneRules":
        """Rebuild the rules from the table `pipeline_lib.artefacts.schemas.COMPLEXES`.

        Raises
        ------
        PipelineError
            When an index lies outside the genes or the reactions.
        """
        for column, size in (("gene_index", len(genes)), ("reaction_index", num_reactions)):
            if len(complexes) and int(complexes[column].max()) >= size:
                raise PipelineError(
                    f"the complexes table has {column} {int(complexes[column].max())}, but there are only {size}: "
                    "it belongs to another gene index or model; make it anew."
                )
        owners = complexes[["complex_index", "reaction_index"]].drop_duplicates()
        return cls.from_pairs(
            complexes[["gene_index", "complex_index"]].to_numpy(np.int64).T,
            owners.to_numpy(np.int64).T,
            tuple(genes),
            num_reactions,
        )

    @classmethod
    def from_pairs(
        cls,
        gene_to_complex: NDArray[np.int64],
        complex_to_reaction: NDArray[np.int64],
        genes: tuple[str, ...],
        num_reactions: int,
    ) -> "GeneRules":
        """Build the matrices from index pairs, int64 [2, K] and [2, C]."""
        num_complexes = complex_to_reaction.shape[1]
        return cls(
            gene_to_complex=_indicator(gene_to_complex, (len(genes), num_complexes)),
            complex_to_reaction=_indicator(complex_to_reaction, (num_complexes, num_reactions)),
            genes=genes,
        )

    @cached_property
    def complexes_of_reaction(self) -> NDArray[np.int64]:
        """Number of complexes a reaction has, int64 [R]; 0 where there is no rule."""
        return np.asarray(self.complex_to_reaction.sum(axis=0), dtype=np.int64)

    @property
    def has_rule(self) -> NDArray[np.bool_]:
        """Whether a reaction has a rule, bool [R]; one without never loses its enzyme."""
        return self.complexes_of_reaction > 0

    def blocked_reactions(self, genotypes: sparse.csr_array) -> sparse.csr_array:
        """Find the reactions that lose every complex, for many genotypes at once.

        A complex is lost when any of its genes is deleted; a reaction is blocked when all its complexes are lost.
        With the deletions D [n, G], ``(D @ gene_to_complex > 0) @ complex_to_reaction`` counts the lost complexes,
        which are compared with the number that the reaction has.

        Parameters
        ----------
        genotypes
            csr [n, G]: non-zero where the genotype lacks the gene.

        Returns
        -------
        csr_array
            bool [n, R]: True where the reaction carries no flux; indices sorted.
        """
        deletions = sparse.csr_array(genotypes, dtype=np.int32)
        lost = deletions @ self.gene_to_complex
        lost.data[:] = 1
        count = lost @ self.complex_to_reaction
        whole = count.data == self.complexes_of_reaction[count.indices]
        blocked = sparse.csr_array((whole, count.indices, count.indptr), shape=count.shape)
        blocked.eliminate_zeros()
        blocked.sort_indices()
        return blocked

    def to_table(self) -> pd.DataFrame:
        """Return the table `pipeline_lib.artefacts.schemas.COMPLEXES`, sorted by complex and gene."""
        members = self.gene_to_complex.T.tocsr().tocoo()
        reaction = self.complex_to_reaction.indices.astype(np.int64)
        return pd.DataFrame(
            {
                "complex_index": members.row.astype(np.int64),
                "reaction_index": reaction[members.row],
                "gene_index": members.col.astype(np.int64),
            }
        )


def _of_one_index(complexes: Complexes, reaction: str, names: GeneNames) -> list[list[int]]:
    """Return the ascending gene indices of each complex; none contains another."""
    found: dict[frozenset[int], None] = {}
    for members in complexes:
        for name in sorted(members):
            if names.position(name) == UNKNOWN:
                raise PipelineError(
                    f"reaction '{reaction}': its gene rule names '{name}', which is not in the gene index."
                )
            if names.position(name) == AMBIGUOUS:
                raise PipelineError(
                    f"reaction '{reaction}', its gene rule: {names.explain(name)}; mend it in the model."
                )
        found[frozenset(names.position(name) for name in members)] = None
    distinct = list(found)
    if len(frozenset().union(*distinct)) < len(frozenset().union(*complexes)):
        # Two ids were one gene, so a complex may now lie within another (absorption law).
        distinct = [genes for genes in distinct if not any(smaller < genes for smaller in distinct)]
    return [sorted(genes) for genes in distinct]


def _indicator(pairs: NDArray[np.int64], shape: tuple[int, int]) -> sparse.csr_array:
    ones = np.ones(pairs.shape[1], dtype=np.int32)
    matrix = sparse.csr_array((ones, (pairs[0], pairs[1])), shape=shape)
    matrix.data[:] = 1
    return matrix
