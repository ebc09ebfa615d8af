"""The commands that the rules call."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts.schemas import GENE_COVERAGE, OBSERVATIONS, REJECTED
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.screens.cli import app

SETTINGS = {
    "lab": {
        "reader": "table",
        "files": {"table": "lab.csv"},
        "columns": {"genes": "genes", "value": "score"},
        "phenotype": "fitness",
    }
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import pandas as pd

    genes = pd.DataFrame(
        {"gene_index": [0, 1], "gene": ["YAL001C", "YBL007C"], "name": ["TFC3", "SLA1"], "in_gem": [True, False]}
    )
    write_table(genes.assign(essential=pd.array([True, False], "boolean")), tmp_path / "genes.parquet")
    (tmp_path / "lab.csv").write_text("genes,score\nTFC3,1\nTFC3+SLA1,2\nnobody,3\nnothing,4\n")
    return tmp_path


def invoke(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, PipelineError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def read_lab(folder: Path, settings: object = SETTINGS, name: str = "lab", role: str = "table") -> str:
    return invoke(
        "read",
        f"--settings={json.dumps(settings)}",
        f"--name={name}",
        f"--genes={folder / 'genes.parquet'}",
        f"--file={role}={folder / 'lab.csv'}",
        f"--output={folder / 'lab.parquet'}",
        f"--rejected={folder / 'lab.rejected.parquet'}",
        f"--coverage={folder / 'lab.coverage.parquet'}",
    )


def test_known_and_unknown_names_of_a_screen_are_counted(folder: Path) -> None:
    read_lab(folder)
    row = read_table(folder / "lab.coverage.parquet", GENE_COVERAGE).iloc[0]
    assert row[["kind", "name"]].tolist() == ["screen", "lab"]
    assert row[["named", "known", "unknown", "ambiguous", "by_alias"]].tolist() == [4, 2, 2, 0, 0]
    assert row["examples"] == "unknown: nobody, nothing"


def test_a_screen_of_another_organism_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "lab.csv").write_text("genes,score\nb0001+b0002,1\nb0003,2\n")
    with pytest.raises(PipelineError, match=r"^0 of 3 gene names of the screen 'lab' are in the gene table of 2 genes"):
        read_lab(folder)


def test_readers_are_listed_with_their_roles_and_facts() -> None:
    output = invoke("readers")
    assert "emap: Collins et al. 2007" in output
    assert "scores= [kinds=]" in output
    kuzmin = output[output.index("kuzmin2018: ") :]
    assert "P-values  one-sided\n    control   hoΔ (YDL227C), dropped from the genotype" in kuzmin


def test_read_combine_and_summary_in_a_row(folder: Path) -> None:
    output = read_lab(folder)
    assert (
        output == "lab: 2 observations, 0 left out by the settings\n    rejected 2: gene ... is not in the gene index\n"
    )
    invoke(
        "combine",
        f"--genes={folder / 'genes.parquet'}",
        f"--screen-table={folder / 'lab.parquet'}",
        f"--rejected-part={folder / 'lab.rejected.parquet'}",
        *(f"--{name}={folder / name}.parquet" for name in ("observations", "rejected", "aggregated")),
    )
    assert len(read_table(folder / "observations.parquet", OBSERVATIONS)) == 2
    assert len(read_table(folder / "rejected.parquet", REJECTED)) == 2
    assert len(read_table(folder / "aggregated.parquet")) == 2
    invoke(
        "summary",
        *(f"--{name}={folder / name}.parquet" for name in ("observations", "genes")),
        f"--output={folder / 'summary.parquet'}",
    )
    assert "quantity" in read_table(folder / "summary.parquet")


def test_a_screen_that_the_settings_do_not_have_is_named(folder: Path) -> None:
    with pytest.raises(PipelineError, match="the settings have no screen 'other'; there are lab"):
        read_lab(folder, name="other")


def test_files_must_be_those_of_the_settings(folder: Path) -> None:
    with pytest.raises(PipelineError, match="is not both in the settings and given by --file"):
        read_lab(folder, role="sheet")
