"""Where a fit computes: its device, its CPU threads, and one process or several through Lightning Fabric.

Several processes come from ``torchrun --nproc-per-node K -m pipeline_lib training fit ...``. A single process does
not import Fabric.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from pipeline_lib.errors import PipelineError


class Processes(Protocol):
    """What the loop needs to know of the other processes."""

    rank: int
    count: int

    def share(self, step: nn.Module) -> nn.Module:
        """Return `step` such that a backward pass averages gradients over all processes."""
        ...

    def sum(self, value: Tensor) -> Tensor:
        """Return the sum over all processes."""
        ...

    def wait(self) -> None:
        """Return when every process has come here."""
        ...

    def half_precision(self) -> AbstractContextManager[Any]:
        """Return the context in which the network computes."""
        ...


class SingleProcess:
    """Everything in this process."""

    rank = 0
    count = 1

    def __init__(self, device: torch.device, *, bfloat16: bool) -> None:
        self._device, self._bfloat16 = device, bfloat16

    def share(self, step: nn.Module) -> nn.Module:
        """Return `step` itself."""
        return step

    def sum(self, value: Tensor) -> Tensor:
        """Return `value` itself."""
        return value

    def wait(self) -> None:
        """Return at once."""

    def half_precision(self) -> AbstractContextManager[Any]:
        """Return torch's autocast where bfloat16 is wanted."""
        return torch.autocast(self._device.type, torch.bfloat16) if self._bfloat16 else nullcontext()


class FabricProcesses:
    """Several processes, gradients averaged by Fabric's DDP strategy."""

    def __init__(self, device: torch.device, *, bfloat16: bool) -> None:
        from lightning_fabric import Fabric
        from lightning_fabric.strategies import DDPStrategy

        self._fabric = Fabric(
            accelerator="cuda" if device.type == "cuda" else "cpu",
            devices=int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
            num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
            # A batch need not hold every phenotype, so a head may go without a gradient.
            strategy=DDPStrategy(find_unused_parameters=True, broadcast_buffers=False),
            precision="bf16-mixed" if bfloat16 else "32-true",
        )
        self._fabric.launch()
        self.rank, self.count = self._fabric.global_rank, self._fabric.world_size

    def share(self, step: nn.Module) -> nn.Module:
        """Return `step` under DDP."""
        shared: nn.Module = self._fabric.setup_module(step, move_to_device=False)
        return shared

    def sum(self, value: Tensor) -> Tensor:
        """Return the sum over all processes."""
        total: Tensor = self._fabric.all_reduce(value, reduce_op="sum")
        return total

    def wait(self) -> None:
        """Return when every process has come here."""
        self._fabric.barrier()

    def half_precision(self) -> AbstractContextManager[Any]:
        """Return Fabric's autocast."""
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context


def open_processes(device: torch.device, *, bfloat16: bool) -> Processes:
    """Return the processes that torchrun started, or this one alone."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return FabricProcesses(device, bfloat16=bfloat16)
    return SingleProcess(device, bfloat16=bfloat16)


def resolve_device(wanted: Literal["auto", "cpu", "cuda"]) -> str:
    """Return 'cpu' or 'cuda'.

    Raises
    ------
    PipelineError
        When 'cuda' is wanted where there is none.
    """
    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise PipelineError("training.device is 'cuda' but this machine has no usable GPU; set it to 'auto' or 'cpu'.")
    return "cuda" if present and wanted != "cpu" else "cpu"


def limit_threads(threads: int) -> AbstractContextManager[Any]:
    """Hold every numerical library, torch included, to `threads` CPU threads."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch.set_num_threads(threads)
    limits: AbstractContextManager[Any] = threadpool_limits(threads)
    return limits


def make_cublas_repeatable() -> None:
    """Give cuBLAS workspaces with which it returns the same bits twice, unless the user chose others.

    It reads them when CUDA starts. Without them torch's deterministic algorithms warn at every matrix product.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def local_device(device: str) -> torch.device:
    """Return this process's own device, the GPU of its local rank or the CPU, before anything is computed on it.

    Raises
    ------
    PipelineError
        When the machine has fewer GPUs than processes.
    """
    if device != "cuda":
        return torch.device("cpu")
    make_cublas_repeatable()
    rank, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if rank >= count:
        raise PipelineError(f"training.processes is greater than the number of GPUs here, {count}; lower it.")
    return torch.device("cuda", rank)


def is_first_process() -> bool:
    """Return whether this process is the one that writes files."""
    return int(os.environ.get("RANK", "0")) == 0
