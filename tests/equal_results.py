"""Compare two run folders value by value: ``python -m tests.equal_results results/one results/other``.

A change of the code that must not move a result is checked so: the same configuration is run before and after it, and
every table, tensor and figure of the two folders has to hold the same bits. What a run measures of itself (times,
memory, commit, folders) is left out.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from pipeline_lib.artefacts.tables import load_tensors

_MEASURED = re.compile(
    r"(?:.*_)?(?:seconds|time|times|mb|written|date)|git|hardware|all_packages|jobs|rules|place|verified"
)
"""Keys and columns that hold a measurement of the run itself: when, where, how long, out of which folder, and whether
a checksum was met first by this try or by one that was killed."""
_NOT_COMPARED = ("logs", "benchmarks", "checkpoints")
"""Folders of what a run writes about itself."""
_OF_THE_RUN = ("provenance.json",)
"""Files that describe the code and the machine of a run."""

Content = dict[str, str]
"""Hashes of the parts of one file: columns of a table, keys of a JSON file, tensors by their path."""


def artefacts(results: Path) -> dict[str, Path]:
    """Return every file that a user reads, by its path below `results`."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if path.is_file() and name.parts[0] not in _NOT_COMPARED and not path.name.startswith("."):
            found[str(name)] = path
    return found


def content(path: Path) -> Content:
    """Return the hashes of what a file holds, part by part, without what was measured of the run itself."""
    if path.suffix == ".parquet":
        return _table(pq.read_table(path))
    if path.suffix == ".pt":
        return _leaves(load_tensors(path))
    if path.suffix == ".json":
        return _leaves(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".html":
        # The page quotes the run's own times.
        return {"page": ""}
    return {"bytes": _hash(path.read_bytes())}


def differences(folder: Path, other: Path) -> dict[str, str]:
    """Compare every artefact of two run folders.

    Returns
    -------
    dict
        Path below the folder to what differs in it: empty where all parts are equal, else their names, or in which of
        the two folders alone the file is.
    """
    ours, theirs = artefacts(folder), artefacts(other)
    found = {}
    for name in sorted((ours.keys() | theirs.keys()) - set(_OF_THE_RUN)):
        if name not in ours or name not in theirs:
            found[name] = f"only in {folder if name in ours else other}"
            continue
        one, two = content(ours[name]), content(theirs[name])
        found[name] = ", ".join(sorted(part for part in one.keys() | two.keys() if one.get(part) != two.get(part)))
    return found


def main(folder: str, other: str) -> int:
    """Print what differs in each artefact, then the count; return the exit status."""
    found = differences(Path(folder), Path(other))
    for name, parts in found.items():
        print(f"{'different' if parts else 'equal':9}  {name}{f': {parts}' if parts else ''}")  # noqa: T201
    different = sum(map(bool, found.values()))
    print(f"{len(found)} artefacts compared, {different} different")  # noqa: T201
    return 1 if different or not found else 0


def _table(table: pa.Table) -> Content:
    kept = table.select([name for name in table.column_names if not _MEASURED.fullmatch(name)])
    if "metric" in kept.column_names:
        measured = [bool(_MEASURED.fullmatch(str(name))) for name in kept.column("metric").to_pylist()]
        kept = kept.filter(pa.array([not one for one in measured], pa.bool_()))
    columns = {name: _column(kept.column(name)) for name in kept.column_names}
    return {"rows": str(kept.num_rows), "order of columns": ", ".join(columns), **columns}


def _column(values: pa.ChunkedArray) -> str:
    """Hash a column: its type, where it is null, and the bits of its values."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _column(values.cast(kind.value_type))
    known = values.is_valid().to_numpy().tobytes()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        parts = [pc.list_value_length(values).fill_null(0).to_numpy().tobytes(), _column(pc.list_flatten(values))]
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        parts = [values.fill_null(False if pa.types.is_boolean(kind) else 0).to_numpy().tobytes()]
    else:
        parts = [json.dumps(values.to_pylist(), default=str)]
    return _hash(str(kind), known, *parts)


def _leaves(value: Any, path: str = "") -> Content:
    """Return the hashes of the numbers, texts, lists and tensors of a nested structure, by their path."""
    if isinstance(value, dict) and value:
        found: Content = {}
        for key, part in value.items():
            if not (isinstance(key, str) and _MEASURED.fullmatch(key)):
                found |= _leaves(part, f"{path}.{key}".lstrip("."))
        return found
    if isinstance(value, list | tuple) and any(isinstance(part, dict | list | tuple | torch.Tensor) for part in value):
        found = {f"{path} (length)".strip(): str(len(value))}
        for position, part in enumerate(value):
            found |= _leaves(part, f"{path}[{position}]")
        return found
    if isinstance(value, torch.Tensor):
        # Bits, since NaN equals nothing, itself neither.
        return {path: _hash(str(value.dtype), str(tuple(value.shape)), _bits(value))}
    if isinstance(value, np.ndarray):
        return {path: _hash(str(value.dtype), str(value.shape), np.ascontiguousarray(value).tobytes())}
    return {path: _hash(repr(value))}


def _bits(tensor: torch.Tensor) -> bytes:
    if tensor.is_sparse:
        tensor = tensor.to_dense()
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def _hash(*parts: str | bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
        found.update(b"\0")
    return found.hexdigest()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
