"""A user's files and sentences with everything that a shell would act on, through real jobs."""

import time
from pathlib import Path

import pytest
import yaml

from pipeline_lib.artefacts.tables import read_table
from tests.faults.small_run import CONFIG, WatchedSnakemake, prepare
from tests.reliability import Fault

pytestmark = pytest.mark.faults

FILE = "our lab; touch WITNESS1 $(touch WITNESS2) `touch WITNESS3` 'q' & touch WITNESS4 | x.csv"
GENES = ("b0008", "$(touch WITNESS5)", "; touch WITNESS6 #", "b0114")


def test_a_shell_never_acts_on_names_of_files_columns_or_genes(root: Path, tmp_path: Path, faults: list[Fault]) -> None:
    start = time.perf_counter()
    folder = prepare(root, tmp_path / "check out; $(touch WITNESS7)")
    rows = "\n".join(f'"{gene}",0.5' for gene in GENES)
    (folder / FILE).write_text(f"a $(touch WITNESS8),value\n{rows}\n")
    content = {
        "base": CONFIG,
        "description": "$(touch WITNESS9); `touch WITNESS0`",
        "screens": {
            "our-lab": {
                "reader": "table",
                "files": {"table": FILE},
                "phenotype": "fitness",
                "columns": {"genes": "a $(touch WITNESS8)", "value": "value"},
            }
        },
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(content))
    target = "results/faults/tables/screens/our-lab.parquet"
    run = WatchedSnakemake(folder, ("--configfile", "mine.yaml", "--", target))
    status = run.wait()
    witnesses = [path.name for path in folder.rglob("WITNESS*")]
    faults.append(
        {
            "fault": "shell commands in the names of files, columns, genes and the checkout",
            "survived": status == 0 and not witnesses,
            "data_lost": 0,
            "seconds": round(time.perf_counter() - start, 2),
        }
    )
    assert status == 0, run.text[-3000:]
    assert witnesses == []
    assert len(read_table(folder / target)) == 2
    rejected = read_table(folder / target.replace(".parquet", ".rejected.parquet"))
    assert len(rejected) == 2
