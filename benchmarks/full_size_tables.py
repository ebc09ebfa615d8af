"""Write Costanzo 2016, Kuzmin 2018 and Kuzmin 2020 at their published size and in their layouts, with planted effects.

What is planted: a fitness for every gene; genes in modules; epsilon of two genes and tau of three by their modules,
sparse, scaled by a strength of each gene, so that the genes of a module share a profile. Scores carry normal noise of
the released SD, and the P-value of a score is the published one: one-sided, on the side where the score lies, hence at
most 0.5. tau follows the published definition from raw epsilon and the control screens of the same query.

A part of the tables (`fraction`) keeps the square root of that fraction of the genes, of the query strains and of the
array strains, so that rows shrink by the fraction and crosses stay as dense as they are.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from pipeline_lib.simulation.design import NEUTRAL_CONTROL
from pipeline_lib.simulation.layouts import COLUMNS as COLUMNS_2016
from pipeline_lib.simulation.layouts import COLUMNS_2018, COLUMNS_2020, FILE_2018, FILES_2020, PUBLISHED_ROWS
from pipeline_lib.simulation.layouts import FILES as FILES_2016

ROWS_2016 = PUBLISHED_ROWS
ROWS_2018 = (410_399, 91_111)
"""Digenic and trigenic rows of Data S1; of 2018 only negative tau were released."""
ROWS_2020 = {"S1": (530_000, 264_774), "S3": (203_484, 101_742)}
"""Digenic and trigenic rows of the workbooks: 794,774 and 305,226, some 1.1 million in all."""

GENES, ESSENTIAL = 5_900, 1_050
STRAINS = {"sn": 3_400, "tsq": 1_000, "damp": 330, "dma": 3_885, "tsa": 900}
"""Strains of Costanzo 2016 by the kind that their ids name: three kinds of query, two of array strains."""
QUERIES_2018, ARRAYS_2018 = 200, 1_182
QUERIES_2020 = {"S1": 240, "S3": 92}
ARRAYS_2020 = {"S1": 1_170, "S3": 1_200}
MODULES = 120
PAIR_SHARE, TRIPLE_SHARE = 0.06, 0.08
"""Shares of the pairs and of the triples of modules that interact."""

_ENDING = {"sn": "Δ", "tsq": "-1", "damp": "_damp", "dma": "Δ", "tsa": "-1"}
_CROSSES = {
    "ExE": (("tsq", ("tsa",), 1.0),),
    "ExN_NxE": (("tsq", ("dma",), 0.57), ("sn", ("tsa",), 0.43)),
    "NxN": (("sn", ("dma",), 1.0),),
    "DAmP": (("damp", ("dma", "tsa"), 1.0),),
}
"""Query strains, array strains and share of the rows of each file."""
_CELLS_AT_ONCE = 1_000_000

Values = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class PlantedCell:
    """Genes and the truth about them, arrays of length g.

    Attributes
    ----------
    gene, name
        str: systematic and standard names.
    essential
        bool.
    module
        int64: 0 to `MODULES` - 1.
    strength
        float64: how strongly a gene shows the interactions of its module.
    fitness
        float64: of the single mutant, wild type = 1.
    pairs, triples
        float64 [m, m] and float32 [m, m, m]: effects of modules; that of three stands at their sorted numbers.
    """

    gene: NDArray[np.str_]
    name: NDArray[np.str_]
    essential: NDArray[np.bool_]
    module: Index
    strength: Values
    fitness: Values
    pairs: Values
    triples: NDArray[np.float32]

    def epsilon(self, first: Index, second: Index) -> Values:
        """Return the interaction of two genes each, float64 [n]."""
        effect = self.pairs[self.module[first], self.module[second]]
        return np.asarray(effect * self.strength[first] * self.strength[second])

    def tau(self, first: Index, second: Index, third: Index) -> Values:
        """Return the interaction of three genes each, float64 [n]."""
        one, two, three = np.sort(self.module[np.stack([first, second, third])], axis=0)
        strength = self.strength[first] * self.strength[second] * self.strength[third]
        return np.asarray(self.triples[one, two, three] * strength, dtype=np.float64)


def plant(genes: pd.DataFrame, fraction: float, seed: int = 0) -> PlantedCell:
    """Choose the genes of a part of the tables and plant the truth.

    Parameters
    ----------
    genes
        gene, name, essential: at least as many as are wanted of either kind.
    fraction
        Share of the rows, above 0 to 1.
    seed
        Decides everything.
    """
    random = np.random.default_rng([seed, 0])
    essential = genes["essential"].fillna(value=False).to_numpy(bool)
    chosen = [
        random.permutation(np.flatnonzero(essential == kind))[: _thinned(number, fraction)]
        for kind, number in ((True, ESSENTIAL), (False, GENES - ESSENTIAL))
    ]
    rows = np.sort(np.concatenate(chosen))
    n = len(rows)
    effects = random.normal(-0.03, 0.12, (MODULES, MODULES)) * (random.random((MODULES, MODULES)) < PAIR_SHARE)
    triples = random.normal(-0.04, 0.1, (MODULES,) * 3) * (random.random((MODULES,) * 3) < TRIPLE_SHARE)
    return PlantedCell(
        gene=genes["gene"].to_numpy(str)[rows],
        name=genes["name"].to_numpy(str)[rows],
        essential=essential[rows],
        module=random.integers(0, MODULES, n),
        strength=random.uniform(0.4, 1.4, n),
        fitness=np.where(essential[rows], random.beta(8, 3, n), 1.02 - random.gamma(0.6, 0.1, n)).clip(0.3, 1.1),
        pairs=np.triu(effects) + np.triu(effects, 1).T,
        triples=triples.astype(np.float32),
    )


@dataclass(frozen=True)
class Strains:
    """Strains, n of them: their genes (int64 [n], or [n, 2] of double mutants), ids, alleles and measured fitness."""

    genes: Index
    ids: NDArray[np.str_]
    alleles: NDArray[np.str_]
    fitness: Values


def write_2016(cell: PlantedCell, folder: Path, fraction: float, seed: int = 0) -> dict[str, int]:
    """Write the four pairwise files block by block and return the rows of each."""
    random = np.random.default_rng([seed, 2016])
    strains = {kind: _single_strains(cell, kind, fraction, random) for kind in STRAINS}
    written: dict[str, int] = {}
    for name, crosses in _CROSSES.items():
        rows = _share(ROWS_2016[name], fraction)
        with (folder / FILES_2016[name]).open("wb") as target:
            target.write(("\t".join(COLUMNS_2016) + "\n").encode())
            for number, (query, arrays, share) in enumerate(crosses):
                last = number == len(crosses) - 1
                wanted = rows - written.get(name, 0) if last else round(rows * share)
                array = _joined([strains[kind] for kind in arrays])
                for block in _digenic_blocks(cell, strains[query], array, wanted, random):
                    block.write_csv(target, separator="\t", include_header=False)
                written[name] = written.get(name, 0) + wanted
    return written


def write_2018(cell: PlantedCell, folder: Path, fraction: float, seed: int = 0) -> int:
    """Write Data S1 and return its rows."""
    random = np.random.default_rng([seed, 2018])
    rows = tuple(_share(count, fraction) for count in ROWS_2018)
    table = _trigenic_table(
        cell, _thinned(QUERIES_2018, fraction), _thinned(ARRAYS_2018, fraction), rows, random, negative=True
    )
    table.rename(dict(zip(table.columns, COLUMNS_2018, strict=True))).write_csv(folder / FILE_2018, separator="\t")
    return table.height


def write_2020(cell: PlantedCell, folder: Path, fraction: float, seed: int = 0) -> dict[str, int]:
    """Write Tables S1 and S3, workbooks with one title row above the header, and return the rows of each."""
    written: dict[str, int] = {}
    for number, (name, counts) in enumerate(ROWS_2020.items()):
        random = np.random.default_rng([seed, 2020, number])
        queries, arrays = _thinned(QUERIES_2020[name], fraction), _thinned(ARRAYS_2020[name], fraction)
        rows = tuple(_share(count, fraction) for count in counts)
        table = _trigenic_table(cell, queries, arrays, rows, random, negative=False)
        table = table.rename(dict(zip(table.columns, COLUMNS_2020, strict=True)))
        _write_workbook(table, f"Table {name}", folder / FILES_2020[name])
        written[name] = table.height
    return written


def _thinned(number: int, fraction: float) -> int:
    return int(np.ceil(number * np.sqrt(fraction)))


def _share(rows: int, fraction: float) -> int:
    return round(rows * fraction)


def _single_strains(cell: PlantedCell, kind: str, fraction: float, random: np.random.Generator) -> Strains:
    """Return single mutants; where there are more strains than genes, some genes have two alleles."""
    of_kind = np.flatnonzero(cell.essential == (kind in {"tsq", "tsa", "damp"}))
    count = _thinned(STRAINS[kind], fraction)
    genes = np.resize(random.permutation(of_kind), count)
    ids = np.array([f"{gene}_{kind}{number}" for number, gene in enumerate(cell.gene[genes], start=1)])
    alleles = np.array([f"{name.lower()}{_ENDING[kind]}" for name in cell.name[genes]])
    return Strains(genes, ids, alleles, _measured(cell.fitness[genes], random))


def _measured(fitness: Values, random: np.random.Generator) -> Values:
    return np.asarray((fitness + random.normal(0, 0.02, fitness.shape)).clip(0.1).round(4))


def _joined(parts: list[Strains]) -> Strains:
    columns = ([getattr(part, name) for part in parts] for name in ("genes", "ids", "alleles", "fitness"))
    return Strains(*(np.concatenate(column) for column in columns))


def _crosses(query: Index, array: Index, wanted: int, random: np.random.Generator) -> Iterator[tuple[Index, Index]]:
    """Yield positions of query and array strains of `wanted` crosses in all, those of a gene with itself left out.

    `query` is int64 [q, k], the k genes of each query strain, and `array` int64 [a].
    """
    step = max(1, _CELLS_AT_ONCE // len(array))
    for start in range(0, len(query), step):
        end = min(start + step, len(query))
        here = wanted * end // len(query) - wanted * start // len(query)
        possible = np.flatnonzero((query[start:end, None, :] != array[None, :, None]).all(axis=2))
        if here > len(possible):
            raise ValueError(f"{here} crosses are wanted of {len(possible)}; take a larger fraction.")
        cells = np.sort(random.permutation(possible)[:here])
        yield start + cells // len(array), cells % len(array)


def _digenic_blocks(
    cell: PlantedCell, query: Strains, array: Strains, wanted: int, random: np.random.Generator
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a pairwise file; every twentieth query strain has no measured fitness, and counts as 1."""
    unmeasured = np.arange(len(query.ids)) % 20 == 19
    query_fitness = np.where(unmeasured, 1.0, query.fitness)
    for of_query, of_array in _crosses(query.genes[:, None], array.genes, wanted, random):
        product = query_fitness[of_query] * array.fitness[of_array]
        truth = cell.epsilon(query.genes[of_query], array.genes[of_array])
        score, p_value, std = _scores(truth, product, random)
        smf = pl.Series(query.fitness).set(pl.Series(unmeasured), None)
        array_type = np.char.add(np.where(cell.essential[array.genes], "TSA", "DMA")[of_array], _degrees(of_query))
        columns = (
            pl.Series(query.ids).gather(of_query),
            pl.Series(query.alleles).gather(of_query),
            pl.Series(array.ids).gather(of_array),
            pl.Series(array.alleles).gather(of_array),
            pl.Series(array_type),
            score,
            pl.Series(p_value).round_sig_figs(4),
            smf.gather(of_query),
            array.fitness[of_array],
            (product + score).round(4),
            std,
        )
        yield pl.DataFrame(dict(zip(COLUMNS_2016, columns, strict=True)))


