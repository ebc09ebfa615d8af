"""What a run's artefacts hold, apart from the times at which and in which they were made."""

import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline_lib.artefacts.tensors import load_tensors

_MEASURED = re.compile(
    r"(?:.*_)?(?:seconds|time|times|mb|written|date)|git|hardware|all_packages|jobs|rules|place|verified"
)
"""Keys and columns that hold a measurement of the run itself: when, where, how long, out of which folder, and whether
a checksum was met first by this try or by one that was killed."""
_NOT_COMPARED = ("logs", "benchmarks", "checkpoints")
"""Folders of what a run writes about itself."""


def artefacts(results: Path) -> dict[str, Path]:
    """Return every file that a user reads, by its path below `results`."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if path.is_file() and name.parts[0] not in _NOT_COMPARED and not path.name.startswith("."):
            found[str(name)] = path
    return found


def torn(path: Path) -> bool:
    """Tell whether an artefact is not whole."""
    try:
        if path.suffix == ".parquet":
            pq.read_table(path)
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".pt":
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is not None
        elif path.suffix in {".html", ".svg"}:
            return not path.read_text(encoding="utf-8").rstrip().endswith(f"</{path.suffix[1:]}>")
        else:
            content = path.read_bytes()
            return not content or (path.suffix != ".png" and b"\0" in content)
    except (pa.ArrowException, ValueError, OSError, zipfile.BadZipFile):
        return True
    return False


def digest(path: Path) -> str:
    """Return a hash of an artefact's content without what was measured of the run itself."""
    if path.suffix == ".parquet":
        return _table(pq.read_table(path))
    if path.suffix == ".pt":
        return _hash(_tensors(load_tensors(path)))
    if path.suffix == ".json":
        return _hash(json.dumps(_unmeasured(json.loads(path.read_text(encoding="utf-8"))), sort_keys=True))
    if path.suffix == ".html":
        # The page quotes the run's own times; that it is whole is what `torn` tells.
        return "page"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _table(table: pa.Table) -> str:
    kept = table.select([name for name in table.column_names if not _MEASURED.fullmatch(name)])
    if "metric" in kept.column_names:
        measured = [bool(_MEASURED.fullmatch(str(name))) for name in kept.column("metric").to_pylist()]
        kept = kept.filter(pa.array([not one for one in measured], pa.bool_()))
    return _hash(kept.to_pandas().to_json(orient="split", double_precision=15, default_handler=str))


def _unmeasured(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _unmeasured(value) for key, value in content.items() if not _MEASURED.fullmatch(key)}
    return [_unmeasured(value) for value in content] if isinstance(content, list) else content


def _tensors(content: Any) -> str:
    import torch

    if isinstance(content, torch.Tensor):
        raw = content.detach().contiguous().reshape(-1).view(torch.uint8) if content.numel() else content
        return f"{content.dtype}{tuple(content.shape)}{hashlib.sha256(raw.numpy().tobytes()).hexdigest()}"
    if isinstance(content, dict):
        return "{" + ",".join(f"{key}:{_tensors(value)}" for key, value in content.items()) + "}"
    if isinstance(content, list | tuple):
        return "[" + ",".join(map(_tensors, content)) + "]"
    return repr(content)
