"""No reader breaks on what is not its layout: it reads, or says in one sentence why not."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_lib.config.features import NETWORK_READERS, NetworkSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.edges import read_network

FRAGMENTS = st.sampled_from(
    [
        *'protein1 protein2 combined_score|4932.YAL001C|source,target|,|"|1|-3|0.5|nan|1e999|kg:|=cmd()|$(x)'.split(
            "|"
        ),
        *("kg:YAL001C-YBR123C-transcription rdfs:subClassOf x .", " ", "\t", "\n", "\u2028", "\x00"),
    ]
)
TEXT = st.lists(FRAGMENTS | st.text(max_size=5), max_size=25).map("".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200))
@pytest.mark.parametrize("reader", NETWORK_READERS.built_in)
def test_any_bytes_are_edges_or_one_sentence(tmp_path: Path, reader: str, content: bytes) -> None:
    files = {role: tmp_path / role for role in NETWORK_READERS.get(reader).roles}
    for path in files.values():
        path.write_bytes(content)
    try:
        raw = read_network(files, NetworkSettings(reader=reader, files={}))
    except PipelineError:
        return
    assert raw.table.columns == ["source", "target", "weight"]
    assert raw.table["weight"].is_finite().all()
    assert raw.table.null_count().sum_horizontal().item() == 0


@pytest.mark.mirror
def test_the_networks_of_yeast_have_the_sizes_of_their_releases(mirror: Path, yeast_genes) -> None:
    from pipeline_lib.networks.edges import build_edges

    folder = mirror / "string-v9.1"
    order = folder / "yeast_string_genes.txt"
    v12 = mirror / "string-v12-physical" / "4932.protein.physical.links.v12.0.csv.gz"
    expected = {
        ("string_links", ("links", v12)): 176_303,
        ("string_channel", ("adjacency", folder / "yeast_string_database_adjacency.txt"), ("genes", order)): 33_486,
        ("string_channel", ("adjacency", folder / "yeast_string_fusion_adjacency.txt"), ("genes", order)): 1_360,
        ("edge_list", ("edges", mirror / "bionic" / "Krogan-2006.txt")): 7_075,
        ("edge_list", ("edges", mirror / "bionic" / "Hu-2007.txt")): 14_826,
    }
    for (reader, *files), count in expected.items():
        raw = read_network(dict(files), NetworkSettings(reader=reader, files={}))
        edges = build_edges("n", raw, yeast_genes, 0.0)
        assert len(edges) == count, reader
        assert edges.attrs["losses"]["rows_unknown"] == 0
