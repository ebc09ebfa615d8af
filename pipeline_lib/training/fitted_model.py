"""What a model is fitted on, a model read back from its file, and knockouts that the table of a run lacks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline_lib.artefacts import FOLDS, PHENOTYPES, schemas
from pipeline_lib.artefacts.schemas import EDGES, GENES, MEDIA, OTHERS, SPLIT, screens_of_media
from pipeline_lib.artefacts.tables import load_tensors, read_batches, read_table
from pipeline_lib.cell.genotypes import MAX_ORDER, Genotypes, read_genotypes
from pipeline_lib.config.model_registry import FLUX, SIMULATED_PHENOTYPES
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.matrices import read_feature_matrices
from pipeline_lib.metabolism.knockouts.conditions import gene_lists
from pipeline_lib.metabolism.knockouts.genotypes import NO_GENE, choose, interaction_scores
from pipeline_lib.metabolism.knockouts.growths import FITNESS_DECIMALS
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.medium import network_on
from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork, read_network
from pipeline_lib.models.interface import Cell, Model, no_knockouts
from pipeline_lib.models.registry import restore
from pipeline_lib.training.measured_genotypes import TrainedAssay, read_assays
from pipeline_lib.training.run_files import FitFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline_lib.metabolism.programs.wild_type import Method


@dataclass(frozen=True)
class FittedModel:
    """A model read back from ``model.pt``, and what the codes of its genotypes stand for."""

    model: Model
    name: str
    screens: tuple[str, ...]
    strains: tuple[str, ...]
    assays: tuple[TrainedAssay, ...]

    def assay(self, screen: str | None = None, phenotype: str | None = None) -> TrainedAssay:
        """Return the assay in whose units to predict: the one with most training observations that fits the question.

        The flux models predict fitness and interaction in the metabolic model's own units where no screen is named
        and none in training measured them: an assay without a screen.

        Raises
        ------
        PipelineError
            When the model was not fitted on the screen, the phenotype, or the two together; lists what it was
            fitted on.
        """
        fitting = [
            assay for assay in self.assays if screen in {None, assay.screen} and phenotype in {None, assay.phenotype}
        ]
        if fitting:
            return max(fitting, key=lambda assay: sum(assay.observations))
        if self.name in FLUX and screen is None and phenotype in SIMULATED_PHENOTYPES:
            unmeasured = np.zeros_like(self.assays[0].genes)
            return TrainedAssay("", str(phenotype), (0,) * (MAX_ORDER + 1), unmeasured)
        requested = " of ".join(
            [
                *([f"the phenotype '{phenotype}'"] if phenotype is not None else []),
                *([f"the screen '{screen}'"] if screen is not None else []),
            ]
        )
        raise PipelineError(
            f"The model {self.name} was not fitted on {requested}; it was fitted on (screen/phenotype): "
            f"{', '.join(map(str, self.assays))}{self._without_screen(phenotype)}."
        )

    def _without_screen(self, phenotype: str | None) -> str:
        """Return the end of the sentence for what a flux model gives in no screen's units."""
        if self.name in FLUX and phenotype in SIMULATED_PHENOTYPES:
            return f"; leave the screen out for the {phenotype} that the metabolic model gives by itself"
        return ""


def load_fitted(path: Path, cell: Cell) -> FittedModel:
    """Read a fitted model and check that it was trained on the same gene index.

    Raises
    ------
    PipelineError
        When the file is missing or damaged, another version of the pipeline wrote it, or the gene index differs.
    """
    saved = load_tensors(path)
    missing = {"model", "genes", "screens", "strains", "assays", "state"} - set(saved)
    if missing:
        raise PipelineError(f"{path} is not a fitted model: it lacks {', '.join(sorted(missing))}; fit one first.")
    _same_genes(saved["genes"], cell.genes["gene"].tolist(), path)
    try:
        model = restore(saved["model"], saved["state"], cell)
    except KeyError as error:
        raise PipelineError(
            f"{path} was fitted by another version of the pipeline (it lacks {error}); run the workflow again, which "
            "fits it anew."
        ) from error
    return FittedModel(
        model,
        saved["model"],
        tuple(saved["screens"]),
        tuple(saved["strains"]),
        read_assays(saved["assays"]),
    )


def _same_genes(saved: Sequence[str], genes: Sequence[str], path: Path) -> None:
    if list(saved) == list(genes):
        return
    differing = sum(a != b for a, b in zip(saved, genes, strict=False))
    raise PipelineError(
        f"{path} was fitted on another gene index ({len(saved)} genes against {len(genes)}, "
        f"{differing} at other positions); give the gene table of its own run, or fit again."
    )


