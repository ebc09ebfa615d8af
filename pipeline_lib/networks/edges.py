"""Read a network with its reader, put its edges into one form, join several networks, or shuffle one as a control."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyarrow as pa

from pipeline_lib.artefacts.schemas import EDGES
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.features import NETWORK_READERS, NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.sources.catalogue import Provenance
from pipeline_lib.sources.table_layout import read_text
from pipeline_lib.sources.written_numbers import parse_numbers


@dataclass(frozen=True)
class RawEdges:
    """Edges as a file lists them.

    Parameters
    ----------
    table
        ``source`` and ``target`` (names, str) and ``weight`` (float64), one row a row of the file.
    directed
        Whether source acts on target; otherwise the order of the two means nothing.
    """

    table: pl.DataFrame
    directed: bool

    def gene_names(self) -> list[str]:
        """Return the distinct names of the file, sorted."""
        return pl.concat([self.table["source"], self.table["target"]]).drop_nulls().unique().sort().to_list()


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, packed or not; see `read_text`.

    Raises
    ------
    PipelineError
        When the file is missing, is cut short, or is no text.
    """
    return read_text(path).splitlines()


def split_lines(
    lines: list[str],
    path: Path,
    columns: Mapping[str, int],
    width: int,
    first_row: int = 1,
    separators: str = "",
) -> pl.DataFrame:
    """Cut lines into fields at blanks, tabs and `separators`.

    Parameters
    ----------
    lines
        The lines; empty ones are left out.
    path
        The file, for messages.
    columns
        Name and position of each field that is wanted.
    width
        Number of fields that every line must have.
    first_row
        Number of the first line in the file, counted from 1.
    separators
        More characters that separate fields.

    Returns
    -------
    DataFrame
        ``row`` (line number in the file) and `columns`, as text.

    Raises
    ------
    PipelineError
        Names the first line that has another number of fields.
    """
    table = pl.DataFrame({"line": lines}, schema={"line": pl.String}).with_row_index("row", offset=first_row)
    table = table.with_columns(pl.col("line").str.strip_chars()).filter(pl.col("line") != "")
    table = table.with_columns(pl.col("line").str.extract_all(f"[^ \t{separators}]+").alias("fields"))
    refuse_rows(table, pl.col("fields").list.len() != width, path, f"does not have {width} fields")
    return table.select("row", *(pl.col("fields").list.get(at).alias(name) for name, at in columns.items()))


def as_numbers(table: pl.DataFrame, columns: tuple[str, ...], path: Path) -> pl.DataFrame:
    """Turn text columns into finite numbers (float64), by the rules of `parse_numbers`.

    Raises
    ------
    PipelineError
        Names the first row with something else, or the column whose decimal sign is not clear.
    """
    numbers = table
    for column in columns:
        encoded = pa.array(table[column].to_arrow(), pa.string()).dictionary_encode()
        parsed = parse_numbers(encoded, table["row"].to_numpy().astype(np.int64), comma_allowed=True)
        parsed.signs.check(path, column, comma_allowed=True)
        parsed.signs.check_whole(path, column, comma_allowed=True)
        numbers = numbers.with_columns(pl.Series(column, parsed.values))
        refuse_rows(numbers, pl.col(column).is_nan(), path, f"has no number as {column}", listed=table[column])
    return numbers


def refuse_rows(table: pl.DataFrame, bad: pl.Expr, path: Path, complaint: str, listed: pl.Series | None = None) -> None:
    """Raise `PipelineError` for the first row of `table` (column ``row``) where `bad` holds."""
    wrong = table.select(bad.fill_null(value=True).alias("bad"))["bad"].arg_true()
    if len(wrong) == 0:
        return
    position = wrong[0]
    text = str((listed if listed is not None else table["line"])[position])[:80]
    more = f" ({len(wrong) - 1} more rows like it)" if len(wrong) > 1 else ""
    raise PipelineError(f"{path}, row {table['row'][position]} {complaint}: {text!r}{more}.")


def read_network(files: Mapping[str, Path], settings: NetworkSettings) -> RawEdges:
    """Read one network with the reader of its settings.

    Raises
    ------
    PipelineError
        When there is no such reader, or the files are not the ones that it needs.
    """
    raw: RawEdges = NETWORK_READERS.get(settings.reader).read(settings.reader, files, settings)
    return raw


