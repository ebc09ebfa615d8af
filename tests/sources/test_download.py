"""Downloads: encrypted or refused, complete or not at all, never waiting forever."""

from pathlib import Path

import pytest

from pipeline_lib.sources.download import PlaceFailedError, download
from tests.sources.conftest import (
    CONTENT,
    CONTENT_SUM,
    QUICK,
    LoopbackServer,
    answer,
    in_turn,
    redirect,
    stall,
    trickle,
)


def take(url: str, target: Path, **keys: object):
    return download(url, target, **{"limit": 10**6, "size": None, "patience": QUICK, **keys})


def test_takes_a_file_over_an_encrypted_connection(https_server: LoopbackServer, tmp_path: Path) -> None:
    digest = take(https_server.at("/file", answer()), tmp_path / "file")
    assert (digest.sha256, digest.bytes) == (CONTENT_SUM, len(CONTENT))
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_follows_redirects_that_stay_encrypted(https_server: LoopbackServer, tmp_path: Path) -> None:
    moved = https_server.at("/new", answer())
    assert take(https_server.at("/old", redirect(moved)), tmp_path / "file").sha256 == CONTENT_SUM


def test_refuses_a_redirect_that_leaves_encryption_before_asking_there(
    https_server: LoopbackServer, http_server: LoopbackServer, tmp_path: Path
) -> None:
    plain = http_server.at("/file", answer())
    with pytest.raises(PlaceFailedError, match="not encrypted"):
        take(https_server.at("/file", redirect(plain)), tmp_path / "file")
    assert http_server.requests["/file"] == 0


def test_refuses_an_address_without_encryption_unless_it_is_allowed(
    http_server: LoopbackServer, tmp_path: Path
) -> None:
    url = http_server.at("/file", answer())
    with pytest.raises(PlaceFailedError, match="not encrypted"):
        take(url, tmp_path / "file")
    assert take(url, tmp_path / "file", allow_http=True).sha256 == CONTENT_SUM


def test_refuses_a_certificate_that_nobody_vouches_for(
    https_server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = https_server.at("/file", answer())
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(PlaceFailedError, match="CERTIFICATE_VERIFY_FAILED"):
        take(url, tmp_path / "file")
    assert https_server.requests["/file"] == 0


def test_tries_again_while_a_fault_may_pass(https_server: LoopbackServer, tmp_path: Path) -> None:
    url = https_server.at("/file", in_turn(answer(b"", 503), answer(CONTENT[:10], length=len(CONTENT)), answer()))
    assert take(url, tmp_path / "file").sha256 == CONTENT_SUM
    assert https_server.requests["/file"] == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_does_not_ask_again_for_what_is_not_there(https_server: LoopbackServer, tmp_path: Path, status: int) -> None:
    url = https_server.at("/file", answer(b"gone", status))
    with pytest.raises(PlaceFailedError, match=str(status)):
        take(url, tmp_path / "file")
    assert https_server.requests["/file"] == 1


def test_gives_up_on_a_server_that_fails_every_time(https_server: LoopbackServer, tmp_path: Path) -> None:
    url = https_server.at("/file", answer(b"", 500))
    with pytest.raises(PlaceFailedError, match="500 Internal Server Error, 3 attempts"):
        take(url, tmp_path / "file")
    assert https_server.requests["/file"] == QUICK.attempts


@pytest.mark.parametrize("behaviour", [stall(3), trickle(3)], ids=["silent", "one byte at a time"])
def test_ends_an_attempt_that_makes_no_progress(
    https_server: LoopbackServer, tmp_path: Path, behaviour: object
) -> None:
    url = https_server.at("/file", in_turn(behaviour, answer()))
    assert take(url, tmp_path / "file").sha256 == CONTENT_SUM


def test_a_closed_port_is_an_error_that_states_it(tmp_path: Path) -> None:
    with pytest.raises(PlaceFailedError, match="no connection"):
        take("https://127.0.0.1:9/file", tmp_path / "file")


@pytest.mark.parametrize("length", [len(CONTENT), -1], ids=["announced", "not announced"])
def test_refuses_a_body_that_is_cut_short(https_server: LoopbackServer, tmp_path: Path, length: int) -> None:
    url = https_server.at("/file", answer(CONTENT[:-1], length=length))
    with pytest.raises(PlaceFailedError, match=r"no connection|truncated"):
        take(url, tmp_path / "file", size=len(CONTENT))


def test_stops_at_the_first_byte_too_many(https_server: LoopbackServer, tmp_path: Path) -> None:
    url = https_server.at("/file", answer(CONTENT * 200))
    with pytest.raises(PlaceFailedError, match="more than 64,000 bytes"):
        take(url, tmp_path / "file", limit=64_000)
    assert (tmp_path / "file").stat().st_size <= 64_000


def test_refuses_a_web_page_with_status_200(https_server: LoopbackServer, tmp_path: Path) -> None:
    url = https_server.at("/file", answer(b"<p>Sign in to the network", kind="text/html; charset=utf-8"))
    with pytest.raises(PlaceFailedError, match="web page"):
        take(url, tmp_path / "file")


def test_ends_a_circle_of_redirects(https_server: LoopbackServer, tmp_path: Path) -> None:
    url = https_server.at("/round", redirect("/round"))
    with pytest.raises(PlaceFailedError, match="redirects"):
        take(url, tmp_path / "file")