def genotypes_of(genes: NDArray[np.int64], fitted: FittedModel, screen: str, phenotype: str) -> Genotypes:
    """Return bare genotypes with the codes of `fitted`.

    Parameters
    ----------
    genes
        int64 [n, 3], ascending, -1 behind.
    fitted
        The model that is to predict them.
    screen, phenotype
        In whose units to predict what; a screen of '' is none.

    Raises
    ------
    PipelineError
        When the model does not know the screen, or there is no such phenotype.
    """
    n = len(genes)
    if screen and screen not in fitted.screens:
        raise PipelineError(f"The model knows no screen '{screen}'; it was fitted on {', '.join(fitted.screens)}.")
    if phenotype not in PHENOTYPES:
        raise PipelineError(f"There is no phenotype '{phenotype}'; phenotypes: {', '.join(PHENOTYPES)}.")
    code = fitted.screens.index(screen) if screen else -1
    none, unknown = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    return Genotypes(
        observation_id=np.arange(n, dtype=np.int64),
        genes=genes,
        screen=np.full(n, code, dtype=np.int64),
        phenotype=np.full(n, PHENOTYPES.index(phenotype), dtype=np.int64),
        query=none,
        array=none,
        value=unknown,
        std=unknown,
        temperature=unknown,
        screens=fitted.screens,
        strains=fitted.strains,
    )


@dataclass(frozen=True)
class SplitData:
    """The observations of one split.

    Attributes
    ----------
    genotypes
        Every observation of the split, all folds.
    fold
        int8 [n]: position in `pipeline_lib.artefacts.schemas.FOLDS`.
    """

    genotypes: Genotypes
    fold: NDArray[np.int8]

    def part(self, fold: str) -> Genotypes:
        """Return the observations of one fold."""
        return self.genotypes.take(self.fold == FOLDS.index(fold))


def read_cell(
    genes: Path, edges: Path, stoichiometry: Path, knockouts: Path | None = None, features: Iterable[Path] = ()
) -> Cell:
    """Read the cell and check that its tables have the same gene index.

    Raises
    ------
    PipelineError
        When a file is missing or damaged, or was made for another gene index.
    """
    gene_table = read_table(genes, GENES)
    edge_table = read_table(edges, EDGES)
    tensors = load_tensors(stoichiometry)
    count = len(gene_table)
    if not np.array_equal(gene_table["gene_index"].to_numpy(), np.arange(count)):
        raise PipelineError(f"{genes}: gene_index must be 0..{count - 1} in row order; make the table anew.")
    if int(tensors["num_genes"]) != count:
        raise PipelineError(
            f"{stoichiometry} was made for {int(tensors['num_genes'])} genes but {genes} has {count}; "
            "run metabolism build again."
        )
    if len(edge_table) and int(edge_table[["source", "target"]].to_numpy().max()) >= count:
        raise PipelineError(f"{edges} names genes beyond the {count} of {genes}; run networks combine again.")
    return Cell(
        genes=gene_table,
        edges=edge_table,
        stoichiometry=tensors,
        knockouts=no_knockouts() if knockouts is None else read_table(knockouts),
        features=read_feature_matrices(features, count),
    )


def unrelated_features(cell: Cell, genes: NDArray[np.int64]) -> list[str]:
    """Return a sentence on each feature table without a value of any gene that was measured.

    A small screen may hold none of the genes of a table, so it is no error; a table of another organism's genes is.

    Parameters
    ----------
    cell
        Holds the feature tables.
    genes
        int64 [n, 3]: deleted genes of every observation, -1 where there is none.
    """
    measured = np.unique(genes[genes >= 0])
    known = {name: np.asarray(np.isfinite(table).any(axis=1)) for name, table in cell.features.items()}
    return [
        f"The feature table '{name}' has values of {rows.sum():,} genes, and of none of the {len(measured):,} that the "
        "screens measured; if that is no small screen, check which organism's genes it names."
        for name, rows in known.items()
        if not rows[measured].any()
    ]


def read_split(observations: Path, split: Path, genes: pd.DataFrame) -> SplitData:
    """Read the observations of a split and their folds.

    Raises
    ------
    PipelineError
        When the split names observations that the table lacks, or has no training fold.
    """
    observation_id, fold = read_folds(split)
    genotypes = read_genotypes(observations, genes, observation_id)
    if len(genotypes) != len(observation_id):
        raise PipelineError(
            f"{split} names {len(observation_id) - len(genotypes)} observations that {observations} lacks; "
            "run cell split again."
        )
    order = np.argsort(genotypes.observation_id, kind="stable")
    if (order[1:] < order[:-1]).any():
        genotypes = genotypes.take(order)
    if not (fold == FOLDS.index("train")).any():
        raise PipelineError(f"{split} has no training fold; run cell split again.")
    return SplitData(genotypes, fold)


