"""A progress bar on stderr for files that take a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_WORTH_A_BAR = 1 << 26


@contextmanager
def reading_progress(path: Path, *, packed: bool) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of bytes read; small files show nothing.

    Of packed files only the bytes unpacked so far are known, not how many there will be.
    """
    size = path.stat().st_size
    if size < _WORTH_A_BAR:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(path.name, total=None if packed else size)
        yield lambda n: progress.advance(task, n)
