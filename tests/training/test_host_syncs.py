"""A training step waits for a GPU once, one of DANGO never: shown on the CPU, by following what a GPU would hold."""

import sys

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pipeline_lib.config.models import DangoSettings
from pipeline_lib.config.training import LossSettings, TrainingSettings
from pipeline_lib.models.dango.encoder import Channel, read_channels
from pipeline_lib.models.dango.network import PAPER, RELEASED, DangoNetwork
from pipeline_lib.models.dango.training import LabelledSets, Trainer
from pipeline_lib.models.interface import HOST_COLUMNS, FitContext
from pipeline_lib.models.layers import scatter_mean
from pipeline_lib.models.registry import build
from pipeline_lib.training.batches import EpochSampler
from pipeline_lib.training.losses import LOSSES, Criterion
from pipeline_lib.training.processes import SingleProcess
from pipeline_lib.training.step import OptimisationStep
from tests.small_cell import NUM_GENES, edge_table, feature_table, small_cell, small_screen, small_settings

CPU = torch.device("cpu")
WAITING = {
    *("_local_scalar_dense", "nonzero", "masked_select", "bincount", "equal"),
    *("_unique2", "unique_dim", "unique_consecutive", "repeat_interleave"),
}
"""Operators whose answer, or its size, the CPU needs before it can go on."""
MASKED = {"index", "index_put", "index_put_", "_index_put_impl_"}
"""Operators that look up a mask's number of rows."""


class SimulatedGpu(TorchDispatchMode):
    """Follow which tensors are on a GPU and which on the CPU; list what waits, refuse operators that mix the two.

    A tensor made out of nothing belongs to neither until it meets one that does.
    """

    def __init__(self, patch):
        super().__init__()
        self.waits = []
        self._place, self._kept = {}, []
        for name, module in list(sys.modules.items()):
            if name.startswith("pipeline_lib.") and hasattr(module, "on_device"):
                patch.setattr(module, "on_device", lambda tensor, _: self.put(tensor.clone(), "gpu"))
        for method in ("tolist", "cpu", "numpy"):
            patch.setattr(torch.Tensor, method, self._copying_back(method, getattr(torch.Tensor, method)))

    def put(self, tensor, place):
        if isinstance(tensor, torch.Tensor):
            key = self._key(tensor)
            # Kept alive, so that nothing else gets its address.
            self._kept.append(tensor.detach())
            if key:
                self._place[key] = place
        return tensor

    def at(self, tensor):
        return self._place.get(self._key(tensor))

    def _key(self, tensor):
        return id(tensor) if tensor.layout != torch.strided else tensor.untyped_storage().data_ptr()

    def _copying_back(self, name, method):
        def copied(tensor, *arguments, **keywords):
            if self.at(tensor) == "gpu":
                self.waits.append(name)
                tensor = self.put(tensor.detach().clone(), "cpu")
            return method(tensor, *arguments, **keywords)

        return copied

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        tensors = [leaf for leaf in tree_leaves((arguments, keywords)) if isinstance(leaf, torch.Tensor)]
        places = {self.at(tensor) for tensor in tensors if tensor.dim() and tensor.numel()} - {None}
        assert len(places) < 2, f"{function} mixes tensors of the CPU and of the GPU"
        name = function.overloadpacket.__name__
        masked = name in MASKED and any(
            leaf is not None and leaf.dtype == torch.bool for leaf in tree_leaves(arguments[1])
        )
        on_gpu = any(self.at(tensor) == "gpu" for tensor in tensors)
        is_sized = (keywords or {}).get("output_size") is not None
        if on_gpu and ((name in WAITING and not is_sized) or masked):
            self.waits.append(name)
        result = function(*arguments, **(keywords or {}))
        place = "gpu" if on_gpu else next(iter(places), None)
        if place:
            for leaf in tree_leaves(result):
                self.put(leaf, place)
        return result

    def hold(self, network, columns):
        """Place the network as ``network.to`` would, and columns as the sampler does."""
        for tensor in (*network.parameters(), *network.buffers()):
            self.put(tensor, "gpu")
        for module in network.modules():
            for value in vars(module).values():
                self.put(value, "cpu")
        for name, column in columns.items():
            self.put(column, "cpu" if name in HOST_COLUMNS else "gpu")


@pytest.fixture
def gpu(monkeypatch):
    return SimulatedGpu(monkeypatch)


