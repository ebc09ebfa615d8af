"""A dry run of the default configuration: from the command to the list of jobs."""

import subprocess
import sys
from pathlib import Path

from measure import interleaved, write_benchmark

ROOT = Path(__file__).resolve().parents[1]


def snakemake(*arguments: str) -> None:
    """Run Snakemake in the project's folder."""
    subprocess.run([sys.executable, "-m", "snakemake", *arguments], cwd=ROOT, check=True, capture_output=True)


def main() -> None:
    """Time the dry run beside the bare start of Snakemake, which no workflow can be quicker than."""
    ours, peer = interleaved(lambda: snakemake("-n", "--quiet", "all", "--cores", "2"), lambda: snakemake("--help"), 5)
    write_benchmark(
        "dry_run",
        ours_s=ours,
        peer_s=peer,
        work="dry run of config/config.yaml, every job planned; peer is `snakemake --help`, the floor of any dry run",
    )


if __name__ == "__main__":
    main()
