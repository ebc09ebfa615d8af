"""A run as an object: its tables are those on disk, its models predict, its figures are those of the report."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import pipeline_lib
from pipeline_lib import Run, read_screen
from pipeline_lib.__main__ import app
from pipeline_lib.artefacts.tables import read_table, write_table
from pipeline_lib.config.evaluation import ARTEFACTS
from pipeline_lib.errors import PipelineError
from pipeline_lib.training.predict import predict
from tests.reporting.synthetic_run import write_run
from tests.training.run_folders import fit, write_small_run

SUGGESTIONS = {
    "genes": [["YAL001C", "YAL002W"], ["YAL001C", "YAL003W"], ["YAL002W", "YAL003W"], ["YAL001C", "YAL004W"]],
    "order": 2,
    "screen": "ours",
    "phenotype": "interaction",
    "prediction": [-0.4, -0.3, -0.2, -0.1],
    "spread": 0.1,
    "rank_by_value": [1, 2, 3, 4],
    "viable": [True, False, True, True],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Return a run with every artefact of the report."""
    return write_run(tmp_path_factory.mktemp("results") / "finished", root)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that fitted two models and did not get further."""
    run = tmp_path_factory.mktemp("results") / "small"
    write_small_run(run)
    fit(run, "gene_ridge")
    fit(run, "mean")
    return run


def test_importing_the_package_imports_none_of_its_libraries() -> None:
    code = "import sys, pipeline_lib; print({'pandas', 'torch', 'matplotlib', 'pyarrow'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
    assert {"Run", "read_screen"} <= set(dir(pipeline_lib))


def test_tables_are_those_on_disk_and_are_read_once(finished: Path) -> None:
    run = Run(finished)
    for name in ("leaderboard", "scoreboard", "observations", "genes"):
        table = getattr(run, name)
        pd.testing.assert_frame_equal(table, read_table(finished / ARTEFACTS[name]))
        assert getattr(run, name) is table
    assert "differences" in run.tables
    pd.testing.assert_frame_equal(run.table("differences"), read_table(finished / ARTEFACTS["differences"]))


def test_a_figure_is_drawn_with_the_axes_of_the_report(finished: Path) -> None:
    import matplotlib.pyplot as plt

    plt.close("all")  # other tests of this process leave figures open
    figure = Run(finished).figure("noise_ceilings")
    assert figure.axes
    assert not plt.get_fignums(), "a notebook would show it twice"


def test_a_model_predicts_as_the_command_does(small: Path) -> None:
    run = Run(small)
    assert run.models[["model", "split", "seed"]].to_numpy().tolist() == [
        ["gene_ridge", "random", 0],
        ["mean", "random", 0],
    ]
    assert (run.models["fit_seconds"] > 0).all()
    fitted = run.model("gene_ridge", split="random", seed=0)
    pairs = [("YAL001C", "YAL003C"), ("GEN1", "ADE5,7")]
    table = fitted.predict(pairs, screen="two", phenotype="interaction")
    assert table["genes"].map(list).tolist() == [["YAL001C", "YAL003C"], ["YAL001C", "YAL005C"]]
    pd.testing.assert_frame_equal(table, predict(small, "gene_ridge", pairs, screen="two", phenotype="interaction"))
    pd.testing.assert_frame_equal(
        table, fitted.predict(["YAL001C+YAL003C", "GEN1;ADE5,7"], screen="two", phenotype="interaction")
    )
    assert (table["order"] == 2).all()
    assert set(fitted.assays["screen"]) == {"one", "two"}
    assert {"prediction", "fold"} <= set(fitted.predictions.columns)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda run: run.leaderboard, "lacks evaluation/leaderboard.parquet: the run is not finished"),
        (lambda run: run.figure("scoreboard"), "lacks provenance.json: the run is not finished"),
        (lambda run: run.table("genez"), "there is no table 'genez'; did you mean 'genes'?"),
        (lambda run: run.table("walk_through"), "there is no table 'walk_through'"),
        (lambda run: run.model("clp"), "has no fitted model 'clp'; its models: gene_ridge, mean"),
        (lambda run: run.model("mean", seed=3), "was not fitted with seed '3'; its seeds: 0"),
        (lambda run: run.model("mean").predict([("YAL001C", "NOBODY1")]), "genotype 1: gene 'NOBODY1' is not in"),
        (
            lambda run: run.model("mean").predict([("YAL001C",), "YAL002C"]),
            "give every genotype in one of the two ways",
        ),
        (lambda run: run.model("mean").predict([]), "There is no genotype to predict"),
        (lambda run: Run(run.folder / "models"), "it is no folder of a run"),
        (lambda run: Run(run.folder / "nowhere"), "is no folder; give results/<run>"),
    ],
)
def test_what_a_run_lacks_is_one_sentence(small: Path, ask, sentence: str) -> None:
    with pytest.raises(PipelineError) as error:
        ask(Run(small))
    assert sentence in str(error.value)


def test_an_unknown_figure_is_answered_with_the_nearest(finished: Path) -> None:
    with pytest.raises(PipelineError, match="no figure 'scorebord'; did you mean 'scoreboard'"):
        Run(finished).figure("scorebord")


def test_the_verdict_ends_in_the_viable_genotypes_of_highest_value(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for name in ("genes", "scoreboard"):
        write_table(read_table(finished / ARTEFACTS[name]), run / ARTEFACTS[name])
    write_table(pd.DataFrame(SUGGESTIONS), run / ARTEFACTS["next_experiments"])
    shutil.copy(finished / "provenance.json", run)
    result = CliRunner().invoke(app, ["results", "verdict", "--run-folder", str(run)])
    assert result.exit_code == 0, result.output
    first, *_ = result.stdout.splitlines()
    assert first.startswith("Over all")
    best = [line for line in result.stdout.splitlines() if line.startswith("  ")]
    assert [line.split(" in the units")[0].split(": ")[1] for line in best] == [
        "interaction -0.400, SD 0.100,",
        "interaction -0.200, SD 0.100,",
        "interaction -0.100, SD 0.100,",
    ]
    assert result.stdout.splitlines()[-1] == f"report: {run / 'report.html'}"


def test_a_table_of_ones_own_becomes_observations(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("a,b,score\nYAL001C,GEN2,0.5\nYAL001C,GEN3,\nnobody,GEN2,0.1\n")
    columns = {"gene1": "a", "gene2": "b", "value": "score"}
    table = read_screen(path, genes=Run(small), columns=columns, name="ours")
    assert (table["screen"] == "ours").all()
    assert table["genes"].map(list).tolist() == [["YAL001C", "YAL002C"]]
    assert table["value"].tolist() == [0.5]
    assert sum(table.attrs["rejected"].values()) == 2
    with pytest.raises(PipelineError, match=r"screen 'screen': .*did you mean 'value'"):
        read_screen(path, genes=Run(small), columns={"gene1": "a", "gene2": "b", "valu": "score"})
    with pytest.raises(PipelineError, match="there is no screen reader 'tabel'; did you mean 'table'"):
        read_screen(path, "tabel", genes=Run(small))