@dataclass(frozen=True)
class Losses:
    """What of a file did not become an edge."""

    rows: int
    """Rows of the file."""
    unknown_genes: int
    """Distinct names that mean no gene, or no single gene, of the gene table."""
    rows_unknown: int
    """Rows with such a name."""
    rows_self: int
    """Rows that join a gene to itself."""
    rows_repeated: int
    """Rows that list an edge again (the other direction of an undirected edge is one)."""
    edges_below_minimum: int
    """Edges lighter than the smallest weight allowed."""


def _resolve(names: pl.Series, known: GeneNames) -> pl.Series:
    """Return the gene index of each name (Int64); null where it is unknown or means several genes."""
    positions = pl.Series(known.positions(names.to_arrow().cast(pa.string()))).cast(pl.Int64)
    return positions.set(positions < 0, None)


def build_edges(name: str, raw: RawEdges, genes: pd.DataFrame, minimum_weight: float) -> pd.DataFrame:
    """Resolve names, drop what is no edge, list each edge once.

    Parameters
    ----------
    name
        The network's name.
    raw
        What the reader gave.
    genes
        `pipeline_lib.artefacts.schemas.GENES` with ``aliases``.
    minimum_weight
        Edges below it are left out.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.EDGES`, sorted; an undirected edge has source < target and the greatest
        weight that the file gives it. ``attrs["losses"]`` counts what was dropped.

    Raises
    ------
    PipelineError
        When no edge is left.
    """
    known = GeneNames.from_table(genes)
    source, target = _resolve(raw.table["source"], known), _resolve(raw.table["target"], known)
    names = pl.concat([raw.table["source"].filter(source.is_null()), raw.table["target"].filter(target.is_null())])
    found = pl.DataFrame({"source": source, "target": target, "weight": raw.table["weight"]}).drop_nulls()
    proper = found.filter(pl.col("source") != pl.col("target"))
    if not raw.directed:
        proper = proper.select(
            pl.min_horizontal("source", "target").alias("source"),
            pl.max_horizontal("source", "target").alias("target"),
            "weight",
        )
    merged = proper.group_by("source", "target").agg(pl.col("weight").max()).sort("source", "target")
    kept = merged.filter(pl.col("weight") >= minimum_weight)
    losses = Losses(
        rows=raw.table.height,
        unknown_genes=names.n_unique(),
        rows_unknown=raw.table.height - found.height,
        rows_self=found.height - proper.height,
        rows_repeated=proper.height - merged.height,
        edges_below_minimum=merged.height - kept.height,
    )
    if kept.is_empty():
        raise PipelineError(
            f"network '{name}' has no edge left: of {losses.rows} rows {losses.rows_unknown} name unknown genes and "
            f"{losses.edges_below_minimum} edges are below {minimum_weight:g}; check its file, its settings and the "
            "gene table."
        )
    edges = kept.select(pl.lit(name).alias("network"), "source", "target", "weight").to_pandas()
    edges["directed"] = raw.directed
    edges.attrs = {"losses": asdict(losses)}
    return edges


_TYPES = {
    "network": "object",
    "source": "int64",
    "target": "int64",
    "weight": "float64",
    "directed": "bool",
    "holds_genetic": "bool",
}


def read_networks(paths: Iterable[Path], num_genes: int) -> dict[str, pd.DataFrame]:
    """Read the tables of single networks by name.

    Raises
    ------
    PipelineError
        When a table is empty, holds more than one network, names genes beyond the gene table, or two tables
        have the same name.
    """
    networks: dict[str, pd.DataFrame] = {}
    for path in paths:
        table = read_table(path, EDGES)
        names = table["network"].unique()
        if len(names) != 1:
            raise PipelineError(f"{path} holds {len(names)} networks; expected one. Make it with 'networks read'.")
        greatest = max(table["source"].max(), table["target"].max())
        if greatest >= num_genes:
            raise PipelineError(f"{path} names gene {greatest} of {num_genes}; read it again with this gene table.")
        if names[0] in networks:
            raise PipelineError(f"{path}: there are two tables of network '{names[0]}'.")
        networks[str(names[0])] = table
    return networks


def join_networks(networks: Mapping[str, pd.DataFrame], provenances: Mapping[str, Provenance]) -> pd.DataFrame:
    """Return all edges, sorted by network name, source and target.

    Returns
    -------
    DataFrame
        `pipeline_lib.artefacts.schemas.EDGES` and ``holds_genetic``; no rows where there is no network.
    """
    parts = [
        networks[name][list(EDGES.columns)].assign(holds_genetic=provenances[name].genetic_evidence)
        for name in sorted(networks)
    ]
    if not parts:
        return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in _TYPES.items()})
    return pd.concat(parts, ignore_index=True).astype(_TYPES)


