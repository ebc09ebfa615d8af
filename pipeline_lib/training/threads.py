"""How many CPU threads numerical libraries may use."""

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def limit_threads(threads: int) -> AbstractContextManager[Any]:
    """Hold every numerical library, torch included, to `threads` CPU threads."""
    import torch

    torch.set_num_threads(threads)
    limits: AbstractContextManager[Any] = threadpool_limits(threads)
    return limits
