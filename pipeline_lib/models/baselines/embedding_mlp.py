"""A multilayer perceptron on the sum of the deleted genes' learned vectors and features."""

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline_lib.cell.genotypes import NO_GENE, Genotypes
from pipeline_lib.config.models import BaselineSettings
from pipeline_lib.features.matrices import components_of_tables
from pipeline_lib.models.crosses.crosses import Crosses, StrainBook, lookup
from pipeline_lib.models.crosses.per_assay import AssayFold, AssayModel, PerAssay, Search, Trial, Values
from pipeline_lib.models.interface import Cell, Prediction

LEAST_BATCH, GREATEST_BATCH = 64, 2048


class SumNetwork(nn.Module):
    """Sum of gene vectors and projected features -> two hidden layers -> one value.

    Parameters
    ----------
    num_genes
        Genes of the training fold.
    num_features
        Features of a gene.
    settings
        Widths, and the SD of the genes' vectors.
    """

    def __init__(self, num_genes: int, num_features: int, settings: BaselineSettings) -> None:
        super().__init__()
        width, hidden = settings.embedding_width, settings.embedding_hidden
        self.projection = nn.Parameter(torch.zeros(num_features, width))
        # Row 0 is no gene, and every gene that training lacks: a zero that never learns.
        self.genes = nn.EmbeddingBag(num_genes + 1, width, mode="sum", padding_idx=0)
        with torch.no_grad():
            self.genes.weight.mul_(settings.embedding_initial_sd)
        self.head = nn.Sequential(
            nn.Linear(width, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 1)
        )

    def forward(self, genes: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Return values [n].

        Parameters
        ----------
        genes
            int64 [n, 3]: positions in the table, 0 for no gene.
        features
            float32 [n, num_features]: their sums over the deleted genes.
        """
        return self.head(self.genes(genes) + features @ self.projection)[:, 0]


class EmbeddingMlp(AssayModel):
    """Trained on squared error of standardised values; as many epochs as trials, the best on validation is kept.

    Now and then a gene is dropped from its genotype, so that a gene which training lacks, whose vector is zero, is
    not alien to the network.
    """

    network: SumNetwork
    components: NDArray[np.float32]
    mean: float
    deviation: float

    def fit(self, fold: AssayFold) -> list[Trial]:
        """Train on one device with AdamW and a cosine schedule."""
        generator = torch.Generator().manual_seed(fold.context.seed)
        torch.manual_seed(fold.context.seed)
        value = fold.train.value
        self.mean, self.deviation = float(value.mean()), float(value.std()) or 1.0
        self.seen = np.unique(fold.train.genotypes.genes[fold.train.genotypes.genes >= 0])
        self.components = components_of_tables(fold.cell.features, len(fold.cell.genes))
        self.network = SumNetwork(len(self.seen), self.components.shape[1], self.settings)
        inputs, features = self._inputs(fold.train.genotypes), self._features(fold.train.genotypes)
        target = torch.from_numpy((value - self.mean) / self.deviation).float()
        epochs = self.settings.trials
        optimiser = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.embedding_learning_rate,
            weight_decay=self.settings.embedding_weight_decay,
            fused=True,
        )
        batch = int(np.clip(len(target) // self.settings.embedding_steps, LEAST_BATCH, GREATEST_BATCH))
        dropout = self.settings.embedding_gene_dropout
        steps = epochs * -(-len(target) // batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        search: Search[dict[str, torch.Tensor]] = Search(fold.validation.value, epochs)
        for epoch in range(epochs):
            self.network.train()
            for rows in torch.randperm(len(target), generator=generator).split(batch):
                kept = torch.rand(len(rows), inputs.shape[1], generator=generator) >= dropout
                loss = nn.functional.mse_loss(self.network(inputs[rows] * kept, features[rows]), target[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            search.offer(f"epochs={epoch + 1}", self._values(fold.validation), copy.deepcopy(self.network.state_dict()))
        self.network.load_state_dict(search.best)
        return search.trials

    def predict(self, crosses: Crosses) -> Prediction:
        """Run the network."""
        return Prediction(self._values(crosses))

    def state(self) -> dict[str, Any]:
        """Return weights and units."""
        weights = dict(self.network.state_dict())
        return {"weights": weights, "seen": self.seen, "mean": self.mean, "deviation": self.deviation}

    def load(self, state: dict[str, Any], book: StrainBook, cell: Cell) -> None:  # noqa: ARG002
        """Restore weights and units; the features are the cell's."""
        self.seen, self.mean, self.deviation = state["seen"], state["mean"], state["deviation"]
        self.components = components_of_tables(cell.features, len(cell.genes))
        self.network = SumNetwork(len(self.seen), self.components.shape[1], self.settings)
        self.network.load_state_dict({name: torch.as_tensor(part) for name, part in state["weights"].items()})

    def _inputs(self, genotypes: Genotypes) -> torch.Tensor:
        rows = lookup(self.seen, np.arange(1, len(self.seen) + 1), genotypes.genes.ravel())
        return torch.from_numpy(np.maximum(rows, 0).reshape(genotypes.genes.shape))

    def _features(self, genotypes: Genotypes) -> torch.Tensor:
        there = (genotypes.genes != NO_GENE)[:, :, None]
        return torch.from_numpy((self.components[np.maximum(genotypes.genes, 0)] * there).sum(axis=1))

    def _values(self, crosses: Crosses) -> Values:
        self.network.eval()
        with torch.no_grad():
            scaled = self.network(self._inputs(crosses.genotypes), self._features(crosses.genotypes))
        return np.asarray(self.mean + self.deviation * scaled.numpy().astype(np.float64))


class EmbeddingMlpModel(PerAssay):
    """Model ``embedding_mlp``."""

    assay_model = EmbeddingMlp
