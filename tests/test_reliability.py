"""Each suite keeps its own entry of results/reliability.json."""

import json

from tests.reliability import record


def fault(name, *, survived=True, data_lost=0):
    return {"fault": name, "survived": survived, "data_lost": data_lost, "seconds": 1.25}


def test_totals_are_derived_and_other_suites_stay(tmp_path):
    path = tmp_path / "results" / "reliability.json"
    record("cluster", [fault("scancel"), fault("requeue", survived=False, data_lost=2)], path)
    record("fuzz", [fault("yaml")], path, inputs_tried=100)
    content = json.loads(path.read_text())
    assert set(content) == {"date", "machine", "cluster", "fuzz"}
    assert [content["cluster"][key] for key in ("tried", "survived", "data_lost", "seconds")] == [2, 1, 2, 2.5]
    assert content["fuzz"]["inputs_tried"] == 100
    assert content["fuzz"]["versions"]["python"]


def test_a_suite_that_runs_again_replaces_its_entry(tmp_path):
    path = tmp_path / "reliability.json"
    record("faults", [fault("full disk"), fault("stalled server")], path)
    record("faults", [fault("full disk")], path)
    assert json.loads(path.read_text())["faults"]["tried"] == 1