def _degrees(of_query: Index) -> NDArray[np.str_]:
    return np.where(of_query % 3 == 0, "26", "30")


def _scores(truth: Values, product: Values, random: np.random.Generator) -> tuple[Values, Values, Values]:
    """Return measured scores, their one-sided P-values and SDs of true scores; no fitness falls below zero."""
    std = random.lognormal(np.log(0.03), 0.4, len(truth)).round(4)
    score = np.maximum(truth + random.normal(0, 1, len(truth)) * std, 1e-3 - product).round(4)
    return score, ndtr(-np.abs(score) / np.maximum(std, 1e-4)), std


def _trigenic_table(
    cell: PlantedCell,
    queries: int,
    arrays: int,
    rows: tuple[int, ...],
    random: np.random.Generator,
    *,
    negative: bool,
) -> pl.DataFrame:
    """Return digenic rows (single-mutant controls) and trigenic ones (double-mutant queries), 12 columns.

    Half of the queries join two genes of one module. `negative`: only negative tau are released.
    """
    order = random.permutation(np.flatnonzero(~cell.essential))
    array = _double_or_array(cell, order[:arrays], "dma", random, 1)
    rest = order[arrays:][np.argsort(cell.module[order[arrays:]], kind="stable")]
    if len(rest) < 2 * queries:
        raise ValueError(f"{2 * queries} query genes are wanted of {len(rest)}; take a larger fraction.")
    near = queries // 2
    neighbours = rest[: 2 * near].reshape(-1, 2)
    far = random.permutation(rest[2 * near :])[: 2 * (queries - near)].reshape(-1, 2)
    pairs = np.concatenate([neighbours, far])
    double = _double_or_array(cell, pairs, "tm", random, 1)
    control = _double_or_array(cell, pairs.ravel(), "tm", random, 1 + len(pairs))
    # Scores of every control screen; a release leaves some of its rows out.
    of_control, of_array = (grid.ravel() for grid in np.indices((len(control.ids), arrays)))
    product = control.fitness[of_control] * array.fitness[of_array]
    score, p_value, std = _scores(cell.epsilon(control.genes[of_control], array.genes[of_array]), product, random)
    kept = np.sort(random.permutation(len(score))[: rows[0]])
    digenic = _rows(control, array, of_control, of_array, score, score, p_value, std, "digenic")[kept]
    screens = score.reshape(-1, 2, arrays)
    own = control.fitness.reshape(-1, 2)
    of_double, of_array = (grid.ravel() for grid in np.indices((len(pairs), arrays)))
    one, two, three = pairs[of_double, 0], pairs[of_double, 1], array.genes[of_array]
    truth = (
        cell.tau(one, two, three)
        + cell.epsilon(one, three) * cell.fitness[two]
        + cell.epsilon(two, three) * cell.fitness[one]
    )
    raw, p_value, std = _scores(truth, double.fitness[of_double] * array.fitness[of_array], random)
    first, second = screens[of_double, 0, of_array], screens[of_double, 1, of_array]
    tau = (raw - first * own[of_double, 1] - second * own[of_double, 0]).round(6)
    released = np.flatnonzero(tau < 0) if negative else np.arange(len(tau))
    if rows[0] > len(score) or rows[1] > len(released):
        raise ValueError(f"{rows} rows are wanted of {len(score)} and {len(released)}; take a larger fraction.")
    kept = np.sort(random.permutation(released)[: rows[1]])
    trigenic = _rows(double, array, of_double, of_array, raw, tau, p_value, std, "trigenic")[kept]
    return pl.concat([digenic, trigenic])


