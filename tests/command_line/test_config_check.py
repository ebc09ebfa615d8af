"""A run that cannot end is refused in seconds, all faults at once; a good one is described in a few lines."""

import resource
import subprocess
import sys

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from pipeline_lib.__main__ import app
from pipeline_lib.command_line.config_check import check_run

CORE_GENES = """
    b0114 b0115 b0116 b0118 b0351 b0356 b0451 b0474 b0485 b0720 b0721 b0722 b0723 b0724 b0726 b0727 b0728 b0729 b0733
    b0734 b0755 b0767 b0809 b0810 b0811 b0875 b0902 b0903 b0904 b0978 b0979 b1101 b1136 b1241 b1276 b1297 b1380 b1478
    b1479 b1524
""".split()
"""Forty genes of the E. coli core model."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_pairs(path, n, genes=CORE_GENES):
    """Write `n` different pairs of genes with a score each."""
    generator = np.random.default_rng(0)
    pairs = [(a, b) for i, a in enumerate(genes) for b in genes[i + 1 :]]
    chosen = [pairs[row] for row in generator.permutation(len(pairs))[:n]]
    path.write_text("gene_a,gene_b,score\n" + "".join(f"{a},{b},{generator.normal():.3f}\n" for a, b in chosen))


def config(folder, **changes):
    """Write the configuration of an own table on the E. coli core model and return its path."""
    content = {
        "run": "lab",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": {
            "lab": {
                "reader": "table",
                "files": {"table": "pairs.csv"},
                "columns": {"gene1": "gene_a", "gene2": "gene_b", "value": "score"},
            }
        },
        "splits": {"names": ["random"]},
        "grid": [{"models": ["mean", "clp"], "splits": ["random"]}],
    }
    path = folder / "lab.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}))
    return path


def test_a_good_run_is_described_with_the_size_of_its_folds(folder):
    write_pairs(folder / "pairs.csv", 200)
    checked = check_run(config(folder))
    assert checked.faults == []
    plan = dict(checked.plan)
    assert plan["models"] == "mean, clp"
    assert plan["fits"] == "2"
    assert plan["files"] == "1 of your own"
    assert plan["read"].startswith("lab: 200 observations")
    assert plan["random"] == "train 160, validation 20, test 20, left out 0"
    assert any("states no calls: nothing is called" in note for note in checked.notes)


def test_everything_that_is_wrong_is_reported_at_once(folder):
    (folder / "pairs.csv").write_text("gene_a,gene_b,value\nb0008,b0114,1\n")
    (folder / "edges.csv").write_text("a,b\nb0008,b0114\n")
    table = {"reader": "table", "files": {"table": "edges.csv"}}
    path = config(
        folder,
        networks={"ours": {**table, "columns": {"source": "a", "target": "b"}}, "odd": {**table, "reader": "tabel"}},
        splits={"names": ["random", "cross_screen"], "cross_screen_test": ["labb"]},
        grid=[{"models": ["clpp"], "splits": ["random", "gene_disjoint_all"]}],
        reporting={"model": "clppp"},
        training={"stop_on": "lab_b"},
    )
    result = CliRunner().invoke(app, ["config", "check", str(path)])
    assert result.exit_code == 1
    reported = result.exception.sentences
    expected = (
        "key 'grid': there is no model 'clpp'; did you mean 'clp'?",
        "key 'reporting.model': there is no model 'clppp'",
        "it names the split 'gene_disjoint_all', which is not in splits.names",
        "key 'splits.cross_screen_test': there is no screen 'labb'",
        "key 'training.stop_on': there is no screen 'lab_b'; there are ['lab'], or null for all.",
        "key 'networks.ours': neither its settings nor the catalogue state what its edges rest on",
        "key 'networks.odd': there is no network reader 'tabel'",
    )
    for sentence in expected:
        assert sum(sentence in line for line in reported) == 1, (sentence, reported)
    assert all(line.startswith(f"{path}: ") for line in reported)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {
                "screens": {
                    "lab": {
                        "reader": "table",
                        "files": {"table": "pairs.csv"},
                        "columns": {"gene1": "gene_a", "gene2": "gene_b", "value": "epsilon"},
                    }
                }
            },
            "epsilon",
        ),
        (
            {"networks": {"ours": {"reader": "table", "files": {"table": "pairs.csv"}, "evidence": ["physical"]}}},
            "network 'ours': pairs.csv: row 1: there is no column 'source'",
        ),
        ({"metabolism": {"gem": "pairs.csv"}}, "pairs.csv"),
        ({"metabolism": {"gem": "cobra:nomodel"}}, "cobra carries no model 'nomodel'"),
        ({"metabolism": {"gem": "cobra:textbook", "medium": {"EX_glc": 1}}}, "no exchange reaction 'EX_glc'"),
        (
            {"screens": {"lab": {"reader": "kuzmin2018", "files": {"table": "simulated:core/x.tsv"}}}},
            "names no simulation",
        ),
        (
            {
                "simulation": {"core": {}},
                "screens": {"lab": {"reader": "kuzmin2018", "files": {"table": "simulated:core/x.tsv"}}},
            },
            "it writes aao1729_data_s1.tsv",
        ),
        (
            {
                "simulation": {"one": {"layout": "kuzmin2020"}, "two": {"layout": "kuzmin2020"}},
                "screens": {
                    "lab": {
                        "reader": "kuzmin2020",
                        "files": {
                            "S1": "simulated:one/aaz5667-Table-S1.xlsx",
                            "S3": "simulated:two/aaz5667-Table-S3.xlsx",
                        },
                    }
                },
            },
            "key 'screens.lab.files': the files are of the simulations one, two; a screen is of one",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(folder, changes, message):
    write_pairs(folder / "pairs.csv", 40)
    faults = check_run(config(folder, **changes)).faults
    assert len(faults) == 1
    assert message in faults[0]


def test_genes_that_nobody_knows_are_found_before_the_run(folder):
    write_pairs(folder / "pairs.csv", 40, genes=[f"gene{number}" for number in range(20)])
    assert len(check_run(config(folder)).faults) == 1


def test_a_split_that_leaves_a_fold_empty_is_found_before_the_run(folder):
    """Two pairs cannot be trained, validated and tested on; forty can."""
    write_pairs(folder / "pairs.csv", 2)
    (fault,) = check_run(config(folder)).faults
    assert "split random: the validation fold is empty" in fault
    write_pairs(folder / "pairs.csv", 40)
    assert check_run(config(folder)).faults == []


def test_the_yeast_run_is_checked_in_three_seconds(root):
    """Processor time: other work on the machine is not the check's."""
    command = [sys.executable, "-m", "pipeline_lib", "config", "check", "config/config.yaml"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, cwd=root)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


def test_each_fault_is_a_line_of_its_own(folder, root):
    path = config(folder, run="my lab", grid=[])
    command = [sys.executable, "-m", "pipeline_lib", "config", "check", str(path), str(root / "config/quickstart.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 3, "the name, the grid, and the table that is not there"
    assert all(line.startswith(f"error: {path}: key '") for line in lines)
    assert "quickstart.yaml: good." in done.stdout


def test_an_own_feature_table_is_read(folder):
    write_pairs(folder / "pairs.csv", 200)
    (folder / "features.csv").write_text("gene,mass\nb0114,heavy\nb0115,2.5\n")
    features = {"mass": {"reader": "table", "files": {"table": "features.csv"}, "evidence": ["sequence"]}}
    checked = check_run(config(folder, features=features))
    assert len(checked.faults) == 1
    assert "feature table 'mass'" in checked.faults[0]
    assert "'heavy'" in checked.faults[0]
