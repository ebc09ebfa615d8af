"""What would run: everything at first, nothing twice, and only what an edit or a new dataset concerns."""

import re
import time

import pytest
import yaml

from tests.workflow.conftest import rules_of

QUICKSTART = ("--configfile", "config/quickstart.yaml", "--cores", "2")


def test_quickstart_runs_every_stage(snakemake, checkout):
    done = snakemake("-n", *QUICKSTART, cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    rules = rules_of(done.stdout)
    stages = {
        "genes",
        "metabolism",
        "read_screen",
        "observations",
        "networks",
        "cell_graph",
        "split",
        "fit",
        "fit_on_gpu",
        "leaderboard",
    }
    assert stages <= set(rules)
    assert "fetch" not in rules, "quickstart needs no network"


def test_the_yeast_run_has_a_job_for_every_model_split_and_seed(snakemake, checkout):
    done = snakemake("-n", "--cores", "2", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    content = yaml.safe_load((checkout / "config/config.yaml").read_text())
    jobs = {
        (model, split, seed)
        for entry in content["grid"]
        for model in entry["models"]
        for split in entry["splits"]
        for seed in entry.get("seeds", [0])
    }
    rules = rules_of(done.stdout)
    assert rules["fit"] + rules["fit_on_gpu"] == len(jobs)
    fits = sum(model.startswith("clp") for model, _, _ in jobs)
    assert 0 < rules["closed_form"] < fits / 2, "seeds and ablations of the network share theirs"


def test_the_drawing_of_the_rules_has_those_of_the_yeast_run(snakemake, checkout, root):
    done = snakemake("--rulegraph", "--configfile", "config/config.yaml", cwd=checkout)
    assert done.returncode == 0, done.stderr
    drawn = re.findall(r"<text[^>]*>([^<]+)</text>", (root / "docs/figures/rulegraph.svg").read_text())
    assert sorted(drawn) == sorted(re.findall(r'label = "([^"]+)"', done.stdout)), (
        "snakemake --rulegraph --configfile config/config.yaml | dot -Tsvg > docs/figures/rulegraph.svg draws it anew"
    )


def test_a_scan_of_the_genome_is_a_job_a_shard_and_no_part_of_a_default_run(snakemake, checkout):
    assert "scan_shard" not in rules_of(snakemake("-n", *QUICKSTART, cwd=checkout).stdout)
    done = snakemake("genome_scan", "-n", *QUICKSTART, "--set-scatter", "genome_scan=40", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    rules = rules_of(done.stdout)
    assert (rules["scan_shard"], rules["genome_scan"]) == (40, 1)


def test_a_draw_is_a_split_with_files_of_its_own(snakemake, checkout):
    """``query_disjoint`` begins the name of its draws, and one draw the name of another: no file may be another's."""
    names = ["query_disjoint", "query_disjoint-1", "query_disjoint-12"]
    grid = [{"models": ["mean", "query_mean"], "splits": names}]
    changes = {"base": "config/quickstart.yaml", "splits": {"names": names}, "grid": grid}
    (checkout / "mine.yaml").write_text(yaml.safe_dump(changes))
    done = snakemake("leaderboard", "-n", "-p", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    rules = rules_of(done.stdout)
    assert (rules["split"], rules["fit"]) == (3, 6)
    for name in names:
        assert re.search(rf"--name {name} .*--output results/quickstart/splits/{name}\.parquet", done.stdout)
        fits = re.findall(rf"--folds results/quickstart/splits/{name}\.parquet .*", done.stdout)
        assert len(fits) == 2
        assert all(f"/{name}/seed0/predictions.parquet" in fit for fit in fits)


def best_of_three(run) -> float:
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert run().returncode == 0
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def test_a_dry_run_of_the_default_configuration_takes_less_than_four_seconds(snakemake, checkout):
    # A busy machine slows Snakemake's own start just as much, which takes 1.3 s where nothing else runs.
    start = best_of_three(lambda: snakemake("--help", cwd=checkout))
    dry_run = best_of_three(lambda: snakemake("-n", "--quiet", "all", "--cores", "2", cwd=checkout))
    assert dry_run < 4 * max(1.0, start / 1.3)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("splits", {"nmaes": ["random"]}, "unknown key 'splits.nmaes'; did you mean 'names'?"),
        ("splits", {"names": ["random-01"]}, "there is no split 'random-01'; choose among random, query_disjoint"),
        ("grid", [{"models": ["clpp"], "splits": ["random"]}], "there is no model 'clpp'; did you mean 'clp'?"),
        ("grid", [{"models": ["clp"], "splits": ["gene_disjoint_all"]}], "which is not in splits.names"),
        ("scan", {"model": "clpp"}, "key 'scan.model': there is no model 'clpp'; did you mean 'clp'?"),
        ("scan", {"split": "random-7"}, "key 'scan.split': the run has no split 'random-7'; there are"),
        ("scan", {"screen": "nowhere"}, "key 'scan.screen': the run has no screen 'nowhere'; there are"),
        ("scan", {"genes": "nowhere.txt"}, "'nowhere.txt' is neither a source of config/sources.yaml nor a file"),
        ("metabolism", {"gem": "nowhere.yml"}, "'nowhere.yml' is neither a source of config/sources.yaml nor a file"),
    ],
)
def test_a_config_typo_is_one_sentence(snakemake, checkout, key, value, message):
    content = yaml.safe_load((checkout / "config/quickstart.yaml").read_text())
    content[key] = value
    (checkout / "mine.yaml").write_text(yaml.safe_dump(content))
    done = snakemake("-n", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_snakemake_lint_has_nothing_to_say(snakemake, root):
    done = snakemake("--lint", *QUICKSTART[:2], cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_users_screen_and_results_folder_need_no_edit_of_the_workflow(snakemake, checkout):
    (checkout / "lab.csv").write_text("gene_a,gene_b,epsilon\nb0008,b0114,-0.1\n")
    (checkout / "mine.yaml").write_text(
        "base: config/quickstart.yaml\nrun: our-lab\n"
        "screens:\n  our_lab:\n    reader: table\n    files: {table: lab.csv}\n"
        "    columns: {gene1: gene_a, gene2: gene_b, value: epsilon}\n"
    )
    done = snakemake("-n", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rules_of(done.stdout)["read_screen"] == 2
    assert "results/our-lab/" in done.stdout


@pytest.mark.parametrize(("chosen", "refused"), [("", True), ("cell: {networks: [string]}\n", False)])
def test_a_network_with_genetic_interactions_is_used_by_name_only(snakemake, checkout, chosen, refused):
    (checkout / "edges.csv").write_text("a,b\nb0008,b0114\n")
    (checkout / "mine.yaml").write_text(
        f"base: config/quickstart.yaml\nrun: mine\n{chosen}"
        "networks:\n  string:\n    reader: table\n    files: {table: edges.csv}\n"
        "    columns: {source: a, target: b}\n    evidence: [genetic]\n    year: 2020\n"
    )
    done = snakemake("-n", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert (done.returncode != 0) == refused
    assert ("may carry a screen's own labels" in done.stdout + done.stderr) == refused


OWN_FEATURES = (
    "features:\n  age:\n    reader: table\n    files: {table: age.csv}\n    holds_genetic: no\n"
    "  hearsay:\n    reader: table\n    files: {table: age.csv}\n"
)


@pytest.mark.parametrize(
    ("chosen", "read"),
    [("", ["age"]), ("cell: {features: [hearsay]}\n", ["hearsay"]), ("cell: {features: []}\n", [])],
)
def test_models_read_the_feature_tables_without_genetic_interactions_or_those_named(snakemake, checkout, chosen, read):
    (checkout / "age.csv").write_text("gene,age\nb0008,1\nb0114,2\n")
    (checkout / "mine.yaml").write_text(
        f"base: config/quickstart.yaml\nrun: mine\n{chosen}{OWN_FEATURES}"
        "grid:\n  - {models: [network_profiles, mean], splits: [random]}\n"
    )
    done = snakemake("-n", "-p", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rules_of(done.stdout)["read_features"] == 2
    fits = dict(re.findall(r"training fit .*--model (\w+)( .*)", done.stdout))
    assert re.findall(r"--features=results/mine/features/(\w+)\.parquet", fits["network_profiles"]) == read
    assert "--features" not in fits["mean"]


def commands_of(output: str) -> dict[str, set[str]]:
    """Return, by what is run and on which model, the knockouts and feature tables that its commands name."""
    named: dict[str, set[str]] = {}
    for line in output.splitlines():
        if found := re.search(r"training (fit|overfit|walk-through) .*--model (\w+)", line):
            work = " ".join(found.groups())
        elif "reporting next-experiments" in line:
            work = "next-experiments"
        else:
            continue
        files = re.findall(r"--(?:knockouts|features)=results/mine/(\S+)\.parquet", line)
        named.setdefault(work, set()).update(files)
    return named


def test_whatever_reads_a_clp_gets_the_growth_and_the_features_that_it_was_fitted_on(snakemake, checkout):
    (checkout / "age.csv").write_text("gene,age\nb0008,1\nb0114,2\n")
    (checkout / "mine.yaml").write_text(
        f"base: config/quickstart.yaml\nrun: mine\n{OWN_FEATURES}"
        "grid:\n  - {models: [clp, clp_no_flux, clp_no_features, clp_all_features], splits: [random]}\n"
    )
    done = snakemake("-n", "-p", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    named = commands_of(done.stdout)
    growth, used = "metabolism/knockouts.fba", "features/age"
    for work in ("fit clp", "overfit clp", "walk-through clp", "next-experiments"):
        assert named[work] == {growth, used}, work
    assert named["fit clp_no_flux"] == {used}
    assert named["fit clp_no_features"] == {growth}
    assert named["fit clp_all_features"] == {growth, used, "features/hearsay"}
    # What no screen has measured is solved on the network.
    assert re.search(
        r"--metabolic-network( results/mine/metabolism/(reactions|incidence|complexes)\.parquet){3}", done.stdout
    )


def test_a_clp_without_flux_needs_no_knockouts(snakemake, checkout):
    (checkout / "mine.yaml").write_text(
        "base: config/quickstart.yaml\nrun: mine\nmodels: {clp: {flux: false}}\n"
        "grid:\n  - {models: [mean, clp, clp_no_profiles], splits: [random]}\n"
    )
    done = snakemake("-n", "-p", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "knockouts" not in rules_of(done.stdout)
    assert not any(commands_of(done.stdout).values())
    assert "--metabolic-network" not in done.stdout


def test_the_fits_of_a_run_that_could_share_terms_keep_their_checkpoints_in_one_folder(snakemake, checkout):
    (checkout / "mine.yaml").write_text(
        "base: config/quickstart.yaml\nrun: mine\n"
        "grid:\n  - {models: [clp, clp_no_flux, gene_ridge], splits: [random]}\n"
    )
    done = snakemake("-n", "-p", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    folders = dict(re.findall(r"training fit .*--model (\w+) .*--checkpoints (\S+)", done.stdout))
    assert folders["clp"] == folders["clp_no_flux"] != folders["gene_ridge"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "cell: {features: [ages]}\n",
            "key 'cell.features': there is no feature table 'ages'; there are ['age', 'hearsay']",
        ),
        ("", "there is no feature reader 'tabel'"),
    ],
)
def test_a_typo_of_a_feature_table_is_one_sentence(snakemake, checkout, text, sentence):
    (checkout / "age.csv").write_text("gene,age\n")
    features = OWN_FEATURES if text else OWN_FEATURES.replace("reader: table", "reader: tabel")
    (checkout / "mine.yaml").write_text(f"base: config/quickstart.yaml\nrun: mine\n{text}{features}")
    done = snakemake("-n", "--cores", "2", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
