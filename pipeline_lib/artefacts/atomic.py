"""Write a file whole or not at all."""

import errno
import fcntl
import glob
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline_lib.errors import PipelineError

_EXPLAINED = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EROFS: "the file system is read-only; choose another results folder",
    errno.EACCES: "permission was denied; check who owns the folder",
}


def explain_os_error(error: OSError, path: Path) -> PipelineError:
    """Return the sentence for a failed write of `path`."""
    reason = _EXPLAINED.get(error.errno or 0, f"{error.strerror or error}")
    return PipelineError(f"{path} could not be written: {reason}.")


def _sweep(target: Path) -> None:
    """Remove the temporary files of writers that were killed; one that is still written is locked and stays."""
    for left in target.parent.glob(f".{glob.escape(target.stem)}.part-*{glob.escape(target.suffix)}"):
        # Where the file system knows no locks, nobody can tell the dead from the living.
        with suppress(OSError), left.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _claim(target: Path) -> tuple[int, Path]:
    """Make a temporary file beside `target`, locked for as long as its handle is open or its process lives."""
    while True:
        # The suffix is kept: writers such as matplotlib choose their format by it.
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.part-", suffix=target.suffix, dir=target.parent)
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        # Another writer of the same target may have swept the file before it was locked.
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `target` that replaces it on success and vanishes on any failure.

    The data are flushed to the disk before the rename, so that after a power loss `target` is either the old
    file or the whole new one. What a killed process left beside `target` is removed by the next one that writes it.

    Raises
    ------
    PipelineError
        When the disk is full, read-only or not ours to write.
    """
    target = Path(target)
    temporary: Path | None = None
    handle: int | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        handle, temporary = _claim(target)
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
        directory = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        # Only a failure of this file is ours to explain; errors that name another file pass through.
        named = Path(error.filename) if isinstance(error.filename, str) else None
        if named is None or named in {target, temporary, target.parent}:
            raise explain_os_error(error, target) from error
        raise
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def write_text(text: str, path: Path | str) -> None:
    """Write `text` (UTF-8) to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(content: Any, path: Path | str) -> None:  # noqa: ANN401 - anything that JSON can hold
    """Write `content` to `path` atomically, keys in the order given, numbers in full precision."""
    write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", path)


def read_json(path: Path | str) -> Any:  # noqa: ANN401
    """Read a JSON file.

    Raises
    ------
    PipelineError
        When the file is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PipelineError(f"{path} does not exist; run the rule that makes it.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path} is not valid JSON ({error}); delete it and run again.") from error
