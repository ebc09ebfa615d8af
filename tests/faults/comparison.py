"""Whether the artefacts that an interrupted run leaves are whole."""

import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


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
