"""One fit shared by two nodes, started as docs/clusters.md says."""

import json
import socket
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest

from tests.cluster.slurm import NODES
from tests.cluster.workflow_run import CONFIG, RESULTS

pytestmark = pytest.mark.cluster


def free_port():
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def last_pearson(history):
    rows = pd.read_parquet(history).query("fold == 'validation' and metric == 'pearson'")
    return float(rows.sort_values("epoch")["value"].iloc[-1])


def test_two_nodes_share_a_fit(undisturbed, tmp_path):
    predictions, history, metrics, model = (
        tmp_path / name for name in ("predictions.parquet", "history.parquet", "metrics.json", "model.pt")
    )
    launcher = [
        "srun", f"--nodes={len(NODES)}", "--ntasks-per-node=1", "--gpus-per-node=1", "--cpus-per-task=1", "--mem=4000",
        "--time=20", sys.executable, "-m", "torch.distributed.run", "--nnodes", str(len(NODES)),
        "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id", "fit",
        "--rdzv-endpoint", f"127.0.0.1:{free_port()}", "-m", "pipeline_lib",
    ]  # fmt: skip
    options = [
        "training", "fit", "--settings", CONFIG.name, "--model-settings", CONFIG.name, "--model", "clp", "--seed", "0",
        "--split", f"{RESULTS}/splits/random.parquet", "--observations", f"{RESULTS}/tables/observations.parquet",
        "--genes", f"{RESULTS}/tables/genes.parquet", "--edges", f"{RESULTS}/networks/edges.parquet",
        "--stoichiometry", f"{RESULTS}/metabolism/stoichiometry.pt", "--predictions", str(predictions),
        "--history", str(history), "--metrics", str(metrics), "--output", str(model),
    ]  # fmt: skip
    done = subprocess.run(
        [*launcher, *options], cwd=undisturbed.folder, env=undisturbed.environment, capture_output=True, text=True,
        check=False, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count("epoch 1 of") == 1, "the first process alone speaks"
    alone = undisturbed.results / "models/clp/random/seed0"
    one, two = (pd.read_parquet(folder / "predictions.parquet") for folder in (alone, tmp_path))
    assert one["observation_id"].equals(two["observation_id"])
    # Sums are taken in another order and each process draws its own dropout: close, but not the same.
    assert last_pearson(history) == pytest.approx(last_pearson(alone / "history.parquet"), abs=0.1)
    assert json.loads(metrics.read_text())["model"] == "clp"
