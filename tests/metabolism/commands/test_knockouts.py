"""``metabolism knockouts``, ``all-pairs`` and ``all-triples`` from file to file, as a rule calls them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from pipeline_lib.artefacts import schemas
from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.cli import app
from pipeline_lib.metabolism.model.gem import Gem


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, textbook: Gem, index_of_genes) -> Path:
    """Return a folder with the tables of the E. coli core model, its genes after one that it lacks."""
    folder = tmp_path_factory.mktemp("knockouts")
    genes = index_of_genes(("elsewhere", *textbook.genes))
    genes["in_gem"] = genes["gene"] != "elsewhere"
    write_table(genes, folder / "genes.parquet", schemas.GENES)
    outputs = [f"--{name}={folder}/{name}.parquet" for name in ("metabolites", "energies")]
    tables = [*network_files(folder), *outputs, f"--stoichiometry={folder}/stoichiometry.pt"]
    settings = json.dumps({"gem": "cobra:textbook"})
    run("build", f"--settings={settings}", "--gem=cobra:textbook", *tables)
    return folder


def network_files(folder: Path) -> list[str]:
    return [f"--{name}={folder}/{name}.parquet" for name in ("reactions", "incidence", "complexes", "genes")]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def solve(folder: Path, genotypes: list[list[str]], *options: str) -> pd.DataFrame:
    pd.DataFrame({"genes": genotypes, "screen": "any"}).to_parquet(folder / "genotypes.parquet")
    output = folder / "knockouts.parquet"
    run("knockouts", *network_files(folder), f"--genotypes={folder}/genotypes.parquet", f"--output={output}", *options)
    assert not list(folder.glob(".*.solved"))
    table = pd.read_parquet(output)
    return table.set_index(table["genes"].map("+".join))


def test_a_table_of_genotypes_becomes_fitness_and_interactions(folder: Path) -> None:
    # Phosphofructokinase: two isozymes, either of which is enough.
    table = solve(folder, [["b1723", "b3916"], ["b1723", "b3916"], ["b0720"]])
    assert sorted(table.index) == ["b0720", "b1723", "b1723+b3916", "b3916"]
    assert table["order"].tolist() == [1, 1, 1, 2]
    assert table.loc["b0720", "fitness"] == 0
    assert table.loc[["b1723", "b3916"], "fitness"].tolist() == [1, 1]
    pair = table.loc["b1723+b3916"]
    assert 0 < pair["fitness"] < 1
    assert pair["interaction"] == pytest.approx(pair["fitness"] - 1, abs=1e-8)
    assert table["interaction"].isna().tolist() == [True, True, True, False]
    assert pair["growth"] == pytest.approx(pair["fitness"] * 0.8739215, rel=1e-6)
    assert set(table["status"]) == {"optimal"}
    assert set(table["method"]) == {"fba"}


def test_a_gene_is_known_by_any_of_its_names_as_in_screens_and_questions(folder: Path) -> None:
    table = solve(folder, [[" B1723", "b3916"]])
    assert sorted(table.index) == ["b1723", "b1723+b3916", "b3916"]


def test_all_sub_genotypes_of_a_triple_are_there_and_give_its_tau(folder: Path) -> None:
    table = solve(folder, [["b1676", "b1723", "b3916"]])
    assert len(table) == 7
    f = table["fitness"]
    i, j, k = "b1676", "b1723", "b3916"
    digenic = sum((f[f"{a}+{b}"] - f[a] * f[b]) * f[c] for a, b, c in ((i, j, k), (i, k, j), (j, k, i)))
    tau = f[f"{i}+{j}+{k}"] - f[i] * f[j] * f[k] - digenic
    assert table.loc[f"{i}+{j}+{k}", "interaction"] == pytest.approx(tau, abs=1e-8)


def test_a_gene_outside_the_model_has_no_effect(folder: Path) -> None:
    table = solve(folder, [["b1723", "elsewhere"], ["elsewhere"]])
    assert table.loc["elsewhere", "fitness"] == 1
    assert table.loc["b1723+elsewhere", "fitness"] == table.loc["b1723", "fitness"]
    assert table.loc["b1723+elsewhere", "interaction"] == 0


def test_moma_is_an_option(folder: Path) -> None:
    fba = solve(folder, [["b0721"], ["b2276"]])
    moma = solve(folder, [["b0721"], ["b2276"]], "--method=moma")
    assert set(moma["method"]) == {"moma"}
    assert (moma["fitness"] <= fba["fitness"] + 1e-6).all()
    assert (moma["fitness"] < fba["fitness"] - 0.01).any()


def test_the_bytes_do_not_depend_on_the_number_of_processes(folder: Path, tmp_path: Path) -> None:
    written = []
    for processes in ("1", "2"):
        output = tmp_path / f"pairs{processes}.parquet"
        run("all-pairs", *network_files(folder), f"--processes={processes}", f"--output={output}")
        written.append(output.read_bytes())
    assert written[0] == written[1]
    assert len(pd.read_parquet(tmp_path / "pairs1.parquet")) == 137 + 9316


def test_all_triples_writes_the_sparse_set_and_the_counts(folder: Path, tmp_path: Path) -> None:
    run(
        "all-triples",
        *network_files(folder),
        f"--output={tmp_path}/triples.parquet",
        f"--counts={tmp_path}/counts.json",
        f"--subsystems={tmp_path}/subsystems.parquet",
    )
    counts = json.loads((tmp_path / "counts.json").read_text())
    table = pd.read_parquet(tmp_path / "triples.parquet")
    assert counts["triples"] == 419_220
    assert len(table) == counts["interacting"]
    assert (table["tau"].abs() > 1e-6).all()
    assert "elsewhere" not in set(table["first"])
    row = table.iloc[0]
    alone = solve(folder, [[row["first"], row["second"], row["third"]]])
    assert alone["interaction"].iloc[-1] == pytest.approx(row["tau"], abs=1e-7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"genes": [["b0720"], ["no_such_gene"]]},
            r"row 2 \(counted from 1\): gene 'no_such_gene' is not in the gene index",
        ),
        ({"names": [["b0720"]]}, "no parquet table with a list column 'genes'"),
        ({"genes": ["b0720"]}, "not lists of gene names"),
    ],
)
def test_a_faulty_table_of_genotypes_is_refused(folder: Path, tmp_path: Path, content: dict, message: str) -> None:
    pd.DataFrame(content).to_parquet(tmp_path / "faulty.parquet")
    with pytest.raises(PipelineError, match=message):
        run(
            "knockouts",
            *network_files(folder),
            f"--genotypes={tmp_path}/faulty.parquet",
            f"--output={tmp_path}/never.parquet",
        )
    assert not (tmp_path / "never.parquet").exists()


def test_a_missing_or_truncated_table_is_named(folder: Path, tmp_path: Path) -> None:
    whole = pd.DataFrame({"genes": [["b0720"]]})
    whole.to_parquet(tmp_path / "whole.parquet")
    (tmp_path / "half.parquet").write_bytes((tmp_path / "whole.parquet").read_bytes()[:200])
    for name, message in (("half", "half.parquet is no parquet table"), ("none", "none.parquet does not exist")):
        with pytest.raises(PipelineError, match=message):
            run(
                "knockouts",
                *network_files(folder),
                f"--genotypes={tmp_path}/{name}.parquet",
                f"--output={tmp_path}/never.parquet",
            )


def test_nan_growth_is_kept_in_the_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline_lib.metabolism.programs.linear_program import WarmSolver, unsettled

    solve_once = WarmSolver.solve

    def give_up(self: WarmSolver, fixed: np.ndarray, *rest: np.ndarray) -> object:
        return unsettled("failed", len(self.program.lower)) if len(fixed) else solve_once(self, fixed, *rest)

    monkeypatch.setattr(WarmSolver, "solve", give_up)
    table = solve(folder, [["b0720"], ["b1723"]])
    assert table.loc["b0720", "status"] == "failed"
    assert np.isnan(table.loc["b0720", "growth"])
    assert np.isnan(table.loc["b0720", "fitness"])
    assert table.loc["b1723", "status"] == "optimal"


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        ([["b0726"], ["b0726", "b0726"]], "row 2 .*one gene is named twice"),
        ([["b0726", "b1723", "b0726"]], "row 1 .*one gene is named twice"),
        ([["b0726", "B0726 "]], "row 1 .*one gene is named twice"),
        ([["b0726"], ["b1723"], []], "row 3 .*no gene is named"),
        ([[]], "row 1 .*no gene is named"),
        ([["b0726"], None], "row 2 .*no gene is named"),
        ([["b0726", "b1723", "b3916", "b1676"]], "row 1 .*more than three genes are named"),
        ([["b0726"], ["b1723", None]], "row 2 .*a gene name is missing"),
        ([["b0726"], ["b1723", ""]], "row 2 .*a gene name is missing"),
    ],
)
def test_a_row_that_is_no_genotype_is_refused(folder: Path, tmp_path: Path, genes: list, message: str) -> None:
    pd.DataFrame({"genes": genes}).to_parquet(tmp_path / "faulty.parquet")
    with pytest.raises(PipelineError, match=rf"faulty\.parquet: {message}"):
        run(
            "knockouts",
            *network_files(folder),
            f"--genotypes={tmp_path}/faulty.parquet",
            f"--output={tmp_path}/never.parquet",
        )
    assert not list(tmp_path.glob("*never*"))


def test_lists_of_any_kind_of_text_are_read(folder: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    lists = [["b1723", "b3916"], ["b0720", "b1723"]]
    kinds = (
        pa.list_(pa.large_string()),
        pa.large_list(pa.string()),
        pa.list_(pa.string(), 2),
        pa.list_(pa.dictionary(pa.int32(), pa.string())),
        pa.list_(pa.string_view()),
    )
    for number, kind in enumerate(kinds):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({"genes": pa.array(lists, kind)}), path)
        output = tmp_path / "out.parquet"
        run("knockouts", *network_files(folder), f"--genotypes={path}", f"--output={output}")
        assert len(pd.read_parquet(output)) == 5
