"""What a step imports: a run starts a process a step, and torch alone takes longer to import than many of them work."""

import subprocess
import sys

import pytest

WITHOUT_TENSORS = (
    "artefacts.tables",
    "cell.splits",
    "evaluation.tables.leaderboard",
    "evaluation.p_values.predicted",
    "features.building",
    "metabolism.measurements.agreement",
    "networks.edges",
    "screens.reading",
)


@pytest.mark.parametrize("module", WITHOUT_TENSORS)
def test_a_step_that_handles_no_tensor_imports_no_torch(module: str) -> None:
    code = f"import sys, pipeline_lib.{module}; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
