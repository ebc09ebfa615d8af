"""Checksums of the user's own files, worked out once a version of a file.

Own files are inputs by content, so every start of Snakemake needs their sha256. What an earlier start worked out is
kept with the file's size, times and inode; a changed or replaced file has another time of change (ctime), which no
program can set back.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from pipeline_lib.errors import PipelineError

FILE_MEMORY = Path(".snakemake") / "file-hashes.json"
"""Below the folder that Snakemake works in."""

_SETTLED_S = 2.0
"""A file changed less than this many seconds ago may change again within one tick of the file system's clock."""


def remembered_sha256(path: str) -> str:
    """Return the sha256 of a file, read again only when the file has changed; of a folder, that of all its files.

    Raises
    ------
    PipelineError
        When the file cannot be read.
    """
    if Path(path).is_dir():
        files = sorted(file for file in Path(path).rglob("*") if file.is_file())
        parts = (f"{file.relative_to(path)} {remembered_sha256(str(file))}\n" for file in files)
        return hashlib.sha256("".join(parts).encode()).hexdigest()
    key = str(Path(path).absolute())
    try:
        state = _state(key)
        entry = _read().get(key)
        if isinstance(entry, list) and entry[:-1] == state and isinstance(entry[-1], str):
            return entry[-1]
        with Path(key).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if _state(key) == state and time.time() - Path(key).stat().st_ctime > _SETTLED_S:
            _write({**_read(), key: [*state, sha256]})
    except OSError as error:
        raise PipelineError(f"{path} cannot be read ({error.strerror}); give a file that you may read.") from error
    return sha256


def _state(path: str) -> list[int]:
    status = Path(path).stat()
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read() -> dict[str, object]:
    """Return the entries by path; empty where the memory is missing or damaged."""
    try:
        content = json.loads(FILE_MEMORY.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(entries: dict[str, object]) -> None:
    """Keep the entries beside Snakemake's own notes; where that folder cannot be written, each start reads again."""
    temporary = FILE_MEMORY.with_name(f"{FILE_MEMORY.name}.{os.getpid()}")
    with suppress(OSError):
        FILE_MEMORY.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps(entries), encoding="utf-8")
        temporary.replace(FILE_MEMORY)
