"""STRING: both directions are one edge, scores are confidences, indices count from 1."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.layouts import read_string_channel, read_string_links

LINKS = "protein1 protein2 combined_score\n4932.YAL001C 4932.YBR123C 999\n4932.YBR123C 4932.YAL001C 999\n"
DETAILED = (
    "protein1 protein2 neighborhood fusion cooccurence coexpression experimental database textmining combined_score\n"
    "4932.YAL001C 4932.YBR123C 0 0 0 62 900 0 54 905\n"
    "4932.YAL001C 4932.YDR362C 0 0 0 0 900 900 0 990\n"
)


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "links.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


def rows(table: pl.DataFrame) -> list[tuple[str, str, float]]:
    return list(table.iter_rows())


@pytest.mark.parametrize("name", ["links.txt", "links.csv.gz"])
def test_the_taxon_goes_and_scores_become_confidences(write, name: str) -> None:
    raw = read_string_links(write(LINKS, name), "combined_score")
    assert rows(raw.table) == [("YAL001C", "YBR123C", 0.999), ("YBR123C", "YAL001C", 0.999)]
    assert not raw.directed


def test_a_channel_of_a_detailed_file_is_a_network_of_its_own(write) -> None:
    raw = read_string_links(write(DETAILED), "coexpression")
    assert rows(raw.table) == [("YAL001C", "YBR123C", 0.062)]
    assert len(read_string_links(write(DETAILED), "experimental").table) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no rows"),
        (LINKS.replace("combined_score", "score"), "no column 'combined_score'"),
        (LINKS + "4932.YAL001C 4932.YBR123C\n", "row 4 does not have 3 fields"),
        (LINKS + "4932.YAL001C 4932.YBR123C high\n", "row 4 has no number as weight: 'high'"),
        (LINKS + "4932.YAL001C 4932.YBR123C nan\n", "row 4 has no number"),
        (LINKS + "\n4932.YAL001C 4932.YBR123C 1001\n", "row 5 has a combined_score outside 0 to 1000"),
        (LINKS + "4932.YAL001C 4932.YBR123C -1\n4932.A 4932.B -2\n", r"row 4 .*\(1 more rows like it\)"),
    ],
)
def test_a_fault_is_named_with_its_row(write, text: str, complaint: str) -> None:
    with pytest.raises(PipelineError, match=complaint):
        read_string_links(write(text), "combined_score")


def test_a_cut_download_is_no_network(write) -> None:
    path = write(LINKS * 100, "links.gz")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(PipelineError, match="damaged or cut short"):
        read_string_links(path, "combined_score")


def test_index_1_is_the_first_name(write) -> None:
    genes = write("Q0010\nQ0017\nYAL001C\n", "genes.txt")
    raw = read_string_channel(write("1\t3\t0.371000\n3\t1\t0.371000\n"), genes)
    assert rows(raw.table) == [("Q0010", "YAL001C", 0.371), ("YAL001C", "Q0010", 0.371)]


@pytest.mark.parametrize("index", ["0", "4", "-1", "1.5"])
def test_an_index_outside_the_gene_order_is_named_with_its_row(write, index: str) -> None:
    genes = write("Q0010\nQ0017\nYAL001C\n", "genes.txt")
    with pytest.raises(PipelineError, match=r"row 2 has an index outside 1 to 3"):
        read_string_channel(write(f"1\t2\t0.5\n{index}\t2\t0.5\n"), genes)


@pytest.mark.mirror
def test_version_12_lists_each_physical_edge_in_both_directions(mirror: Path) -> None:
    links = mirror / "string-v12-physical" / "4932.protein.physical.links.v12.0.csv.gz"
    table = read_string_links(links, "combined_score").table
    assert len(table) == 352_606
    forward = {(a, b): w for a, b, w in table.iter_rows()}
    assert all(forward[b, a] == w for (a, b), w in forward.items())
    assert (table["weight"].min(), table["weight"].max()) == (0.15, 0.999)


@pytest.fixture(scope="module")
def channels(mirror: Path) -> dict[str, dict[frozenset[str], float]]:
    folder = mirror / "string-v9.1"
    found = {}
    for name in ("cooccurence", "database", "fusion", "neighborhood"):
        raw = read_string_channel(folder / f"yeast_string_{name}_adjacency.txt", folder / "yeast_string_genes.txt")
        found[name] = {frozenset((a, b)): w for a, b, w in raw.table.iter_rows()}
    return found


@pytest.mark.mirror
def test_the_channels_of_version_9_join_genes_that_textbooks_join(channels) -> None:
    # Tryptophan synthesis: TRP2 and TRP3 are one gene in many bacteria and neighbours in most others.
    assert channels["fusion"][frozenset({"YER090W", "YKL211C"})] == pytest.approx(0.687)
    assert channels["neighborhood"][frozenset({"YER090W", "YKL211C"})] == pytest.approx(0.570)
    # The kinase CDC28 and its cyclin CLB2; two subunits of the 20S proteasome, PRE1 and PUP2.
    assert channels["database"][frozenset({"YBR160W", "YPR119W"})] > 0.9
    assert channels["database"][frozenset({"YER012W", "YGR253C"})] > 0.9
    assert channels["cooccurence"][frozenset({"YER012W", "YGR253C"})] > 0.5


@pytest.mark.mirror
def test_no_other_offset_of_the_gene_order_agrees_with_the_physical_network(mirror: Path, tmp_path: Path) -> None:
    folder = mirror / "string-v9.1"
    links = mirror / "string-v12-physical" / "4932.protein.physical.links.v12.0.csv.gz"
    physical = {frozenset(row[:2]) for row in read_string_links(links, "combined_score").table.iter_rows()}
    order = (folder / "yeast_string_genes.txt").read_text().splitlines()
    agreement = {}
    for offset in (-1, 0, 1):
        shifted = tmp_path / f"genes{offset}.txt"
        shifted.write_text("\n".join(order[-offset:] + order[:-offset]))
        raw = read_string_channel(folder / "yeast_string_database_adjacency.txt", shifted)
        pairs = {frozenset(row[:2]) for row in raw.table.iter_rows()}
        agreement[offset] = len(pairs & physical) / len(pairs)
    assert agreement[0] > 0.5
    assert max(agreement[-1], agreement[1]) < 0.02
