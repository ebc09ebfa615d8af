"""SGD's regulation records: directed from regulator to target."""

from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.networks.layouts import read_sgd_regulation

HEAD = '@prefix kg: <http://sgd-kg.project-genesis.io#> .\n\nobo:INO_0000102 rdfs:label "gene expression" ;\n'


def write(path: Path, *records: str) -> Path:
    path.write_text(HEAD + "\n\n".join(f"kg:{record} rdfs:subClassOf obo:INO_0000032 ." for record in records))
    return path


@pytest.mark.parametrize(
    ("record", "edge"),
    [
        ("YAL013W-YGR088W-transcription-positive", ("YAL013W", "YGR088W")),
        ("YAL051W-YIL160C-transcription", ("YAL051W", "YIL160C")),
        ("YBL016W-YDR379C-A-protein_activity-negative", ("YBL016W", "YDR379C-A")),
        ("YDR379C-A-YBL016W-RNA_stability", ("YDR379C-A", "YBL016W")),
        ("YDR379C-A-YBL016W-A-transcription", ("YDR379C-A", "YBL016W-A")),
        ("YEL009C-Q0075-transcription-negative", ("YEL009C", "Q0075")),
    ],
)
def test_a_record_names_regulator_and_target(tmp_path: Path, record: str, edge: tuple[str, str]) -> None:
    raw = read_sgd_regulation(write(tmp_path / "reguls.ttl", record))
    assert list(raw.table.iter_rows()) == [(*edge, 1.0)]
    assert raw.directed


def test_a_record_that_breaks_the_layout_is_named_with_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "reguls.ttl", "YAL013W-YGR088W-transcription", "YAL013W-transcription")
    with pytest.raises(PipelineError, match=r"row 6 is no regulation record: 'kg:YAL013W-transcription"):
        read_sgd_regulation(path)


def test_a_file_without_records_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reguls.ttl").write_text(HEAD)
    with pytest.raises(PipelineError, match="no regulation record"):
        read_sgd_regulation(tmp_path / "reguls.ttl")


@pytest.mark.mirror
def test_every_record_of_the_release_is_read(mirror: Path) -> None:
    path = mirror / "sgd-regulation" / "reguls.ttl"
    table = read_sgd_regulation(path).table
    assert len(table) == path.read_text().count("\nkg:") == 20_511
    assert table.n_unique(["source", "target"]) == 20_401
    edges = set(table.select("source", "target").iter_rows())
    # PHO4 switches PHO5 on; MIG1 represses GAL1 and SUC2, GAL80 represses GAL1. None of them the other way round.
    known = {("YFR034C", "YBR093C"), ("YGL035C", "YBR020W"), ("YGL035C", "YIL162W"), ("YML051W", "YBR020W")}
    assert known <= edges
    assert not {(target, source) for source, target in known} & edges
