"""Whole runs on own tables: kinds F, G, H, I, J, L and questions to a fitted model."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from pipeline_lib.metabolism.model.gem import read_gem
from tests.cases.bench import Bench
from tests.cases.case import SHARED, Case
from tests.project_copy import copy_project

PAIR = {"gene1": "gene1", "gene2": "gene2", "value": "score"}
CORE = read_gem("cobra:textbook").genes
"""Genes of the E. coli core model."""


def pairs(count: int, seed: int = 0) -> str:
    """Return a table of `count` distinct pairs of core genes with scores from a normal distribution."""
    source = np.random.default_rng(seed)
    chosen: dict[tuple[str, ...], float] = {}
    while len(chosen) < count:
        chosen.setdefault(
            tuple(sorted(source.choice(CORE, 2, replace=False).tolist())), round(float(source.normal(0, 0.2)), 4)
        )
    return "gene1,gene2,score\n" + "".join(f"{a},{b},{value}\n" for (a, b), value in chosen.items())


def configuration(screens: dict[str, dict[str, object]], **changes: object) -> dict[str, object]:
    """Return a run of two cheap models on the E. coli core model and own tables."""
    return {
        "run": "cases",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": screens,
        "splits": {"names": ["random"]},
        "training": {"epochs": 2},
        "grid": [{"models": ["mean", "gene_ridge", "fba"], "splits": ["random"]}],
        "reporting": {"model": "gene_ridge"},
        **changes,
    }


def table(path: Path | str, columns: dict[str, str] = PAIR, **settings: object) -> dict[str, object]:
    """Return the settings of an own screen."""
    return {"reader": "table", "files": {"table": str(path)}, "columns": columns, **settings}


@lru_cache(maxsize=1)
def whole_run(bench: Bench) -> tuple[Path, str]:
    """Run every small screen together, to the report; return the run's folder and what Snakemake printed."""
    forty = bench.write("forty.csv", pairs(40))
    shared = {
        name: next(SHARED.glob(f"*/{name}.csv"), None) for name in ("calls01", "clean", "equal", "one_gene", "sd0")
    }
    screens = {
        "forty_pairs": table(forty),
        "costanzo2016": table(bench.write("named.csv", pairs(60, 1))),
        **(
            {}
            if shared["calls01"] is None
            else {
                "digenic_calls": table(shared["calls01"], {**PAIR, "value": "sl"}, phenotype="call"),
                "raw": table(shared["clean"], phenotype="raw_interaction"),
                "equal": table(shared["equal"]),
                "one_gene": table(shared["one_gene"]),
                "sd0": table(shared["sd0"], {**PAIR, "std": "sd"}),
            }
        ),
    }
    bench.write("run.yaml", yaml.safe_dump(configuration(screens)))
    printed = bench.snakemake(
        "-s", bench.root / "workflow" / "Snakefile", "--cores", "2", "--configfile", "run.yaml", cwd=bench.folder
    )
    return bench.folder / "results" / "cases", printed


def _of_whole_run(look: Callable[[Path], str]) -> Callable[[Bench], str]:
    def observe(bench: Bench) -> str:
        folder = Path(os.environ.get("PYTEST_CASES_FOLDER", bench.folder.parent / "whole_run"))
        folder.mkdir(parents=True, exist_ok=True)
        run, printed = whole_run(replace(bench, folder=folder))
        return look(run) if (run / "report.html").exists() else f"no report: {printed[-3000:]}"

    return observe


def _scores(screen: str) -> Callable[[Path], str]:
    def look(run: Path) -> str:
        rows = pd.read_parquet(run / "evaluation" / "leaderboard.parquet")
        rows = rows[rows["screen"] == screen]
        phenotypes, metrics = (sorted(set(rows[column])) for column in ("phenotype", "metric"))
        return f"{screen}: {len(rows)} rows; phenotypes {phenotypes}; metrics {metrics}"

    return look


