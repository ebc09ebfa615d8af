"""Watch the methods of a network at work: shapes and ranges of what goes in and what comes out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass
class Trace:
    """Calls of the watched methods, in order; each with its summary of inputs and outputs."""

    calls: list[dict[str, Any]] = field(default_factory=list)


def summary(value: Any) -> Any:  # noqa: ANN401 - tensors, and tuples and mappings of them
    """Return shape, type and range of every tensor in `value`, as plain values."""
    if isinstance(value, Tensor):
        described: dict[str, Any] = {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
        if value.numel():
            numbers = value.detach().double()
            finite = numbers[numbers.isfinite()]
            described |= {"finite": bool(len(finite) == value.numel())}
            if len(finite):
                described |= {
                    "min": float(finite.min()),
                    "mean": float(finite.mean()),
                    "max": float(finite.max()),
                    "sd": float(finite.std(correction=0)),
                }
        return described
    if hasattr(value, "_asdict"):
        return {name: summary(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): summary(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [summary(part) for part in value]
    return value if isinstance(value, (int, float, str, bool, type(None))) else type(value).__name__


@contextmanager
def traced(methods: Mapping[str, tuple[Any, str, str]]) -> Iterator[Trace]:
    """Record every call of `methods` while the context lasts.

    Parameters
    ----------
    methods
        Label to (object, name of its method, what the method does).
    """
    trace = Trace()

    def watch(label: str, method: Callable[..., Any], does: str) -> Callable[..., Any]:
        def watched(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
            result = method(*arguments, **keywords)
            trace.calls.append(
                {
                    "method": label,
                    "does": does,
                    "inputs": summary([*arguments, *([keywords] if keywords else [])]),
                    "outputs": summary(result),
                }
            )
            return result

        return watched

    # An attribute of the instance hides the method of its class until it is deleted again.
    for label, (owner, name, does) in methods.items():
        object.__setattr__(owner, name, watch(label, getattr(owner, name), does))
    try:
        yield trace
    finally:
        for owner, name, _ in methods.values():
            object.__delattr__(owner, name)


def dead_units(modules: Mapping[str, torch.nn.Module], run: Callable[[], Any]) -> dict[str, dict[str, int]]:
    """Return how many output channels of each module stay at one value over everything that `run` passes through it."""
    seen: dict[str, list[Tensor]] = {name: [] for name in modules}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, inputs: Any, output: Tensor) -> None:  # noqa: ANN401, ARG001
            seen[name].append(output.detach().reshape(-1, output.shape[-1]))

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    with torch.no_grad():
        run()
    for handle in handles:
        handle.remove()
    counts = {}
    for name, outputs in seen.items():
        if outputs:
            rows = torch.cat(outputs)
            still = (rows.amax(0) - rows.amin(0)) < 1e-7 if len(rows) > 1 else torch.zeros(rows.shape[1])
            counts[name] = {"units": rows.shape[1], "dead": int(still.sum())}
    return counts
