"""One hash of whatever a fit is made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch


def update_digest(digest: Any, part: Any) -> None:  # noqa: ANN401 - a hash, and whatever is hashed
    """Take an array, a tensor, a table, a mapping of these or plain values into a hash of `hashlib`."""
    if isinstance(part, torch.Tensor):
        part = part.cpu().numpy()
    if isinstance(part, np.ndarray) and part.dtype != object:
        digest.update(f"{part.dtype} {part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    elif isinstance(part, pd.DataFrame):
        _update_by_table(digest, part)
    elif isinstance(part, Mapping):
        for key in sorted(part):
            digest.update(key.encode())
            update_digest(digest, part[key])
    else:
        digest.update(repr(list(part) if isinstance(part, np.ndarray) else part).encode())


def _update_by_table(digest: Any, table: pd.DataFrame) -> None:  # noqa: ANN401
    """Take the columns of a table in, without its index; an Arrow stream holds lists as well as numbers."""
    content = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, content.schema) as writer:
        writer.write_table(content)
    digest.update(stream.getvalue())