def _words_of_page(pattern: str) -> Callable[[Path], str]:
    def look(run: Path) -> str:
        page = (run / "report.html").read_text(encoding="utf-8")
        body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
        found = sorted(set(re.findall(pattern, re.sub(r"<[^>]+>", " ", body))))
        return f"the page of {len(body)} characters names: {found}"

    return look


def _literature(run: Path) -> str:
    ceilings = pd.read_parquet(run / "evaluation" / "noise_ceiling.parquet")
    found = ceilings.loc[ceilings["screen"] == "costanzo2016", ["method", "assumption"]].astype(str)
    return f"ceilings of costanzo2016: {sorted(set(found.agg(' '.join, axis=1)))}"


def _called(run: Path) -> str:
    rows = pd.read_parquet(run / "evaluation" / "leaderboard.parquet")
    return f"metrics of forty_pairs: {sorted(set(rows.loc[rows['screen'] == 'forty_pairs', 'metric']))}"


def _question(*arguments: str) -> Callable[[Path], str]:
    def look(run: Path) -> str:
        bench = Bench(run.parent, run, None)
        output = run.parent / "answer.csv"
        output.unlink(missing_ok=True)
        done = bench.command(
            "predict",
            "--run-folder",
            run,
            "--model",
            "gene_ridge",
            "--screen",
            "forty_pairs",
            *arguments,
            "--output",
            output,
        )
        return output.read_text() if output.exists() else done

    return look


def _flux_question(run: Path) -> str:
    """Ask flux balance analysis for every pair of the core model: none may be one constant with status 0."""
    bench = Bench(run.parent, run, None)
    genes = bench.folder / "core.txt"
    genes.write_text("\n".join(CORE[:40]) + "\n")
    output = run.parent / "flux.csv"
    done = bench.command(
        "predict",
        "--run-folder",
        run,
        "--model",
        "fba",
        "--screen",
        "forty_pairs",
        "--all-pairs",
        genes,
        "--output",
        output,
    )
    if not output.exists():
        return done
    rows = pd.read_csv(output)
    return f"{len(rows)} pairs, {rows['prediction'].isna().sum()} missing, {rows['prediction'].nunique()} values"


def _checked(screens: Callable[[Bench], dict[str, dict[str, object]]], **changes: object) -> Callable[[Bench], str]:
    return lambda bench: bench.check(configuration(screens(bench), **changes))


def _own(name: str, content: str, **settings: object) -> Callable[[Bench], dict[str, dict[str, object]]]:
    return lambda bench: {"own": table(bench.write(name, content), **settings)}


def _replaced(what: str) -> Callable[[Bench], str]:
    """Make a screen's table, replace the own file by one of an older time stamp, and see what would run again."""

    def observe(bench: Bench) -> str:
        own = bench.write("own.csv", pairs(60))
        gem = bench.write("core.json", "")
        import cobra.io

        cobra.io.save_json_model(cobra.io.load_model("textbook"), str(gem))
        content = configuration({"own": table(own)}, metabolism={"gem": str(gem)})
        bench.write("run.yaml", yaml.safe_dump(content))
        start = ("-s", bench.root / "workflow" / "Snakefile", "--cores", "1", "--configfile", "run.yaml")
        target = "results/cases/tables/observations.parquet"
        first = bench.snakemake(target, "results/cases/sources.lock.json", *start, cwd=bench.folder)
        if not first.startswith("status 0"):
            return first[-2000:]
        lock = (bench.folder / "results/cases/sources.lock.json").read_text()
        file = own if what == "table" else gem
        text = file.read_text()
        file.write_text(text.replace("0.1", "0.2") if what == "table" else text.replace("1000.0", "1001.0"))
        os.utime(file, (1_000_000_000, 1_000_000_000))
        again = bench.snakemake("-n", target, *start, cwd=bench.folder)
        rules = sorted(set(re.findall(r"^(?:rule|localrule) (\w+):", again, re.MULTILINE)))
        return f"runs again: {rules}; in the lock: {file.name in lock} {'sha256' in lock}"

    return observe