def step_and_batch(name, **changes):
    """Return one optimisation step and a batch of fitness, interactions and calls of one to three genes."""
    cell = small_cell(features={"phenotypes": feature_table()})
    model = build(name, small_settings(profiles=False, **changes), TrainingSettings())
    task, columns = model.prepare(small_screen(300), cell, FitContext())[0]
    settings = TrainingSettings(batch_size=256, minimum_steps=1)
    processes = SingleProcess(CPU, bfloat16=False)
    batch = next(EpochSampler(columns, CPU, settings, 0, processes).batches(1))
    network = task.networks[0].train()
    return network, OptimisationStep(network, settings, 10, processes), batch


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("clp", {}),
        ("clp_hypergraph", {"hypergraph": "directed"}),
        ("clp_derived", {}),
        ("clp", {"convolution": "gatv2"}),
    ],
)
def test_a_training_step_waits_for_the_gpu_once(name, changes, gpu):
    network, step, batch = step_and_batch(name, **changes)
    gpu.hold(network, batch.columns)
    for weight in step.average.weights:
        gpu.put(weight, "gpu")
    with gpu:
        terms = step.take(batch.columns, 1, batch.share)
    assert set(terms) == {"mse", "spread", "call"}
    assert gpu.waits == ["tolist"]


@pytest.mark.parametrize("name", ["clp", "clp_hypergraph", "clp_derived"])
def test_predicting_a_batch_waits_for_nothing(name, gpu):
    network, _, batch = step_and_batch(name)
    network.eval()
    gpu.hold(network, batch.columns)
    with gpu, torch.no_grad():
        value, _ = network.decode(network.encode(), batch.columns)
    assert gpu.at(value) == "gpu"
    assert gpu.waits == []


def dango_on(gpu, architecture, **changes):
    """Return a trainer whose weights and channels are on a GPU, and sets of one to three genes, which are not."""
    settings = DangoSettings(width=16, heads=2, batch_size=32, pretraining_batch_size=8, **changes)
    network = DangoNetwork(read_channels(edge_table(), NUM_GENES, None, {}), NUM_GENES, 2, settings, architecture)
    for tensor in network.parameters():
        gpu.put(tensor, "gpu")
    for module in network.modules():
        channels = [vars(value) for value in vars(module).values() if isinstance(value, Channel)]
        for held in (vars(module), *channels):
            for name, value in held.items():
                gpu.put(value, "cpu" if name in {"position", "_degree"} else "gpu")
    screen = small_screen(90)
    sets = (torch.from_numpy(screen.genes), torch.arange(90) % 2, torch.randn(90))
    trainer = Trainer(network, settings, frozen=False, checkpoint=None)
    return trainer, LabelledSets(*(gpu.put(part, "cpu") for part in sets))


@pytest.mark.parametrize("changes", [{}, {"neighbours": 2}])
@pytest.mark.parametrize("architecture", [PAPER, RELEASED])
def test_an_epoch_of_dango_waits_only_to_read_its_losses(architecture, changes, gpu):
    trainer, sets = dango_on(gpu, architecture, **changes)
    with gpu:
        trainer._pretraining_epoch(trainer.optimiser())
    assert gpu.waits == ["tolist"]
    with gpu:
        trainer._joint_epoch(trainer.optimiser(), sets)
    assert gpu.waits == ["tolist"] * 3, "log-cosh and reconstruction"
    assert len(trainer.progressed.history) == 3


@pytest.mark.parametrize("loss", LOSSES)
def test_no_loss_waits(loss, gpu):
    mean, log_sd, target = (gpu.put(torch.randn(20, requires_grad=number < 2), "gpu") for number in range(3))
    is_call = gpu.put(torch.arange(20) % 3 == 0, "cpu")
    target = gpu.put((target > 0).float(), "gpu")
    with gpu:
        terms = Criterion(LossSettings(name=loss))(mean, log_sd, target, torch.ones(20), is_call)
        torch.stack(list(terms.values())).sum().backward()
    assert gpu.waits == []


def test_a_mean_by_index_does_not_look_for_the_greatest_index(gpu):
    rows = gpu.put(torch.tensor([[1.0], [3.0], [5.0]]), "gpu")
    index = gpu.put(torch.tensor([2, 0, 2]), "gpu")
    with gpu:
        mean = scatter_mean(rows, index, 4)
    assert gpu.waits == []
    assert mean[:, 0].tolist() == [3.0, 0.0, 3.0, 0.0]


@pytest.mark.parametrize(
    ("wait", "name"),
    [
        (float, "_local_scalar_dense"),
        (lambda x: bool((x > 0).any()), "_local_scalar_dense"),
        (lambda x: x[x > 0], "index"),
        (lambda x: (x > 0).nonzero(), "nonzero"),
        (torch.unique, "_unique2"),
        (lambda x: torch.arange(1).repeat_interleave(x.long()), "repeat_interleave"),
        (lambda x: x.numpy(), "numpy"),
    ],
)
def test_the_simulated_gpu_sees_each_kind_of_wait(wait, name, gpu):
    x = gpu.put(torch.ones(1), "gpu")
    with gpu:
        wait(x)
    assert gpu.waits == [name]


def test_the_simulated_gpu_refuses_to_mix_devices(gpu):
    on_gpu, on_cpu = gpu.put(torch.ones(3), "gpu"), gpu.put(torch.tensor([0, 2]), "cpu")
    with gpu, pytest.raises(AssertionError, match="mixes"):
        on_gpu[on_cpu]
