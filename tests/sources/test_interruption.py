"""A fetch that is killed half-way leaves no file that could be taken for whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.sources.conftest import CONTENT, CONTENT_SUM, LoopbackServer, answer, entry, files_below, stall


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_fetch_leaves_no_target_and_the_next_one_succeeds(
    https_server: LoopbackServer, tmp_path: Path, kill: signal.Signals
) -> None:
    url = https_server.at("/file", stall(30))
    catalogue = tmp_path / "sources.yaml"
    catalogue.write_text(yaml.safe_dump({"file.tsv": entry(url=url, sha256=CONTENT_SUM)}))
    command = [
        *(sys.executable, "-m", "pipeline_lib", "sources", "fetch", "file.tsv"),
        f"--catalogue={catalogue}",
        f"--mirror={tmp_path / 'none'}",
        f"--recorded={tmp_path / 'recorded.json'}",
        f"--output={tmp_path / 'out' / 'file.tsv'}",
        f"--record={tmp_path / 'out' / 'file.tsv.record.json'}",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=dict(os.environ)) as process:
        until = time.monotonic() + 60
        while https_server.requests["/file"] == 0 and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(kill)
        assert process.wait(20) != 0
    left = files_below(tmp_path / "out")
    # Nothing can clean up after SIGKILL; what stays is hidden and never read.
    assert left == [] if kill != signal.SIGKILL else all(name.startswith(".") for name in left)
    https_server.at("/file", answer())
    subprocess.run(command, check=True)
    assert (tmp_path / "out" / "file.tsv").read_bytes() == CONTENT
    assert (tmp_path / "out" / "file.tsv.record.json").exists()