def _double_or_array(cell: PlantedCell, genes: Index, suffix: str, random: np.random.Generator, first: int) -> Strains:
    """Return array strains (``dma``), double-mutant queries (genes [n, 2]) or their single-mutant controls (``tm``)."""
    if genes.ndim == 2:
        one, two = genes.T
        orfs = [f"{a}+{b}" for a, b in zip(cell.gene[one], cell.gene[two], strict=True)]
        alleles = [f"{a.lower()}Δ+{b.lower()}Δ" for a, b in zip(cell.name[one], cell.name[two], strict=True)]
        fitness = cell.fitness[one] * cell.fitness[two] + cell.epsilon(one, two)
    else:
        control = suffix == "tm"
        orfs = [f"{gene}+{NEUTRAL_CONTROL}" if control else gene for gene in cell.gene[genes]]
        alleles = [f"{name.lower()}Δ+hoΔ" if control else f"{name.lower()}Δ" for name in cell.name[genes]]
        fitness = cell.fitness[genes]
    ids = [f"{orf}_{suffix}{number}" for number, orf in enumerate(orfs, start=first)]
    return Strains(genes, np.array(ids), np.array(alleles), _measured(fitness, random))


def _rows(
    query: Strains,
    array: Strains,
    of_query: Index,
    of_array: Index,
    raw: Values,
    adjusted: Values,
    p_value: Values,
    std: Values,
    kind: str,
) -> pl.DataFrame:
    product = query.fitness[of_query] * array.fitness[of_array]
    columns = (
        pl.Series(query.ids).gather(of_query),
        pl.Series(query.alleles).gather(of_query),
        pl.Series(array.ids).gather(of_array),
        pl.Series(array.alleles).gather(of_array),
        pl.Series([kind]).gather(np.zeros(len(of_query), dtype=np.int64)),
        raw,
        adjusted,
        pl.Series(p_value).round_sig_figs(4),
        query.fitness[of_query],
        array.fitness[of_array],
        (product + raw).round(4),
        std,
    )
    return pl.DataFrame(dict(zip(COLUMNS_2018, columns, strict=True)))


