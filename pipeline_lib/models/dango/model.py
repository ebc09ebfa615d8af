"""DANGO behind the one interface of every model."""

from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from pipeline_lib.cell.genotypes import Genotypes
from pipeline_lib.config.models import DangoSettings, ModelSettings
from pipeline_lib.config.training import TrainingSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.models.dango.encoder import Channel, read_channels
from pipeline_lib.models.dango.network import PAPER, RELEASED, DangoNetwork
from pipeline_lib.models.dango.training import SETS_AT_ONCE, LabelledSets, Trainer
from pipeline_lib.models.interface import AssayScales, Cell, FitContext, Prediction


class Dango:
    """DANGO (Zhang, Ma and Ma 2020) on singles, pairs and triples of any screen.

    Parameters
    ----------
    settings
        `dango` is read.
    training
        Not read: DANGO has steps of its own.
    pretrained
        Whether the encoders first learn to rebuild the networks.
    frozen
        Whether what was pretrained stays as it is afterwards.
    networks
        Whether networks are used at all; if not, learned gene vectors go straight into the hypergraph part, as they
        do for a cell that has no networks.
    """

    architecture = PAPER

    def __init__(
        self,
        settings: ModelSettings,
        training: TrainingSettings,  # noqa: ARG002 - every model takes both
        *,
        pretrained: bool = True,
        frozen: bool = False,
        networks: bool = True,
    ) -> None:
        epochs = settings.dango.pretraining_epochs if pretrained else 0
        self.settings = settings.dango.model_copy(update={"pretraining_epochs": epochs})
        self.frozen = frozen
        self.networks = networks
        if self.settings.width % self.settings.heads:
            raise PipelineError(
                f"models.dango.width ({self.settings.width}) must be a multiple of models.dango.heads "
                f"({self.settings.heads})."
            )

    def fit(self, train: Genotypes, validation: Genotypes, cell: Cell, context: FitContext) -> pd.DataFrame:
        """Train every member; the best epochs of each on `validation` are kept.

        Returns
        -------
        DataFrame
            HISTORY with the columns `phase` ('pretraining', 'joint') and `member`.
        """
        self.assays = AssayScales.fit(train)
        channels: list[Channel] = []
        if self.networks:
            read = read_channels(cell.edges, len(cell.genes), self.settings.channels, self.settings.zero_weights)
            channels = [channel.to(context.device) for channel in read]
        folds = [self._labelled(fold) for fold in (train, validation)]
        self.kept: list[list[dict[str, Any]]] = []
        histories = []
        torch.set_num_threads(context.threads)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for member in range(self.settings.members):
                trained = self._member(member, channels, len(cell.genes), folds, context, progress)
                histories.append(trained.assign(member=member))
        self.noise = self._noise(validation if len(validation) else train)
        return pd.concat(histories, ignore_index=True)

    def _member(
        self,
        member: int,
        channels: list[Channel],
        num_genes: int,
        folds: list[LabelledSets],
        context: FitContext,
        progress: Progress,
    ) -> pd.DataFrame:
        checkpoint = None if context.checkpoints is None else context.checkpoints / f"member{member}.pt"
        with torch.random.fork_rng(devices=[torch.device(context.device)] if context.device != "cpu" else []):
            torch.manual_seed(context.seed * 1000 + member)
            network = DangoNetwork(channels, num_genes, len(self.assays), self.settings, self.architecture)
            trainer = Trainer(network.to(context.device), self.settings, frozen=self.frozen, checkpoint=checkpoint)
            trained = trainer.run(folds[0], folds[1], progress, f"DANGO {member + 1}/{self.settings.members}")
        self.kept.append(trained.kept)
        return pd.DataFrame(trained.history)

    def predict(self, genotypes: Genotypes) -> Prediction:
        """Average the members, and the kept epochs of each.

        The variance of a prediction is that between members plus what this leaves of the mean squared residual of its
        assay on the validation fold (on the training fold where there is none).
        """
        codes = self.assays.codes(genotypes)
        mean, between = self._members(genotypes, codes)
        return Prediction(mean, np.sqrt(between + self.noise[codes]))

    def _members(
        self, genotypes: Genotypes, codes: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the mean over members and the variance between them, in the units of the assays."""
        members = np.stack([self._scores(kept, genotypes, codes) for kept in self.kept])
        between = members.var(axis=0, ddof=1) if len(members) > 1 else np.zeros(len(genotypes))
        return self.assays.restore(members.mean(axis=0), codes), between * self.assays.scale[codes] ** 2

    def _noise(self, judge: Genotypes) -> NDArray[np.float64]:
        """Return the variance of each assay that the members' disagreement does not account for, float64 [A]."""
        codes = self.assays.codes(judge)
        mean, between = self._members(judge, codes)
        count = np.maximum(np.bincount(codes, minlength=len(self.assays)), 1)
        explained = np.bincount(codes, weights=between, minlength=len(self.assays)) / count
        return np.maximum(self.assays.residuals(judge, mean) ** 2 - explained, 0.0)

    def _scores(
        self, kept: list[dict[str, Any]], genotypes: Genotypes, codes: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        total = np.zeros(len(genotypes))
        with torch.random.fork_rng(devices=[]):
            scorer = self.architecture.scorer(self.settings, len(self.assays)).eval()
        for epoch in kept:
            vectors = epoch["vectors"].cpu()
            scorer.load_state_dict(epoch["hypergraph"])
            for start in range(0, len(genotypes), SETS_AT_ONCE):
                part = slice(start, start + SETS_AT_ONCE)
                slots = torch.from_numpy(genotypes.genes[part])
                with torch.no_grad():
                    score = scorer(vectors, slots, torch.from_numpy(codes[part]))
                total[part] += score.double().numpy()
        return total / len(kept)

    def _labelled(self, fold: Genotypes) -> LabelledSets:
        slots = max(int(fold.order.max(initial=1)), 1)
        return LabelledSets(
            genes=torch.from_numpy(fold.genes[:, :slots]),
            assay=torch.from_numpy(self.assays.codes(fold)),
            value=torch.from_numpy(self.assays.standardise(fold).astype(np.float32)),
        )

    def state(self) -> dict[str, Any]:
        """Return the gene vectors and the hypergraph part of every kept epoch; the networks are no longer needed."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "frozen": self.frozen,
            "networks": self.networks,
            "assays": self.assays.state(),
            "noise": self.noise.tolist(),
            "kept": self.kept,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], cell: Cell) -> Self:
        """Return the fitted model.

        Raises
        ------
        PipelineError
            When the gene index of `cell` has another length than that of the fit.
        """
        settings = ModelSettings(dango=DangoSettings.model_validate(state["settings"]))
        model = cls(settings, TrainingSettings(), frozen=state["frozen"], networks=state["networks"])
        model.settings = settings.dango
        model.assays = AssayScales.from_state(state["assays"])
        model.noise = np.array(state["noise"])
        model.kept = state["kept"]
        fitted = len(model.kept[0][0]["vectors"])
        if fitted != len(cell.genes):
            raise PipelineError(
                f"The model was fitted on {fitted} genes and the gene table holds {len(cell.genes)}; fit it anew."
            )
        return model


class DangoAsReleased(Dango):
    """DANGO as its released code behaves, which is not as its paper has it.

    One layer of attention whose heads are each as wide as a gene's vector and in which a gene also looks at itself, no
    squared difference of dynamic and static vectors, a sum over the set in place of the mean, and five of a gene's
    neighbours and itself drawn at every step, for the validation fold and for predictions too (one draw for each kept
    epoch, so that a fitted model predicts the same twice). The code's further linear map of a gene's vector ahead of
    each GraphSAGE layer is taken as part of that layer. `neighbours`, `attention_layers` and `dropout` of
    `DangoSettings` are not read: the code fixes them.
    """

    architecture = RELEASED
