"""Hashes of code that an earlier start worked out, so that a start parses the package only after an edit.

Snakemake reads the workflow at every start, and once more in each cluster job; to parse and compile all modules takes
a second, to read and hash their bytes a fiftieth of that.
"""

import hashlib
import json
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from pipeline_lib.command_line.code_hash import PACKAGE, PACKAGE_FOLDER, code_hash, package_folder

CODE_MEMORY = Path(".snakemake") / "code-hashes.json"
"""Below the folder that Snakemake works in."""


def remembered_code_hash(*entries: str) -> str:
    """Return `pipeline_lib.command_line.code_hash.code_hash` of the entries, worked out once an edit."""
    hashes = remembered(package_digest())
    others = {entry.split(".")[0].partition(":")[0] for entry in entries} - {PACKAGE}
    # Under the content of the other packages: an edit of one of them forgets its own hashes alone.
    name = " ".join([*sorted(entries), *(f"{package}={folder_digest(package)}" for package in sorted(others))])
    if name not in hashes:
        hashes[name] = code_hash(*entries)
        remember(package_digest(), hashes)
    return hashes[name]


@cache
def package_digest() -> str:
    """Return a digest of every module's bytes and of the interpreter, whose compiler the hashes rest on."""
    return _digest(PACKAGE_FOLDER)


@cache
def folder_digest(package: str) -> str:
    """Return the same of another package, or of a module that stands alone."""
    folder = package_folder(package)
    return "" if folder is None else _digest(folder)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)} {len(content)} ".encode() + content)
    return digest.hexdigest()


@cache
def remembered(package: str) -> dict[str, str]:
    """Return the hashes by their entries; empty where the memory is missing, damaged or of other code."""
    try:
        content = json.loads(CODE_MEMORY.read_text(encoding="utf-8"))
        hashes = content["hashes"] if content["package"] == package else {}
        return {str(entry): str(value) for entry, value in hashes.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def remember(package: str, hashes: dict[str, str]) -> None:
    """Keep the hashes beside Snakemake's own notes; a folder that cannot be written costs a second a start."""
    temporary = CODE_MEMORY.with_name(f"{CODE_MEMORY.name}.{os.getpid()}")
    with suppress(OSError):
        CODE_MEMORY.parent.mkdir(exist_ok=True)
        temporary.write_text(json.dumps({"package": package, "hashes": hashes}), encoding="utf-8")
        temporary.replace(CODE_MEMORY)
