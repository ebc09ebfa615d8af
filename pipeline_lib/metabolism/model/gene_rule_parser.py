"""Parse gene-protein-reaction rules into the enzyme complexes that they stand for."""

import re
from itertools import accumulate, groupby

from pipeline_lib.errors import PipelineError

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
