"""Feature tables through the workflow: a model's own fluxes and a user's table, and none at all."""

import pandas as pd

CONFIG = """base: config/quickstart.yaml
run: mine
features:
  flux: {reader: flux, media: [minimal]}
  lab: {reader: table, files: {table: lab.csv}, holds_genetic: no, year: 2024}
"""


def test_tables_are_built_and_described(snakemake, checkout):
    (checkout / "lab.csv").write_text("gene,size\nb0720,1.5\nb2779,2.5\nb9999,9\n")
    (checkout / "mine.yaml").write_text(CONFIG)
    target = "results/mine/features/summary.parquet"
    done = snakemake(target, "--cores", "1", "--configfile", "mine.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = pd.read_parquet(checkout / target).set_index("name")
    assert summary["genes"].to_dict() == {"flux": 137, "lab": 2}
    assert summary.loc["lab", ["unknown_genes", "year"]].tolist() == [1, 2024]
    assert summary["used"].all()
    genes = pd.read_parquet(checkout / "results/mine/tables/genes.parquet").set_index("gene_index")["gene"]
    flux = pd.read_parquet(checkout / "results/mine/features/flux.parquet").set_index("gene_index")
    # Enolase has no isozyme in E. coli: without it the model does not grow.
    assert flux["fitness_minimal"][genes[genes == "b2779"].index[0]] == 0


def test_without_feature_tables_the_summary_is_empty_and_the_log_states_it(snakemake, checkout):
    target = "results/quickstart/features/summary.parquet"
    done = snakemake(target, "--cores", "1", "--configfile", "config/quickstart.yaml", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(pd.read_parquet(checkout / target)) == 0
    assert "this run has no feature tables" in (checkout / "results/quickstart/logs/features.log").read_text()
