"""Length, loss and device of the training of networks."""

from typing import Literal

from pydantic import Field

from pipeline_lib.config.section import Section

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
