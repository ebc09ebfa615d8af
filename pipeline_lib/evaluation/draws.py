"""Repeats of one split, each by itself and pooled: their test folds laid one after another.

Held-out genes differ from repeat to repeat, so the interval of a single one shows how well these genes are predicted,
and that of all repeats rests on many more. A gene or a query that several repeats hold out stays one cluster of the
bootstrap.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline_lib.config.split_names import kind_and_repeat, pooled_name
from pipeline_lib.evaluation.predictions import PredictionFile, by_split


@dataclass(frozen=True)
class Entry:
    """What one model with one seed predicts on a split: one file, or one a repeat in the order of the repeats."""

    files: tuple[PredictionFile, ...]

    @property
    def where(self) -> str:
        """The files, for errors."""
        return ", ".join(str(file.path) for file in self.files)


def entries_by_split(files: Iterable[PredictionFile]) -> dict[str, dict[str, list[Entry]]]:
    """Return the entries of every split and, in it, of every model; pooled repeats behind the splits themselves.

    Returns
    -------
    dict
        Split, then model, then one entry a seed. A kind with two or more repeats among `files` has a further split
        ``<kind>-pooled`` with the models that have a seed in common on all of its repeats, and with such seeds alone.
    """
    grouped = by_split(files)
    entries = {
        split: {model: [Entry((file,)) for file in seeds] for model, seeds in models.items()}
        for split, models in grouped.items()
    }
    kinds: dict[str, list[str]] = {}
    for split in sorted(grouped, key=kind_and_repeat):
        kinds.setdefault(kind_and_repeat(split)[0], []).append(split)
    for kind, repeats in kinds.items():
        pooled = _pooled([grouped[repeat] for repeat in repeats]) if len(repeats) > 1 else {}
        if pooled:
            entries[pooled_name(kind)] = pooled
    return entries


def _pooled(repeats: list[dict[str, list[PredictionFile]]]) -> dict[str, list[Entry]]:
    """Return the entries of the models that have a seed in common on every repeat."""
    pooled = {}
    for model in repeats[0]:
        by_seed = [{file.seed: file for file in repeat.get(model, [])} for repeat in repeats]
        shared = sorted(set.intersection(*map(set, by_seed)))
        if shared:
            pooled[model] = [Entry(tuple(files[seed] for files in by_seed)) for seed in shared]
    return pooled