SWAPS_AN_EDGE = 10
"""Accepted swaps an edge, on average. On the yeast networks the share of edges kept stands still from 5 on."""

MOST_ROUNDS = 40 * SWAPS_AN_EDGE
"""Rounds after which a graph that allows hardly any swap, such as a star, is left as it is."""

Indices = npt.NDArray[np.int64]


def rewire(edges: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Swap the ends of random pairs of edges, network by network, until the start is forgotten.

    Each swap turns a-b, c-d into a-d, c-b (the switching chain of Maslov and Sneppen 2002,
    doi:10.1126/science.1065103), so every gene keeps its degree in every network (in and out degree where edges are
    directed). No self-loop and no double edge arises. Weights are dealt out with the ends: each network keeps its own.

    Parameters
    ----------
    edges
        `pipeline_lib.artefacts.schemas.EDGES`: one network or several.
    seed
        Equal seeds give equal networks; a network's result does not depend on which others stand beside it.

    Returns
    -------
    DataFrame
        Columns and number of rows of `edges`, sorted by network, source, target.
    """
    parts = [
        _rewire_network(part, np.random.default_rng([seed, zlib.crc32(str(name).encode())]))
        for name, part in edges.groupby("network", sort=True)
    ]
    return pd.concat(parts, ignore_index=True) if parts else edges.copy()


def _rewire_network(edges: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Rewire one network."""
    directed = bool(edges["directed"].any())
    source, target = edges["source"].to_numpy(copy=True), edges["target"].to_numpy(copy=True)
    if len(edges) > 1:
        source, target = switch_ends(source, target, directed=directed, random=random)
    if not directed:
        source, target = np.minimum(source, target), np.maximum(source, target)
    rewired = edges.assign(source=source, target=target)
    return rewired.sort_values(["network", "source", "target"])


def switch_ends(
    source: Indices, target: Indices, *, directed: bool, random: np.random.Generator
) -> tuple[Indices, Indices]:
    """Run the switching chain on one simple graph, many disjoint pairs of edges at a time.

    Parameters
    ----------
    source, target
        Ends of the edges, int64 [E]; no self-loop, no edge twice.
    directed
        Whether a-b and b-a are two edges.
    random
        Source of chance.

    Returns
    -------
    source, target
        New ends, int64 [E]; for undirected edges in either order.
    """
    num_nodes = int(max(source.max(), target.max())) + 1
    half = len(source) // 2
    accepted = 0
    for _ in range(MOST_ROUNDS):
        if accepted >= SWAPS_AN_EDGE * half:
            break
        if not directed:
            # Which end of an edge is swapped is a matter of chance.
            turned = random.random(len(source)) < 0.5
            source, target = np.where(turned, target, source), np.where(turned, source, target)
        order = random.permutation(len(source))
        first, second = order[:half], order[half : 2 * half]
        allowed = _allowed_swaps(source, target, first, second, num_nodes, directed=directed)
        first, second = first[allowed], second[allowed]
        target[first], target[second] = target[second], target[first]
        accepted += len(first)
    return source, target


def _edge_keys(source: Indices, target: Indices, num_nodes: int, *, directed: bool) -> Indices:
    """Return one number an edge; equal numbers are the same edge."""
    if directed:
        return source * num_nodes + target
    return np.minimum(source, target) * num_nodes + np.maximum(source, target)


def _allowed_swaps(
    source: Indices, target: Indices, first: Indices, second: Indices, num_nodes: int, *, directed: bool
) -> npt.NDArray[np.bool_]:
    """Tell which of the proposed swaps may all be made at once, bool [len(first)].

    A new edge must be no self-loop, must not exist already and must not be proposed twice in this round.
    """
    present = np.sort(_edge_keys(source, target, num_nodes, directed=directed))
    proposed = np.stack(
        [
            _edge_keys(source[first], target[second], num_nodes, directed=directed),
            _edge_keys(source[second], target[first], num_nodes, directed=directed),
        ]
    )
    loops = (source[first] == target[second]) | (source[second] == target[first])
    position = np.searchsorted(present, proposed).clip(max=len(present) - 1)
    exists = (present[position] == proposed).any(axis=0)
    _, inverse, counts = np.unique(proposed, return_inverse=True, return_counts=True)
    twice = (counts[inverse].reshape(proposed.shape) > 1).any(axis=0)
    return np.asarray(~(loops | exists | twice))
