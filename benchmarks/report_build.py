"""Build the report page of a finished run, beside Snakemake's own report of the same run."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import FOLDER, MemoryWatch, timed, write_benchmark

ROOT = FOLDER.parents[1]
REPEATS = 3


def finished_run() -> tuple[str, Path]:
    """Return the configuration and the folder of the largest finished run; end in a sentence without one."""
    for run, config in (("yeast", "config/config.yaml"), ("quickstart", "config/quickstart.yaml")):
        folder = ROOT / "results" / run
        if (folder / "report.html").exists():
            return config, folder
    sys.exit("error: this benchmark needs a finished run: `make yeast` or `make run` first.")


def main() -> None:
    """Measure both and write ``results/benchmarks/report_build.json``."""
    config, run = finished_run()
    with tempfile.TemporaryDirectory() as folder:
        page, peer_page = Path(folder) / "report.html", Path(folder) / "snakemake.html"
        ours = [
            *(sys.executable, "-m", "pipeline_lib", "reporting", "html"),
            *(f"--settings={config}", f"--run-folder={run}", f"--output={page}"),
        ]
        peer = [
            *(sys.executable, "-m", "snakemake", "--configfile", config),
            *("--report", str(peer_page), "--cores", "1", "--nolock"),
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}

        def build() -> None:
            built = subprocess.run(ours, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
            if built.returncode != 0:
                sys.exit(built.stderr)

        with MemoryWatch() as memory:
            ours_s = [timed(build) for _ in range(REPEATS)]
        # The peer wants every output up to date; a checkout that was edited since the run has none.
        done = subprocess.run(peer, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        peer_s = None
        if done.returncode == 0:
            peer_s = [timed(lambda: subprocess.run(peer, check=True, cwd=ROOT, env=environment, capture_output=True))]
        write_benchmark(
            "report_build",
            ours_s=ours_s,
            peer_s=peer_s,
            work=f"the page of results/{run.name} (every figure, table and sentence), as a process of its own; "
            "peer: snakemake --report of the same run (its own results page)",
            peer_refused=None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1],
            page_mb=page.stat().st_size / 1e6,
            peak_mb=memory.peak_mb,
        )


if __name__ == "__main__":
    main()
