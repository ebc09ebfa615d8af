"""What each case gave, a file each, and all of them together in results/cases.json."""

import json
from collections.abc import Iterable
from pathlib import Path

from pipeline_lib.artefacts.atomic import write_text
from tests.cases.case import KINDS, Case


def keep(folder: Path, case: Case, observed: str) -> None:
    """Write what a case gave."""
    record = {
        "id": case.id,
        "kind": f"{case.kind}: {KINDS[case.kind]}",
        "expected": case.expected,
        "observed": " ".join(observed.split())[:600],
        "held": case.held(observed),
    }
    write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", folder / f"{case.id}.json")


def merge(folder: Path, cases: Iterable[Case], output: Path) -> None:
    """Put the records of `cases` together, in their order; a case that did not run has none."""
    paths = [folder / f"{case.id}.json" for case in cases]
    records = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
    if records:
        write_text(json.dumps(records, ensure_ascii=False, indent=1) + "\n", output)
