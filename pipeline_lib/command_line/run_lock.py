"""Tell a lock that a killed Snakemake left behind from one whose owner still lives.

Snakemake's own lock is a list of file names under ``.snakemake/locks`` that stays when the process is killed. Every
Snakemake of this workflow therefore holds a shared lock on one file from its start to its death, whatever kills it;
who can have that file for itself alone knows that no other lives.
"""

import fcntl
import os
import socket
from pathlib import Path

_held: list[int] = []
"""Handles that stay open as long as the process lives."""


def join_runs(state: Path) -> bool:
    """Enter the runs of a working folder, and remove locks whose owner is dead.

    The file also holds the name of the machine that last had the folder for itself: on a file system that does not
    carry locks from one machine to another, a lock that another machine made is left alone.

    Parameters
    ----------
    state
        Snakemake's folder, ``.snakemake``.

    Returns
    -------
    bool
        Whether locks of another run are in force. False too where the file system has no locks or is read-only:
        Snakemake's own lock holds there as it always did.
    """
    try:
        state.mkdir(exist_ok=True)
        handle = os.open(state / "alive", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return False
    _held.append(handle)
    try:
        alone = _try_alone(handle)
        left = sorted((state / "locks").glob("*.lock"))
        host = socket.gethostname().encode()
        last = os.pread(handle, 256, 0)
        if alone and left and last == host:
            for lock in left:
                lock.unlink(missing_ok=True)
            left = []
        if alone and not left and last != host:
            os.pwrite(handle, host, 0)
            os.ftruncate(handle, len(host))
            # A power loss must not take the name along: the next run would not know the lock for its own.
            os.fsync(handle)
        fcntl.flock(handle, fcntl.LOCK_SH)
    except OSError:
        return False
    return bool(left)


def _try_alone(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
