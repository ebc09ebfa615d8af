"""Let one process at a time work on a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from pipeline_lib.artefacts.atomic import explain_os_error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock ``<path>.lock``; the system frees it when the process dies.

    Raises
    ------
    PipelineError
        When the folder cannot be written.
    """
    lock = FileLock(f"{path}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise explain_os_error(error, Path(lock.lock_file)) from error
    try:
        yield
    finally:
        lock.release()