def _dry_run(arguments: Callable[[Bench], list[str | Path]], table_name: str = "own.csv") -> Callable[[Bench], str]:
    def observe(bench: Bench) -> str:
        own = bench.write(table_name, pairs(60))
        bench.write("run.yaml", yaml.safe_dump(configuration({"own": table(own)})))
        printed = bench.snakemake(*arguments(bench), "-n", "--cores", "1", cwd=bench.folder)
        counts = re.findall(r"^(?:\w+?_)?(read_screen|report)\s+(\d+)", printed, re.MULTILINE)
        return f"{printed.splitlines()[0]}, jobs {sorted(set(counts))}\n{printed[-700:] if not counts else ''}"

    return observe


def _module(prefix: str) -> Callable[[Bench], str]:
    def observe(bench: Bench) -> str:
        own = bench.write("own.csv", pairs(60))
        bench.write("run.yaml", yaml.safe_dump(configuration({"own": table(own)})))
        line = f'    prefix: "{prefix}"\n' if prefix else ""
        bench.write(
            "Snakefile",
            f'module clp:\n    snakefile: "{bench.root}/workflow/Snakefile"\n'
            f'    config: {{"base": "{bench.folder}/run.yaml", "run": "mine"}}\n{line}use rule * from clp as clp_*\n',
        )
        target = (
            f"{prefix}results/mine/tables/observations.parquet"
            if prefix
            else "results/mine/tables/observations.parquet"
        )
        printed = bench.snakemake(target, "--cores", "1", cwd=bench.folder)
        found = (bench.folder / target).exists()
        return f"{printed.splitlines()[0]}, made {found}" + ("" if found else printed[-1500:])

    return observe


def _default_run(*arguments: str) -> Callable[[Bench], str]:
    def observe(bench: Bench) -> str:
        checkout = bench.folder / "checkout"
        checkout.mkdir()
        copy_project(bench.root, checkout)
        if bench.mirror is not None:
            os.environ.setdefault("PIPELINE_MIRROR", str(bench.mirror))
        printed = replace(bench, root=checkout).snakemake("-n", "--cores", "1", *arguments, cwd=checkout)
        made = sorted(set(re.findall(r"results/([\w-]+)/report\.html", printed)))
        shutil.rmtree(checkout)
        return f"{printed.splitlines()[0]}, runs {made}\n{'' if made else printed[-600:]}"

    return observe


def _simulated(order: int) -> Callable[[Bench], str]:
    """Read a simulated screen in Kuzmin's layout and state which side its P-values of one order are of."""

    def observe(bench: Bench) -> str:
        genes = bench.gene_table("cobra:textbook")
        parts = bench.network_tables(genes)
        bench.command(
            "simulation",
            "screen",
            "--settings",
            '{"core": {"triples": 500}}',
            "--name",
            "core",
            "--genes",
            genes,
            *(item for name in ("reactions", "incidence", "complexes") for item in (f"--{name}", parts[name])),
            "--output-folder",
            bench.folder / "sim",
            "--truth",
            bench.folder / "truth.parquet",
        )
        file = bench.folder / "sim" / "aao1729_data_s1.tsv"
        screen = {"simulated": {"reader": "kuzmin2018", "files": {"table": str(file)}}}
        done = bench.command(
            "screens",
            "read",
            "--settings",
            json.dumps(screen),
            "--name",
            "simulated",
            "--genes",
            genes,
            "--file",
            f"table={file}",
            "--output",
            bench.folder / "read.parquet",
            "--rejected",
            bench.folder / "rejected.parquet",
        )
        if not (bench.folder / "read.parquet").exists():
            return done
        rows = pd.read_parquet(bench.folder / "read.parquet")
        rows = rows[(rows["order"] == order) & rows["p_value"].notna()]
        sides = sorted(set(rows["p_sided"].dropna().astype(int)))
        unknown = int(rows["p_sided"].isna().sum())
        return f"{len(rows) > 0} P-values of order {order} are {sides}-sided, {unknown} unknown"

    return observe


