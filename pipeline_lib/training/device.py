"""Which device to train on."""

from typing import Literal

from pipeline_lib.errors import PipelineError


def resolve_device(wanted: Literal["auto", "cpu", "cuda"]) -> str:
    """Return 'cpu' or 'cuda'.

    Raises
    ------
    PipelineError
        When 'cuda' is asked for where there is none.
    """
    import torch

    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise PipelineError("training.device is 'cuda' but this machine has no usable GPU; set it to 'auto' or 'cpu'.")
    return "cuda" if present and wanted != "cpu" else "cpu"
