"""Knockouts and growth look-ups: kinds F (genotypes of a request), K (look-ups)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.stoichiometry import network_of
from tests.cases.bench import Bench
from tests.cases.case import Case


def _knockouts(*genotypes: list[str]) -> Callable[[Bench], str]:
    def observe(bench: Bench) -> str:
        genes = bench.gene_table("cobra:textbook")
        parts = bench.network_tables(genes)
        pd.DataFrame({"genes": list(genotypes)}).to_parquet(bench.folder / "wanted.parquet")
        output = bench.folder / "knockouts.parquet"
        done = bench.command(
            "metabolism",
            "knockouts",
            "--genes",
            genes,
            *(item for name in ("reactions", "incidence", "complexes") for item in (f"--{name}", parts[name])),
            "--genotypes",
            bench.folder / "wanted.parquet",
            "--output",
            output,
        )
        if not output.exists():
            return done
        rows = pd.read_parquet(output)
        return "\n".join(
            f"{'+'.join(genes)} fitness {fitness:.6f}"
            for genes, fitness in zip(rows["genes"], rows["fitness"], strict=True)
        )

    return observe


def _look_up(solved: list[list[int]], asked: list[list[int]]) -> Callable[[Bench], str]:
    """Solve genotypes of the E. coli core model (gene positions) and look others up."""

    def observe(_: Bench) -> str:
        growths = solve_knockouts(network_of(read_gem("cobra:textbook")), np.array(solved))
        try:
            found = growths.fitness(np.array(asked))
        except KeyError as error:
            return f"KeyError: {error}"
        return f"fitness {found.tolist()}"

    return observe


_ROLES = tuple(
    index for index, gene in enumerate(read_gem("cobra:textbook").genes) if gene in {"b0720", "b1136", "b2779", "b1779"}
)
"""Positions of citrate synthase, isocitrate dehydrogenase, enolase and GAPDH, each with a reaction of its own."""

CASES = [
    Case(
        "21-same-gene-twice",
        "F",
        "a pair of one gene with itself is refused with its row",
        _knockouts(["b0720", "b1136"], ["b0726", "b0726"]),
        r"refused: .*row 2.*twice",
        folder="21-same-gene-twice",
    ),
    Case(
        "21-empty-list",
        "F",
        "an empty list of genes is refused with its row",
        _knockouts(["b0720"], []),
        r"refused: .*row 2.*(no gene|names no)",
        folder="21-same-gene-twice",
    ),
    Case(
        "21-four-genes",
        "F",
        "four genes are refused with their row",
        _knockouts(["b0720"], ["b0720", "b1136", "b2779", "b1779"]),
        r"refused: .*row 2.*three",
        folder="21-same-gene-twice",
    ),
    Case(
        "F-knockout-of-two",
        "F",
        "a pair and its singles are solved",
        _knockouts(["b0720", "b1136"]),
        r"b0720 fitness 0\.000000.*b0720\+b1136 fitness",
    ),
    Case(
        "F-spelled-twice",
        "F",
        "two spellings of one gene are that gene twice, as in screens and questions",
        _knockouts(["b0720", "B0720 "]),
        r"refused: .*row 1.*twice",
    ),
    Case(
        "C-knockout-spelling",
        "C",
        "knockouts know a gene by the rule of screens: letter case and blanks do not matter",
        _knockouts([" B0720"]),
        r"^b0720 fitness 0\.000000$",
    ),
    Case(
        "K-unsolved-pair",
        "K",
        "a pair that was not solved has no growth: KeyError",
        _look_up([[_ROLES[0], _ROLES[1]]], [[_ROLES[2], _ROLES[3]]]),
        "^KeyError",
    ),
    Case(
        "K-unsolved-order",
        "K",
        "an order that was not solved has no growth: KeyError",
        _look_up([[_ROLES[0]]], [[_ROLES[0], _ROLES[1]]]),
        "^KeyError",
    ),
    Case(
        "K-solved",
        "K",
        "what was solved is found",
        _look_up([[_ROLES[0], _ROLES[1]]], [[_ROLES[1], _ROLES[0]]]),
        r"^fitness \[0\.0",
    ),
]
