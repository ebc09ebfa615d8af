"""Files that others wrote, mutated: a parser reads them or says in one sentence why not, and never does anything else.

A crash is any exception but `PipelineError`. The figures go to results/reliability.json.
"""

import importlib.util
import os
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pipeline_lib.errors import PipelineError
from tests.faults.parsers import PARSERS, Parser
from tests.reliability import record

pytestmark = pytest.mark.faults

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1500"))
"""Inputs a parser, of hypothesis."""
RUNS = int(os.environ.get("FUZZ_RUNS", "20000"))
"""Inputs a parser, of atheris."""
GUIDED = ("gene rules", "metabolic model, YAML", "configuration", "network edge list", "screen kuzmin2018")

NASTY = (
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"PK\x03\x04", b"\x1a"),
    *(b"\r", b"\n", b"\r\n", b"\t", b" ", b'"', b"'", b",", b";"),
    *b"nan inf -inf 1e999 -1 0 1e-400 =1+1 ../../x".split(),
    *(b"$(touch x)", b"9" * 400, b"[" * 2000, b"(" * 2000, b"A" * 5000),
    *("Δ".encode(), "\u202e".encode(), "\u2028".encode()),
)


@st.composite
def mutated(draw: st.DrawFn, parser: Parser) -> bytes:
    """Draw a sound file with up to six places replaced, repeated, inserted, cut or swapped."""
    content = parser.sample
    pieces = st.one_of(
        st.sampled_from(NASTY),
        st.sampled_from([word.encode() for word in parser.words] or [b"x"]),
        st.binary(max_size=8),
        st.text(max_size=6).map(lambda text: text.encode("utf-8", "ignore")),
    )
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 1, 2, 4, 8, 30, 200])))
        kind = draw(st.sampled_from(["replace", "insert", "delete", "repeat", "truncate"]))
        if kind == "replace":
            content = content[:start] + draw(pieces) + content[end:]
        elif kind == "insert":
            content = content[:start] + draw(pieces) + content[start:]
        elif kind == "delete":
            content = content[:start] + content[end:]
        elif kind == "repeat":
            content = content[:end] + content[start:end] * draw(st.integers(1, 3)) + content[end:]
        else:
            content = content[:start]
    return content


@pytest.fixture(scope="module")
def tally() -> Iterator[list[dict[str, object]]]:
    """Collect the figures of every parser and keep them."""
    found: list[dict[str, object]] = []
    yield found
    record(
        "fuzz",
        found,
        inputs_tried=sum(entry["inputs"] for entry in found),
        inputs_refused=sum(entry["refused"] for entry in found),
        crashes_found=sum(entry["crashes"] for entry in found),
    )


def place_of(error: BaseException) -> str:
    """Return type and innermost line of the library, by which crashes are told apart."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "pipeline_lib" in frame.filename]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "outside the library"
    return f"{type(error).__name__} at {where}"


@pytest.mark.parametrize("name", PARSERS)
def test_a_mutated_file_is_read_or_refused_in_one_sentence(name, tmp_path, tally):
    parser = PARSERS[name]
    path = tmp_path / f"file{parser.ending}"
    path.write_bytes(parser.sample)
    parser.read(path)
    counts = {"tried": 0, "refused": 0}
    crashes: dict[str, bytes] = {}

    @seed(9)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated(parser))
    def read(content: bytes) -> None:
        counts["tried"] += 1
        path.write_bytes(content)
        try:
            parser.read(path)
        except PipelineError:
            counts["refused"] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a crash
            crashes.setdefault(f"{place_of(error)} ({' '.join(str(error).split())[:80]})", content)

    start = time.perf_counter()
    read()
    tally.append(
        {
            "fault": f"mutated input: {name}",
            "survived": not crashes,
            "data_lost": 0,
            "seconds": round(time.perf_counter() - start, 2),
            "inputs": counts["tried"],
            "refused": counts["refused"],
            "crashes": len(crashes),
        }
    )
    assert not crashes, "\n".join(f"{where}: {content[:300]!r}" for where, content in crashes.items())


@pytest.mark.parametrize("name", GUIDED)
def test_coverage_guided_inputs_are_read_or_refused(name, tmp_path, root, tally):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed here: pip install atheris (wheels for Linux on x86-64)")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "sample").write_bytes(PARSERS[name].sample)
    start = time.perf_counter()
    command = [
        *(sys.executable, "-m", "tests.faults.coverage_guided", name),
        *("-seed=9", "-rss_limit_mb=4096", "-max_total_time=60"),
        *(f"-atheris_runs={RUNS}", f"-artifact_prefix={tmp_path}/", str(corpus)),
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=400)
    tried = [int(number) for number in re.findall(r"(?:^#|Done )(\d+)", done.stderr, re.MULTILINE)]
    crashed = done.returncode != 0
    tally.append(
        {
            "fault": f"coverage-guided input: {name}",
            "survived": not crashed,
            "data_lost": 0,
            "seconds": round(time.perf_counter() - start, 2),
            "inputs": max(tried, default=0),
            "refused": 0,
            "crashes": int(crashed),
        }
    )
    assert not crashed, done.stderr[-3000:]
    assert tried, done.stderr[-2000:]
