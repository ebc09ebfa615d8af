"""Tensor files hold tensors and plain values; code in a planted file does not run."""

import os
import pickle

import pytest
import torch

from pipeline_lib.artefacts.tables import load_tensors, save_tensors
from pipeline_lib.errors import PipelineError


class Planted:
    """Touches a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_tensors_come_back_equal(tmp_path):
    content = {"incidence": torch.tensor([[0, 1], [1, 2]]), "nested": {"n": 3, "names": ["a"]}}
    save_tensors(content, tmp_path / "s.pt")
    loaded = load_tensors(tmp_path / "s.pt")
    assert torch.equal(loaded["incidence"], content["incidence"])
    assert loaded["nested"] == content["nested"]


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_planted_code_does_not_run(tmp_path, writer):
    witness, path = tmp_path / "witness", tmp_path / "planted.pt"
    if writer == "torch":
        torch.save({"x": Planted(str(witness))}, path)
    else:
        path.write_bytes(pickle.dumps({"x": Planted(str(witness))}))
    with pytest.raises(PipelineError, match=r"planted.pt holds objects other than tensors"):
        load_tensors(path)
    assert not witness.exists()


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "s.pt"
    save_tensors({"x": torch.arange(1000)}, path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(PipelineError, match="truncated or not a tensor file"):
        load_tensors(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(PipelineError, match="does not exist"):
        load_tensors(tmp_path / "s.pt")
