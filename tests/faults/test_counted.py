"""Faults that the ordinary suite tries already: run here once more, so that one table shows them all."""

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.reliability import Fault

pytestmark = pytest.mark.faults

COUNTED = {
    "a fetch that is killed (SIGTERM, SIGINT, SIGKILL)": "tests/sources/test_interruption.py",
    "a mirror with wrong, cut, linked or missing bytes": "tests/sources/test_fetch.py -k 'mirror or wrong or cut'",
    "a server that stalls or trickles": "tests/sources/test_download.py -k no_progress",
    "a server that leads to http": "tests/sources/test_download.py -k encryption",
    "a server that sends a web page with status 200": "tests/sources/test_download.py -k web_page",
    "a server whose body is cut short or too long": "tests/sources/test_download.py -k 'short or too_many'",
    "a server that fails, or is not there": "tests/sources/test_download.py -k 'fault or fails or nobody or not_there'",
    "archives: paths that lead out, links, bombs": "tests/sources/test_archives.py tests/sources/test_content.py",
    "two jobs that record a checksum at once": "tests/sources/test_recorded.py",
    "a .pt file with pickled code, through every command": "tests/command_line/test_planted_tensors.py",
    "commands in the names of a configuration": "tests/workflow/test_quoting.py",
    "formulas in exported tables": "tests/reporting/test_safe_csv.py",
    "HTML in the names of genes and screens": "tests/reporting/test_page.py -k 'hostile or formula'",
    "a writer that is killed, a disk that is full": "tests/artefacts/test_atomic.py",
    "locks of the dead and of the living": "tests/command_line/test_run_lock.py",
}


@pytest.mark.parametrize("name", COUNTED)
def test_the_ordinary_suite_tries_it(name: str, root: Path, faults: list[Fault]) -> None:
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *shlex.split(COUNTED[name])]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=1200)
    passed = re.search(r"(\d+) passed", done.stdout)
    faults.append(
        {
            "fault": name,
            "survived": done.returncode == 0,
            "data_lost": 0,
            "seconds": round(time.perf_counter() - start, 2),
            "note": f"{passed[1] if passed else 0} cases of {COUNTED[name].split(' -k')[0]}",
        }
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert passed