FOREIGN = r"Kuzmin|hoΔ|SGD|Collins|Costanzo et al|[Yy]east|S\. cerevisiae"

CASES = [
    Case(
        "18-digenic-calls",
        "F",
        "digenic calls with both labels are tested",
        _of_whole_run(_scores("digenic_calls")),
        r"digenic_calls: [1-9]\d* rows; phenotypes \['call'\].*average_precision",
        folder="18-digenic-calls",
    ),
    Case(
        "20-raw-interaction",
        "F",
        "raw interactions are tested like interactions",
        _of_whole_run(_scores("raw")),
        r"raw: [1-9]\d* rows; phenotypes \['raw_interaction'\]",
        folder="20-raw-interaction",
    ),
    Case(
        "22-other-phenotype",
        "F",
        "a model of interactions is not asked for fitness",
        _of_whole_run(_question("--phenotype", "fitness", "--genotype", f"{CORE[3]},{CORE[9]}")),
        r"refused: .*fitness.*interaction",
        folder="22-predict-other-phenotype",
    ),
    Case(
        "22-pair-with-itself",
        "F",
        "a pair of one gene with itself is refused",
        _of_whole_run(_question("--phenotype", "interaction", "--genotype", f"{CORE[3]},{CORE[3]}")),
        r"refused: .*twice",
        folder="22-predict-other-phenotype",
    ),
    Case(
        "F-question",
        "F",
        "a pair is predicted, with its names, unit and what training had seen of it",
        _of_whole_run(_question("--phenotype", "interaction", "--genotype", f"{CORE[3]},{CORE[9]}")),
        r"genes,names,order,phenotype,screen,unit,prediction,sd.*interaction,forty_pairs",
    ),
    Case(
        "F-flux-question",
        "F",
        "flux balance analysis solves the pairs that no table holds",
        _of_whole_run(_flux_question),
        r"780 pairs, 0 missing, ([2-9]|\d\d+) values",
    ),
    Case(
        "G-words",
        "G",
        "the page of an own screen names no dataset, organism or control of another",
        _of_whole_run(_words_of_page(FOREIGN)),
        r"names: \[\]",
    ),
    Case(
        "G-literature",
        "G",
        "a published replicate correlation stands only beside that publication's own data",
        _of_whole_run(_literature),
        r"ceilings of costanzo2016",
        "published|literature|replicate screens",
    ),
    Case(
        "G-nothing-called",
        "G",
        "an own screen without a threshold has no calls",
        _of_whole_run(_called),
        r"metrics of forty_pairs: \[.*'pearson'",
        "average_precision|auroc",
    ),
    Case(
        "26-older-table",
        "H",
        "a replaced table is read again, whatever its time stamp",
        _replaced("table"),
        r"'read_screen'.*in the lock: True True",
        folder="26-own-table-not-tracked",
    ),
    Case(
        "H-older-model",
        "H",
        "a replaced model is read again, whatever its time stamp",
        _replaced("model"),
        r"'genes'.*in the lock: True True",
    ),
    Case(
        "H-lock-of-the-run",
        "H",
        "the lock holds the own tables with sha256",
        _of_whole_run(lambda run: (run / "sources.lock.json").read_text()),
        r"forty\.csv.*sha256|sha256.*forty\.csv",
    ),
    Case(
        "25-other-folder",
        "I",
        "-s from another folder",
        _dry_run(lambda bench: ["-s", bench.root / "workflow" / "Snakefile", "--configfile", "run.yaml"]),
        r"status 0, jobs \[.*'read_screen', '1'",
        folder="25-snakemake-folders",
    ),
    Case(
        "25-top-snakefile",
        "I",
        "-s of the top-level Snakefile from another folder",
        _dry_run(lambda bench: ["-s", bench.root / "Snakefile", "--configfile", "run.yaml"]),
        r"status 0, jobs \[.*'read_screen', '1'",
        folder="25-snakemake-folders",
    ),
    Case(
        "25-module",
        "I",
        "as a module of another workflow",
        _module(""),
        r"status 0, made True",
        folder="25-snakemake-folders",
    ),
    Case("I-module-prefix", "I", "as a module with a prefix", _module("sub/"), r"status 0, made True"),
    Case(
        "I-braces",
        "I",
        "braces and blanks in a file's name",
        _dry_run(
            lambda bench: ["-s", bench.root / "workflow" / "Snakefile", "--configfile", "run.yaml"], "my {own} 1.csv"
        ),
        r"status 0, jobs \[.*'read_screen', '1'",
    ),
    Case(
        "28-run-name",
        "I",
        "a run's name with a blank is refused in words",
        _default_run("--config", "run=my run"),
        r"run.*(letters|blank|space)",
        r"\^\[A-Za-z\]",
        folder="28-config-overrides",
    ),
    Case(
        "28-run-override",
        "I",
        "--config run=x renames the default run",
        _default_run("--config", "run=x"),
        r"status 0, runs \['x'\]",
        folder="28-config-overrides",
    ),
    Case(
        "27-one-row",
        "J",
        "one row cannot be split, and the check says so",
        _checked(lambda _: {"own": table(SHARED / "27-tiny-training" / "one_row.csv")}),
        r"random.*(1 |one )",
        folder="27-tiny-training",
    ),
    Case(
        "27-five",
        "J",
        "five rows are planned or refused in one sentence, before any work",
        _checked(lambda _: {"own": table(SHARED / "27-tiny-training" / "five.csv")}),
        r"random|good|fold",
        folder="27-tiny-training",
    ),
    Case(
        "27-equal",
        "J",
        "values that are all equal reach the report",
        _of_whole_run(_scores("equal")),
        r"equal: [1-9]\d* rows",
        folder="27-tiny-training",
    ),
    Case(
        "27-one-gene",
        "J",
        "a screen of one query gene reaches the report",
        _of_whole_run(_scores("one_gene")),
        r"one_gene: [1-9]\d* rows",
        folder="27-tiny-training",
    ),
    Case(
        "27-sd0",
        "J",
        "standard deviations of 0 reach the report",
        _of_whole_run(_scores("sd0")),
        r"sd0: [1-9]\d* rows",
        folder="27-tiny-training",
    ),
    Case(
        "J-forty-pairs",
        "J",
        "forty pairs without calls, P-values and queries reach the report",
        _of_whole_run(_scores("forty_pairs")),
        r"forty_pairs: [1-9]\d* rows",
    ),
    Case(
        "J-all-faults-at-once",
        "J",
        "the check says all that is wrong: file, model, column",
        _checked(
            lambda bench: {
                "gone": table(bench.folder / "gone.csv"),
                "own": table(bench.write("own.csv", pairs(40)), {**PAIR, "value": "epsilon"}),
            },
            grid=[{"models": ["mean", "gene_rigde"], "splits": ["random"]}],
        ),
        r"(?=.*gone\.csv)(?=.*epsilon)(?=.*gene_rigde)",
    ),
    Case(
        "L-trigenic-sided",
        "L",
        "P-values of trigenic rows are one-sided, as released",
        _simulated(3),
        r"True P-values of order 3 are \[1\]-sided, 0 unknown",
    ),
    Case(
        "L-digenic-sided",
        "L",
        "P-values of digenic rows are one-sided, as released",
        _simulated(2),
        r"True P-values of order 2 are \[1\]-sided, 0 unknown",
    ),
]
