"""The figure of all triples: counts as they were counted, subsystems of what no pair foretells."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline_lib.artefacts.tables import write_table
from pipeline_lib.reporting.cli import app
from pipeline_lib.reporting.drawing import read_records

COUNTS = {
    "genes": 137,
    "triples": 419_220,
    "with_a_lethal_single": 10_000,
    "with_a_lethal_pair": 5_000,
    "lethal_beyond_their_pairs": 12,
    "interacting": 900,
    "negative": 700,
    "positive": 200,
    "without_a_digenic_interaction": 30,
    "failed": 0,
    "linear_programs_singles_and_pairs": 400,
    "linear_programs_triples": 3_000,
    "interacting_above_0.001": 800,
    "interacting_above_0.02": 400,
    "interacting_above_0.08": 150,
}


@pytest.mark.parametrize(
    ("large", "sentence"),
    [
        (30, "900 triples interact above rounding, 150 by more than 0.08; 30 have no digenic interaction"),
        (0, "None of 419,220 triples interacts by more than 0.08"),
    ],
)
def test_the_figure_counts_interactions_of_the_published_size(tmp_path, large, sentence):
    subsystems = pd.DataFrame(
        {
            "subsystem": ["Glycolysis", "Transport"],
            "genes": [20, 40],
            "interacting": [500, 300],
            "negative": [400, 100],
            "unforetold": [3, 0],
            "large": [large, 0],
            "large_unforetold": [large // 3, 0],
        }
    )
    write_table(subsystems, tmp_path / "subsystems.parquet")
    (tmp_path / "counts.json").write_text(json.dumps(COUNTS))
    result = CliRunner().invoke(
        app,
        [
            "trigenic",
            "--settings={}",
            f"--counts={tmp_path}/counts.json",
            f"--subsystems={tmp_path}/subsystems.parquet",
            f"--folder={tmp_path}",
            f"--records={tmp_path}/trigenic_interactions.json",
        ],
    )
    assert result.exit_code == 0, result.output
    (record,) = read_records(tmp_path / "trigenic_interactions.json")
    assert sentence in record.alternative
    assert (tmp_path / "trigenic_interactions.svg").stat().st_size > 1000
