"""Draws of one split, each by itself and pooled: their test folds laid one after another.

Held-out genes differ from draw to draw, so the interval of a single draw tells how well these genes are predicted, and
that of all draws rests on many more. A gene or a query that several draws hold out stays one cluster of the bootstrap.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline_lib.config.split_names import kind_and_repeat, pooled_name
from pipeline_lib.evaluation.predictions import PredictionFile, by_split


@dataclass(frozen=True)
class Entry:
    """What one model with one seed predicts on a split: one file, or one a draw in the order of the draws."""

    files: tuple[PredictionFile, ...]

    @property
    def where(self) -> str:
        """The files, for errors."""
        return ", ".join(str(file.path) for file in self.files)


def entries_by_split(files: Iterable[PredictionFile]) -> dict[str, dict[str, list[Entry]]]:
    """Return the entries of every split and, in it, of every model; pooled draws behind the splits themselves.

    Returns
    -------
    dict
        Split, then model, then one entry a seed. A kind with two or more draws among `files` has a further split
        ``<kind>-pooled`` with the models that have a seed in common on all of its draws, and with such seeds alone.
    """
    grouped = by_split(files)
    entries = {
        split: {model: [Entry((file,)) for file in seeds] for model, seeds in models.items()}
        for split, models in grouped.items()
    }
    drawn: dict[str, list[str]] = {}
    for split in sorted(grouped, key=kind_and_repeat):
        drawn.setdefault(kind_and_repeat(split)[0], []).append(split)
    for kind, draws in drawn.items():
        pooled = _pooled([grouped[draw] for draw in draws]) if len(draws) > 1 else {}
        if pooled:
            entries[pooled_name(kind)] = pooled
    return entries


def _pooled(draws: list[dict[str, list[PredictionFile]]]) -> dict[str, list[Entry]]:
    """Return the entries of the models that have a seed in common on every draw."""
    pooled = {}
    for model in draws[0]:
        by_seed = [{file.seed: file for file in draw.get(model, [])} for draw in draws]
        shared = sorted(set.intersection(*map(set, by_seed)))
        if shared:
            pooled[model] = [Entry(tuple(files[seed] for files in by_seed)) for seed in shared]
    return pooled
