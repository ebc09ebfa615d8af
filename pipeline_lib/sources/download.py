"""Download one address: https only, stalls time out, passing faults are tried again, a checksum is taken on the way."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import tenacity
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

CHUNK = 1 << 20


class PlaceFailedError(Exception):
    """One place does not give the file; the next place is tried. Its text is the reason."""


@dataclass(frozen=True)
class Digest:
    """What identifies a file's content."""

    sha256: str
    bytes: int


@contextmanager
def progress_bar(label: str, total: int | None) -> Iterator[Progress]:
    """Yield a progress bar on stderr with one task (id 0) that counts bytes."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(label, total=total)
        yield progress


def receive(chunks: Iterable[bytes], target: Path, *, limit: int, label: str, total: int | None = None) -> Digest:
    """Write `chunks` to `target` and return their checksum.

    Parameters
    ----------
    chunks
        The content, in order.
    target
        A temporary file, overwritten.
    limit
        Number of bytes beyond which the content is refused.
    label
        Label of the progress bar.
    total
        Number of bytes expected, for the progress bar.

    Raises
    ------
    PlaceFailedError
        When there are more than `limit` bytes.
    """
    digest = hashlib.sha256()
    count = 0
    with progress_bar(label, total) as progress, target.open("wb") as file:
        for chunk in chunks:
            count += len(chunk)
            if count > limit:
                raise PlaceFailedError(f"more than {limit:,} bytes")
            digest.update(chunk)
            file.write(chunk)
            progress.update(progress.task_ids[0], completed=count)
    return Digest(digest.hexdigest(), count)


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the content of a local file.

    Raises
    ------
    PlaceFailedError
        When the file cannot be read to its end.
    """
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise PlaceFailedError(f"cannot be read ({error.strerror})") from error


def digest_of(path: Path) -> Digest:
    """Return the checksum and size of a local file."""
    digest = hashlib.sha256()
    count = 0
    for chunk in read_chunks(path):
        digest.update(chunk)
        count += len(chunk)
    return Digest(digest.hexdigest(), count)


_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class PassingFaultError(PlaceFailedError):
    """A fault that may be gone a moment later."""


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for, and how often it is asked."""

    attempts: int = 4
    """Number of times that an address is asked while its fault may pass."""
    wait: float = 1.0
    """Seconds before the second attempt; doubled before each further one, at most 30."""
    stall: float = 30.0
    """Seconds without an answer, or with less than `slowest` bytes a second, after which an attempt ends."""
    slowest: float = 256.0
    """Bytes a second, averaged over `stall` seconds."""


def _refuse_unencrypted(request: httpx.Request) -> None:
    """Refuse a request, redirected ones included, that would leave encryption."""
    if request.url.scheme != "https":
        raise PlaceFailedError(f"refused: it leads to {request.url}, which is not encrypted")


def _open_client(patience: Patience, *, allow_http: bool) -> httpx.Client:
    """Return a client that follows at most five redirects, each of them checked."""
    return httpx.Client(
        follow_redirects=True,
        max_redirects=5,
        timeout=httpx.Timeout(patience.stall, connect=min(patience.stall, 15.0)),
        # The checksum is of the file as stored: no compression on the way.
        headers={"Accept-Encoding": "identity", "User-Agent": "cell-latent-perturbation"},
        event_hooks={"request": [] if allow_http else [_refuse_unencrypted]},
    )


def _flowing(response: httpx.Response, patience: Patience) -> Iterator[bytes]:
    """Yield the body; end an attempt whose bytes only trickle, which no read timeout notices."""
    began, received = time.monotonic(), 0
    for chunk in response.iter_bytes():
        received += len(chunk)
        elapsed = time.monotonic() - began
        if elapsed > patience.stall:
            if received < patience.slowest * elapsed:
                raise PassingFaultError(f"stalled: {received} bytes in {elapsed:.0f} s")
            began, received = time.monotonic(), 0
        yield chunk


def _check_status(response: httpx.Response) -> None:
    if response.status_code in _PASSING_STATUS:
        raise PassingFaultError(f"the server answers {response.status_code} {response.reason_phrase}")
    if response.status_code != httpx.codes.OK:
        raise PlaceFailedError(f"the server answers {response.status_code} {response.reason_phrase}")
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html":
        raise PlaceFailedError("refused: the server sends a web page (HTML) in place of the file")


def _attempt(url: str, target: Path, limit: int, size: int | None, patience: Patience, *, allow_http: bool) -> Digest:
    """Ask once."""
    try:
        with _open_client(patience, allow_http=allow_http) as client, client.stream("GET", url) as response:
            _check_status(response)
            announced = response.headers.get("content-length", "")
            total = int(announced) if announced.isdigit() else size
            chunks = _flowing(response, patience)
            digest = receive(chunks, target, limit=limit, label=target.name, total=total)
    except httpx.TimeoutException as error:
        raise PassingFaultError(f"no answer within {patience.stall:g} s") from error
    except httpx.TransportError as error:
        raise PassingFaultError(f"no connection ({str(error) or type(error).__name__})") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PlaceFailedError(f"{str(error) or type(error).__name__}") from error
    if size is not None and digest.bytes < size:
        raise PassingFaultError(f"truncated: {digest.bytes:,} of {size:,} bytes")
    return digest


def download(
    url: str, target: Path, *, limit: int, size: int | None, patience: Patience, allow_http: bool = False
) -> Digest:
    """Download `url` to the temporary file `target` and return its checksum.

    Parameters
    ----------
    url
        Address; redirects are followed as long as they stay encrypted.
    target
        A temporary file, overwritten by each attempt.
    limit
        Number of bytes beyond which the answer is refused.
    size
        Number of bytes expected, where it is known.
    patience
        Time-outs and number of attempts.
    allow_http
        Allow addresses and redirects without encryption.

    Raises
    ------
    PlaceFailedError
        When the address does not give the file; the text is the last attempt's reason.
    """
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(patience.attempts),
        wait=tenacity.wait_exponential(multiplier=patience.wait, max=30),
        retry=tenacity.retry_if_exception_type(PassingFaultError),
        reraise=True,
    )
    try:
        return retrying(_attempt, url, target, limit, size, patience, allow_http=allow_http)
    except PassingFaultError as error:
        tries = f", {patience.attempts} attempts" if patience.attempts > 1 else ""
        raise PlaceFailedError(f"{error}{tries}") from error
