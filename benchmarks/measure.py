"""Time our code beside a peer in one process and write down what came of it.

The scripts beside this file import it by its bare name: ``python benchmarks/<name>.py`` puts this folder on the path.
"""

import importlib.metadata
import os
import platform
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline_lib.artefacts.atomic import write_json

if TYPE_CHECKING:
    import psutil

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "results" / "benchmarks"
PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "torch",
    "torch-geometric",
    "scikit-learn",
    "cobra",
    "highspy",
)


def timed(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(
    ours: Callable[[], object], peer: Callable[[], object], repeats: int
) -> tuple[list[float], list[float]]:
    """Time ours and the peer by turns, so that a busy spell of the machine falls on both.

    Returns
    -------
    (ours, peer)
        Wall-clock seconds of each repeat.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats):
        seconds[0].append(timed(ours))
        seconds[1].append(timed(peer))
        shown = f"ours {seconds[0][-1]:.3f} s, peer {seconds[1][-1]:.3f} s"
        print(f"repeat {repeat + 1}/{repeats}: {shown}", file=sys.stderr)
    return seconds


def peak_mb() -> float:
    """Return the greatest resident memory so far (MiB): this process plus its largest finished child."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + child) / 1024


class MemoryWatch:
    """Sample the resident memory of this process and all its children; ``peak_mb`` is the greatest sum (MiB)."""

    def __init__(self, interval_s: float = 0.1) -> None:
        self.peak_mb = 0.0
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        process = psutil.Process()
        while True:
            self.peak_mb = max(self.peak_mb, tree_mb(process))
            if self._stop.wait(self._interval_s):
                return


def tree_mb(process: "psutil.Process") -> float:
    """Return the resident memory (MiB) of a process and all that it has started."""
    import psutil

    total = 0
    for member in (process, *process.children(recursive=True)):
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20


def hardware() -> dict[str, Any]:
    """Describe the machine: processor, cores open to this process, memory, and the GPU where torch sees one."""
    content: dict[str, Any] = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        content["gpu"] = torch.cuda.get_device_name(0)
    return content


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def versions(*more: str) -> dict[str, str]:
    """Return the version of Python and of every package of `PACKAGES` and `more` that is installed."""
    found = {"python": platform.python_version()}
    for package in (*PACKAGES, *more):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def upstream_file(name: str) -> Path:
    """Return a file of the mirror folder; end with one clear sentence where it is missing."""
    named = os.environ.get("PIPELINE_MIRROR")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    path = folder / name
    if not path.exists():
        sys.exit(f"error: this benchmark needs {path}: set PIPELINE_MIRROR to the folder of mirrored upstream files.")
    return path


def write_benchmark(
    name: str,
    *,
    ours_s: float | Sequence[float],
    peer_s: float | Sequence[float] | None = None,
    work: str,
    folder: Path = FOLDER,
    **extra: Any,  # noqa: ANN401 - whatever more was measured
) -> Path:
    """Write ``<name>.json`` to `folder`; several seconds are repeats, of which the median counts.

    Parameters
    ----------
    name
        Name of the benchmark.
    ours_s, peer_s
        Seconds of each repeat; `peer_s` is None where there is no peer.
    work
        What was done, on what, and who the peer is.
    folder
        By default ``results/benchmarks``.
    extra
        More measured values, for instance ``per_s`` and ``peak_mb``.
    """
    ours = [ours_s] if isinstance(ours_s, int | float) else list(ours_s)
    peer = None if peer_s is None else [peer_s] if isinstance(peer_s, int | float) else list(peer_s)
    content: dict[str, Any] = {
        "name": name,
        "ours_s": statistics.median(ours),
        "peer_s": None if peer is None else statistics.median(peer),
        "ratio": None if peer is None else statistics.median(peer) / statistics.median(ours),
        "work": work,
        **extra,
        "ours_repeats_s": ours,
        "peer_repeats_s": peer,
        "hardware": hardware(),
        "versions": versions(),
    }
    path = folder / f"{name}.json"
    write_json(content, path)
    against = "" if peer is None else f", peer {content['peer_s']:.4g} s, ratio {content['ratio']:.1f}"
    print(f"{name}: ours {content['ours_s']:.4g} s{against} -> {path}", file=sys.stderr)
    return path
