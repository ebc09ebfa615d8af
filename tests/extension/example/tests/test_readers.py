"""Each reader reads a small file of its layout."""

import pandas as pd
import pytest

from pipeline_lib import read_screen
from pipeline_lib.config.features import FeatureSettings, NetworkSettings
from pipeline_lib.features.building import read_raw_features
from pipeline_lib.networks.edges import read_network

GENES = pd.DataFrame({"gene": ["YAL001C", "YAL002W"], "name": ["TFC3", "VPS8"], "in_gem": False})


def test_ratios_count_by_generation(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text("strain_a\tstrain_b\tlog2_ratio\nTFC3\tYAL002W\t-1.5\nTFC3\tnobody\t0.1\n")
    table = read_screen(path, "barcode_ratios", genes=GENES, options={"generations": 3})
    assert table["value"].tolist() == pytest.approx([-0.5])
    assert list(table["genes"][0]) == ["YAL001C", "YAL002W"]
    assert list(table.attrs["rejected"]) == ["gene 'nobody' is not in the gene index"]


def test_genes_of_one_module_are_joined(tmp_path):
    path = tmp_path / "modules.txt"
    path.write_text("YAL001C YAL002W YAL003W\nYAL001C YAL002W\n")
    edges = read_network({"modules": path}, NetworkSettings(reader="gene_modules", files={})).table
    assert edges.filter(source="YAL001C", target="YAL002W")["weight"].to_list() == [2.0]
    assert len(edges) == 3


def test_a_gene_has_its_doubling_time(tmp_path):
    path = tmp_path / "times.txt"
    path.write_text("YAL001C 90\nYAL002W 105.5\n")
    raw = read_raw_features({"times": path}, FeatureSettings(reader="doubling_times"))
    assert raw.numbers["doubling_time"].to_list() == [90, 105.5]