def read_folds(split: Path) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the observations of a split, int64 [n] ascending, and the fold of each, int8 [n]: position in `FOLDS`.

    Raises
    ------
    PipelineError
        When a fold has another name.
    """
    parts = []
    for part in read_batches(split, SPLIT, ("observation_id", "fold")):
        codes = pc.index_in(part.column("fold"), pa.array(FOLDS))
        if codes.null_count:
            other = part.column("fold").filter(codes.is_null())[0].as_py()
            raise PipelineError(f"{split}: fold '{other}' is none of {', '.join(FOLDS)}; run cell split again.")
        parts.append((part.column("observation_id").to_numpy(), codes.to_numpy()))
    observation_id = np.concatenate([numbers for numbers, _ in parts] or [np.empty(0, dtype=np.int64)])
    fold = np.concatenate([codes for _, codes in parts] or [np.empty(0, dtype=np.int8)]).astype(np.int8)
    order = np.argsort(observation_id, kind="stable")
    return observation_id[order], fold[order]


class NetworkSolver:
    """Solves knockouts of one metabolic network; a `pipeline_lib.models.interface.KnockoutSolver`.

    Parameters
    ----------
    network
        The metabolic network of the run.
    processes
        Worker processes; the results do not depend on it.
    media
        The media of the run (`pipeline_lib.artefacts.schemas.MEDIA`); no rows where all grow on that of `network`.
    """

    def __init__(self, network: MetabolicNetwork, processes: int = 1, media: pd.DataFrame | None = None) -> None:
        self.network = network
        self.processes = processes
        self.media = pd.DataFrame(columns=list(MEDIA.columns)) if media is None else media

    def __call__(
        self,
        genes: NDArray[np.int64],
        method: str,
        index: pd.DataFrame,  # noqa: ARG002 - the protocol's
        medium: str = "",
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fitness and interaction of genotypes int64 [n, 3], float64 [n] each; NaN where the solver failed."""
        network = network_on(self.network, self.media, medium) if medium else self.network
        growths = solve_knockouts(network, genes, _METHODS[method], self.processes)
        return growths.fitness(genes), interaction_scores(genes, growths.fitness, FITNESS_DECIMALS - 1)


_METHODS: "Mapping[str, Method]" = {"fba": "fba", "moma": "moma"}


def read_solver(
    reactions: Path, incidence: Path, complexes: Path, genes: pd.DataFrame, processes: int = 1
) -> NetworkSolver:
    """Read the metabolic network of a run, and its media beside it, and return the solver of its knockouts.

    Raises
    ------
    PipelineError
        When a table is missing or damaged, or the wild type does not grow.
    """
    network = read_network(
        read_table(reactions, schemas.REACTIONS),
        read_table(incidence, schemas.INCIDENCE),
        read_table(complexes, schemas.COMPLEXES),
        genes,
    )
    media = reactions.with_name("media.parquet")
    return NetworkSolver(network, processes, read_table(media, MEDIA) if media.exists() else None)


def with_solver(cell: Cell, files: FitFiles, method: str, processes: int = 1) -> Cell:
    """Return the cell with the run's knockouts by `method`, every single deletion, and a solver of what they lack.

    Raises
    ------
    PipelineError
        When a table of the metabolic model is missing or damaged, or its wild type does not grow.
    """
    reactions, incidence, complexes = (
        files.metabolism(f"{schema.name}.parquet")
        for schema in (schemas.REACTIONS, schemas.INCIDENCE, schemas.COMPLEXES)
    )
    solver = read_solver(reactions, incidence, complexes, cell.genes, processes)
    path = files.metabolism(f"knockouts.{method}.parquet")
    known = _known(path)
    # Models that describe a genotype by the growth of its single deletions read them off the table.
    single = choose(solver.network.gem_genes, 1)
    parts = []
    for medium, screens in screens_of_media(known).items() or {"": OTHERS}.items():
        rows = known[known["medium"] == medium]
        there = set(rows.loc[rows["genes"].map(len) == 1, "genes"].map(lambda genes: genes[0]))
        lacking = single[[gene not in there for gene in np.asarray(solver.network.genes)[single[:, 0]]]]
        parts += [rows] if len(rows) else []
        if len(lacking):
            genotypes = np.pad(lacking, ((0, 0), (0, 2)), constant_values=NO_GENE)
            fitness, _ = solver(genotypes, method, cell.genes, "" if screens == OTHERS else medium)
            names = gene_lists(lacking, solver.network.genes)
            content = {"genes": names, "method": method, "fitness": fitness, "interaction": np.nan}
            parts.append(pd.DataFrame({**content, "medium": medium, "screens": screens}))
    return replace(cell, knockouts=pd.concat(parts, ignore_index=True), solve=solver)


def _known(path: Path) -> pd.DataFrame:
    """Return the knockouts that a run computed; without the columns of media, all are those of every screen."""
    columns = ["genes", "method", "fitness", "interaction"]
    if not path.exists():
        return pd.DataFrame(columns=[*columns, "medium", "screens"])
    known = read_table(path)
    return known[columns].assign(medium=known.get("medium", ""), screens=known.get("screens", OTHERS))
