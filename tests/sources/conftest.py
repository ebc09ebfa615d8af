"""A web server on loopback that behaves as badly as a test asks, and catalogues that point to it."""

import hashlib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from pipeline_lib.sources.catalogue import Catalogue
from pipeline_lib.sources.download import Patience
from pipeline_lib.sources.fetch import Fetcher, RecordedSums

CONTENT = b"YAL001C\tYBR123C\n" * 4000
CONTENT_SUM = hashlib.sha256(CONTENT).hexdigest()

Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answer(
    body: bytes = CONTENT,
    status: int = 200,
    length: int | None = None,
    kind: str = "application/octet-stream",
    **headers: str,
) -> Behaviour:
    """Send `body`; `length` is the Content-Length announced (-1: none)."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        announced = len(body) if length is None else length
        if announced >= 0:
            handler.send_header("Content-Length", str(announced))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def redirect(url: str) -> Behaviour:
    return answer(b"", 302, Location=url)


def stall(seconds: float) -> Behaviour:
    """Send the head and the first bytes, then nothing."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        answer(CONTENT[:100], length=len(CONTENT))(handler)
        handler.wfile.flush()
        time.sleep(seconds)

    return behave


def trickle(seconds: float) -> Behaviour:
    """Send a byte now and then, so that no single read waits long."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        answer(b"", length=len(CONTENT))(handler)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            handler.wfile.write(b"Y")
            handler.wfile.flush()
            time.sleep(0.05)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave differently from one request to the next; the last one stays."""
    left = list(behaviours)

    def behave(handler: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler)

    return behave


@dataclass
class LoopbackServer:
    """A server on loopback: what it does at each path, and how often each was asked."""

    scheme: str
    port: int = 0
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)

    def at(self, path: str, behaviour: Behaviour) -> str:
        """Behave so at `path`; return its url."""
        self.behaviours[path] = behaviour
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"


def _serve(scheme: str, context: ssl.SSLContext | None) -> Iterator[LoopbackServer]:
    server = LoopbackServer(scheme)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests[self.path] += 1
            try:
                server.behaviours.get(self.path, answer(b"no such file", 404))(self)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        if context is not None:
            listener.socket = context.wrap_socket(listener.socket, server_side=True)
        server.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        listener.shutdown()
        thread.join()


@pytest.fixture
def http_server() -> Iterator[LoopbackServer]:
    """Serve without encryption."""
    yield from _serve("http", None)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def https_server(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    """Serve with a certificate that the client trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    yield from _serve("https", context)


QUICK = Patience(attempts=3, wait=0.0, stall=0.5)


def entry(**keys: object) -> dict[str, object]:
    """Return a catalogue's entry with what every entry must have."""
    return {"licence": "CC0-1.0", "citation": {"paper": "Someone 2018"}, "what": "a test's file", **keys}


@pytest.fixture
def make_fetcher(tmp_path: Path) -> Callable[..., Fetcher]:
    """Return a function that makes a fetcher out of catalogue entries."""

    def make(entries: dict[str, dict[str, object]], mirror: Path | None = None) -> Fetcher:
        return Fetcher(
            catalogue=Catalogue.model_validate({"sources": entries}),
            mirror=mirror,
            recorded=RecordedSums(tmp_path / "results" / "recorded.json"),
            archives=tmp_path / "results" / "archives",
            patience=QUICK,
        )

    return make


def files_below(folder: Path) -> list[str]:
    """Return every file of a folder, hidden ones too, but for locks."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    )
