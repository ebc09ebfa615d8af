"""What a disk holds after a power loss: what was flushed, and of the rest nobody knows."""

import hashlib
import os
import random
import time
from pathlib import Path

KEPT_BACK = 30.0
"""Seconds that Linux may keep written data in memory (vm.dirty_expire_centisecs)."""


def lose_what_was_not_flushed(folder: Path, chance: random.Random) -> list[str]:
    """Spoil every file below `folder` that was written lately and not flushed since; return their names.

    Each becomes empty, or as long as it was and all zeros, or is cut short, or is gone: what file systems are known
    to leave of a file whose data or folder entry never reached the disk.
    """
    log = folder / "disk" / "flushed"
    flushed = set(log.read_text().splitlines()) if log.exists() else set()
    since = time.time() - KEPT_BACK
    spoilt = []
    for top in ("results", ".snakemake"):
        for path in sorted((folder / top).rglob("*")):
            if not path.is_file() or path.is_symlink():
                continue
            state = path.stat()
            # Not its time: Snakemake touches what a job has written, which costs no content.
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            if state.st_mtime < since or f"{state.st_ino} {content}" in flushed:
                continue
            spoilt.append(str(path.relative_to(folder)))
            fate = chance.choice(["empty", "zeros", "cut", "gone"])
            if fate == "gone":
                path.unlink()
            elif fate == "zeros":
                path.write_bytes(bytes(state.st_size))
            else:
                os.truncate(path, 0 if fate == "empty" else chance.randint(0, state.st_size))
    return spoilt
