"""Settings of DANGO."""

from pydantic import Field

from pipeline_lib.config.section import Section


class DangoSettings(Section):
    """DANGO (Zhang et al. 2020): network embeddings, pretrained to rebuild the networks, and hypergraph attention.

    The defaults are those of the paper. They ask for about 9,000 optimisation steps; where that is too long, larger
    batches and fewer epochs keep the meaning of every other setting. `dango_as_released` does not read `neighbours`,
    `attention_layers` and `dropout`, which the released code fixes, and each of its heads has the whole width.
    """

    channels: list[str] | None = None
    """Networks to encode, one encoder each; None: every network of the cell."""
    zero_weights: dict[str, float] = {}
    """Weight of the zeros of an adjacency row while it is rebuilt, by network; 1 for a network not named. The paper
    takes 0.1 for the STRING channels whose zeros fell by over 1 percent from one release to the next (coexpression and
    experimental in 9.1): there a missing edge carries little information."""
    neighbours: int | None = Field(default=None, ge=1)
    """Neighbours drawn anew at every step for each gene and layer (the authors draw 5); None: all of them, by a sparse
    product."""
    width: int = Field(default=128, ge=2)
    """Length of a gene's vector."""
    heads: int = Field(default=8, ge=1)
    """Attention heads; they share the width."""
    attention_layers: int = Field(default=2, ge=1)
    """Self-attention layers between the genes of a set."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Share of the values put out in the attention and in the squared differences while training."""
    pretraining_epochs: int = Field(default=40, ge=0)
    """Passes over the genes that rebuild the networks and nothing else."""
    pretraining_batch_size: int = Field(default=96, ge=1)
    """Genes a pretraining step."""
    epochs: int = Field(default=60, ge=1)
    """Greatest number of joint epochs."""
    sets_an_epoch: int = Field(default=10_000, ge=1)
    """Observations drawn without replacement for one joint epoch."""
    batch_size: int = Field(default=96, ge=1)
    """Observations a joint step."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Step size of Adam."""
    reconstruction_weight: float = Field(default=0.001, ge=0)
    """Weight of the reconstruction loss beside the log-cosh loss in the joint epochs."""
    reconstruction_genes: int = Field(default=960, ge=1)
    """Genes drawn at a joint step, whose adjacency rows are rebuilt."""
    patience: int = Field(default=10, ge=1)
    """Joint epochs without entering the kept ones before training stops."""
    kept_epochs: int = Field(default=5, ge=1)
    """The predictions of the epochs best on the validation fold are averaged: how many."""
    members: int = Field(default=1, ge=1)
    """Networks trained from different initial weights; their mean is the prediction, their SD its spread."""
