"""Settings of the cell graph, the splits, the grid of models, their training, and the scan of the genome.

A split has one of five kinds and, behind a hyphen, the number of a further repeat of it. Which genes or queries are
held out moves a score on unseen ones by more than models differ, so a run may repeat a split several times. This is the
one place that knows how repeats are written.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipeline_lib.config.model_registry import names
from pipeline_lib.config.section import Section, with_names

LossName = Literal[
    "mse",
    "log_cosh",
    "huber",
    "quantile",
    "crps",
    "concordance",
    "mse_wasserstein",
    "mse_energy",
    "mse_kl",
]


class LossSettings(Section):
    """What is minimised, on targets that have mean 0 and SD 1 within their assay."""

    name: LossName = "mse"
    """Loss of measured values; 0/1 calls always take the logistic loss."""
    huber_delta: float = Field(default=1.0, gt=0)
    """Residual (in SD of the assay) at which ``huber`` turns from a square into a line."""
    quantile: float = Field(default=0.5, gt=0, lt=1)
    """The quantile that ``quantile`` fits."""
    divergence_weight: float = Field(default=0.1, ge=0)
    """Weight of the divergence beside the squares in ``mse_wasserstein``, ``mse_energy`` and ``mse_kl``."""
    spread: Literal["nll", "crps"] = "crps"
    """Proper score that fits the predicted SD and does not move the predicted value (unless the loss is ``crps``).
    ``crps`` (continuous ranked probability score) is the robust one: its derivative by the SD lies between -0.57 and
    0.24 an observation, however far off the value is. That of ``nll`` (Gaussian log likelihood) grows with the square
    of the residual in SDs, so that a few outliers set the SD of all."""


class TrainingSettings(Section):
    """Length, loss and device of the training of networks."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """``auto`` takes a GPU where there is one."""
    threads: int = Field(default=1, ge=1)
    """CPU threads a job, whatever the number of cores: sums of floats depend on it, and so would the results."""
    processes: int = Field(default=1, ge=1)
    """Processes that share the fit of a network, one GPU of a machine each; the last digits depend on their number."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """``auto``: bfloat16 products on a GPU, float32 on a CPU."""
    compile: bool = False
    """Compile the network with ``torch.compile``: a minute of waiting that pays on long runs."""
    epochs: int = Field(default=30, ge=1)
    """Greatest number of passes over the training fold."""
    batch_size: int = Field(default=4096, ge=1)
    """Observations an optimisation step, at most."""
    minimum_steps: int = Field(default=10, ge=1)
    """Fewest steps an epoch: on little data batches are smaller, so that an epoch still has as many."""
    learning_rate: float = Field(default=3e-3, gt=0)
    """Largest step size of AdamW; it rises over the first tenth of the steps and falls to zero along a cosine."""
    weight_decay: float = Field(default=1e-2, ge=0)
    """Decay of AdamW."""
    gradient_clip: float = Field(default=1.0, gt=0)
    """Greatest norm of a step's gradient; the parameters of the predicted SD are clipped by themselves, at the same
    norm, so that a large gradient of the SD leaves the step of the predicted value as it is."""
    average: float = Field(default=0.98, ge=0, lt=1)
    """Decay a step of the running average of the weights, which is what predicts; 0 takes the last weights."""
    patience: int = Field(default=3, ge=1)
    """Epochs without a better validation score before training stops. It can only stop a training of more epochs than
    these: 3 of the 6 of config.yaml, and the running average of the weights smooths the scores of single epochs. The
    network before its first step counts as epoch 0 and is kept where no epoch is better."""
    stop_on: str | None = None
    """Screen whose assays decide which epoch is kept and when training stops; null: all assays that train together.
    Networks that are trained without this screen, or have no validation rows of it, are judged by all of theirs."""
    max_per_assay_epoch: int | None = Field(default=400_000, ge=1)
    """Observations of one assay that an epoch visits at most (others each epoch); None: all."""
    loss: LossSettings = LossSettings()
    """What is minimised."""


SPLIT_KINDS = ("random", "query_disjoint", "gene_disjoint_one", "gene_disjoint_all", "cross_screen")
"""What a split keeps apart; `pipeline_lib.cell.splits` has the rules."""

_POOLED = "pooled"
_NAME = re.compile(rf"(?P<kind>.+?)(-(?P<repeat>[1-9][0-9]*|{_POOLED}))?", re.DOTALL)


def kind_and_repeat(name: str) -> tuple[str, int | None]:
    """Return a split's kind and the number of its repeat.

    Parameters
    ----------
    name
        ``gene_disjoint_one`` (repeat 0) or ``gene_disjoint_one-2`` (repeat 2); in tables of scores also
        ``gene_disjoint_one-pooled`` (None: all repeats together). Predictions may stand under a name that no run of
        this pipeline gives: what comes before the repeat is a kind of its own then.
    """
    found = _NAME.fullmatch(name)
    if found is None or found["repeat"] is None:
        return name, 0
    return found["kind"], None if found["repeat"] == _POOLED else int(found["repeat"])


def pooled_name(kind: str) -> str:
    """Return the name that stands for all repeats of a kind together."""
    return f"{kind}-{_POOLED}"


def _known(name: str) -> str:
    kind, repeat = kind_and_repeat(name)
    if kind not in SPLIT_KINDS or repeat is None:
        raise ValueError(
            f"there is no split '{name}'; choose among {', '.join(SPLIT_KINDS)}, or a further repeat of one of them "
            f"such as {SPLIT_KINDS[0]}-1"
        )
    return name


SplitName = Annotated[
    str,
    AfterValidator(_known),
    Field(json_schema_extra={"pattern": rf"^({'|'.join(SPLIT_KINDS)})(-[1-9][0-9]*)?$"}),
]
"""A split that a run can make."""


class CellSettings(Section):
    """How the cell graph is put together."""

    networks: list[str] | None = None
    """Networks to build the cell of; None: all, and one that holds genetic interactions is refused."""
    features: list[str] | None = None
    """Feature tables that models read; None: those that hold no genetic interactions (``holds_genetic: no``)."""


class SplitSettings(Section):
    """Train, validation and test folds."""

    names: list[SplitName] = ["random"]
    """The splits to make: ``random``, ``query_disjoint``, ``gene_disjoint_one``, ``gene_disjoint_all`` and
    ``cross_screen``. Further repeats of one, ``gene_disjoint_one-1``, ``gene_disjoint_one-2`` and so on, hold out other
    genes; models that run on all repeats are scored on them together as well (``gene_disjoint_one-pooled``)."""
    seed: int = 0
    """Seed of every split."""
    validation: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the units (genotypes, queries or genes) in the validation fold."""
    test: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the units in the test fold of the random split."""
    disjoint_test: float = Field(default=0.2, gt=0, lt=0.5)
    """Share of the queries or genes in the test fold of the disjoint splits."""
    cross_screen_test: list[str] = []
    """Screens held out by ``cross_screen``; genotypes that they share with other screens leave the training fold."""


class GridEntry(Section):
    """Every combination of these models, splits and seeds is one training job."""

    models: list[str] = Field(min_length=1, json_schema_extra=with_names(names))
    """Names of models (``clp models list``), those of installed packages too."""
    splits: list[str] = Field(min_length=1)
    """Names out of ``splits.names``."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """Seeds of initial weights and of the order of batches."""


class ScanSettings(Section):
    """Predict every pair or triple of a list of genes and keep the strongest (``snakemake genome_scan``).

    No part of a default run.
    """

    model: str = "clp"
    """The fitted model, one of the grid."""
    split: str = "random"
    """The split that it was fitted on, one of the grid's."""
    seed: int = Field(default=0, ge=0)
    """The seed that it was fitted with."""
    order: Literal[2, 3] = 3
    """Number of deleted genes."""
    screen: str | None = None
    """In the units of which screen to predict. None: of the one with most training observations."""
    phenotype: str | None = None
    """What to predict. None: what has most training observations."""
    genes: str | None = None
    """Text file of the genes, one a line. None: every gene of the gene index."""
    shards: int = Field(default=16, ge=1)
    """Jobs that the genotypes are divided among; the result does not depend on it."""
    kept: int = Field(default=1000, ge=1)
    """Genotypes kept of either end: those with the lowest and those with the highest predictions."""