_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="xl/workbook.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
}
"""The parts of a workbook of one sheet (ECMA-376); openpyxl takes ten minutes for a million rows."""


def _write_workbook(table: pl.DataFrame, sheet: str, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, content in _PARTS.items():
            book.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + content.format(sheet=sheet))
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as target:
            space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
            target.write(f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{space}"><sheetData>'.encode())
            target.write(_text_row(1, [f"{sheet}. Simulated genetic interactions."]).encode())
            target.write(_text_row(2, list(table.columns)).encode())
            for start in range(0, table.height, 100_000):
                part = table.slice(start, 100_000)
                numbers = pl.Series("row", np.arange(start + 3, start + 3 + part.height))
                cells = [
                    pl.format('<c r="{}{}"><v>{}</v></c>', pl.lit(letter), pl.col("row"), pl.col(name))
                    if part.schema[name].is_numeric()
                    else pl.format(
                        '<c r="{}{}" t="inlineStr"><is><t>{}</t></is></c>', pl.lit(letter), pl.col("row"), pl.col(name)
                    )
                    for letter, name in zip("ABCDEFGHIJKL", part.columns, strict=True)
                ]
                rows = part.with_columns(numbers).select(
                    pl.concat_str(pl.format('<row r="{}">', pl.col("row")), *cells, pl.lit("</row>"))
                )
                target.write("".join(rows.to_series()).encode())
            target.write(b"</sheetData></worksheet>")


def _text_row(number: int, texts: list[str]) -> str:
    cells = (
        f'<c r="{letter}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        for letter, text in zip("ABCDEFGHIJKL", texts, strict=False)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'
