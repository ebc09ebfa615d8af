"""The model finds the effects that a screen was made of."""

import numpy as np
import pandas as pd

from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.models import ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.models.interface import Cell, FitContext
from pipeline_lib.models.registry import build, restore

EFFECTS = np.array([0.0, -0.4, 0.3, 0.1])


def screen(sets):
    n = len(sets)
    genes = np.array([[*genes, *[-1] * (3 - len(genes))] for genes in sets])
    value = np.array([1.0 + EFFECTS[list(genes)].sum() for genes in sets])
    none, unknown = np.full(n, -1), np.full(n, np.nan)
    zero = np.zeros(n, dtype=int)
    return Genotypes(np.arange(n), genes, zero, zero, none, none, value, unknown, unknown, ("ours",), ())


def test_effects_without_a_penalty_are_those_of_single_mutants():
    cell = Cell(pd.DataFrame({"gene": list("abcd")}), pd.DataFrame(), {})
    singles = screen([(0,), (1,), (2,), (3,)])
    settings = ModelSettings(extensions={"gene_effects": {"penalty": 0}})
    fitted = build("gene_effects", settings, TrainingSettings())
    fitted.fit(singles, singles.take(np.arange(0)), cell, FitContext())
    np.testing.assert_allclose(fitted.predict(singles).value, singles.value)
    pair = screen([(1, 2)])
    again = restore("gene_effects", fitted.state(), cell)
    np.testing.assert_array_equal(again.predict(pair).value, fitted.predict(pair).value)
