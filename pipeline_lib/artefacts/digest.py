"""One hash of whatever a fit is made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch


def update_digest(digest: Any, part: Any) -> None:  # noqa: ANN401 - a hash, and whatever is hashed
    """Take an array, a tensor, a table, a mapping of these or plain values into a hash of `hashlib`."""
    if isinstance(part, torch.Tensor):
        part = part.cpu().numpy()
    if isinstance(part, np.ndarray) and part.dtype != object:
        digest.update(f"{part.dtype} {part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    elif isinstance(part, pd.DataFrame):
        # Lists have no hash of their own; their text has.
        plain = part.apply(lambda column: column.astype(str) if column.dtype == object else column)
        update_digest(digest, pd.util.hash_pandas_object(plain, index=False).to_numpy())
        digest.update(repr(list(part.columns)).encode())
    elif isinstance(part, Mapping):
        for key in sorted(part):
            digest.update(key.encode())
            update_digest(digest, part[key])
    else:
        digest.update(repr(list(part) if isinstance(part, np.ndarray) else part).encode())
