"""A run of the workflow as an object: tables, fitted models, predictions, figures; a screen as a table."""

import difflib
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from pydantic import ValidationError

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.graph import build_gene_table
from pipeline_lib.config.evaluation import ARTEFACTS, CLP_CHECKS, OF_KNOCKOUTS, TOPICS, figure_names, pages_of
from pipeline_lib.config.screens import ScreenSettings, screen_scores
from pipeline_lib.config.section import explain
from pipeline_lib.errors import PipelineError
from pipeline_lib.genes.gene_tables import read_gene_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.reporting.style import paper_style
from pipeline_lib.reporting.topics import Given, draw_topic
from pipeline_lib.screens import reading
from pipeline_lib.training.run_files import FitFiles, find_fit, fits_of

if TYPE_CHECKING:
    from pipeline_lib.training.predict import Predictor


class Fit:
    """A fitted model of a run.

    Parameters
    ----------
    files
        Where its files are (`pipeline_lib.training.run_files.find_fit`).
    """

    def __init__(self, files: FitFiles) -> None:
        self.files = files
        self._predictors: dict[tuple[str | None, str | None], Predictor] = {}

    def __repr__(self) -> str:
        return f"Fit({self.files.model!r}, split={self.files.split!r}, seed={self.files.seed})"

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Its prediction of every observation of the split: observation_id, prediction, prediction_std, fold."""
        return read_table(self.files.fitted.with_name("predictions.parquet"))

    @cached_property
    def history(self) -> pd.DataFrame:
        """Its training, epoch by epoch (long form); for models without epochs, what was chosen on validation."""
        return read_table(self.files.fitted.with_name("history.parquet"))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Seconds, memory, device and scores by fold and assay."""
        content: dict[str, Any] = read_json(self.files.fitted.with_name("metrics.json"))
        return content

    @property
    def assays(self) -> pd.DataFrame:
        """What it was fitted on: screen, phenotype, and training observations of 1, 2 and 3 deleted genes."""
        rows = [
            (assay.screen, assay.phenotype, *assay.observations[1:])
            for assay in self._predictor(None, None).fitted.assays
        ]
        return pd.DataFrame(rows, columns=["screen", "phenotype", "singles", "pairs", "triples"])

    def predict(
        self,
        genotypes: Sequence[Sequence[str]] | Sequence[str],
        *,
        screen: str | None = None,
        phenotype: str | None = None,
    ) -> pd.DataFrame:
        """Predict genotypes.

        Parameters
        ----------
        genotypes
            One to three different genes each, by systematic names, standard names or aliases: tuples of names, or texts
            such as ``ACT1+YFL039C``.
        screen, phenotype
            What to predict, in whose units. None: of what the model was fitted on, what has most training observations.

        Returns
        -------
        DataFrame
            One row a genotype, in their order: genes, names, order, phenotype, screen, unit, prediction, sd (NaN where
            the model has none), genes_seen (how many of the genes training had seen), measured, measured_value and
            fold of the genotype's own measurement.

        Raises
        ------
        PipelineError
            When a genotype is none, or the model does not predict what is asked.
        """
        return self._predictor(screen, phenotype).predict(genotypes)

    def _predictor(self, screen: str | None, phenotype: str | None) -> "Predictor":
        key = (screen, phenotype)
        if key not in self._predictors:
            from pipeline_lib.training.predict import open_predictor

            self._predictors[key] = open_predictor(self.files, screen, phenotype)
        return self._predictors[key]


class Run:
    """The results of one run.

    Tables are read when they are first asked for, and kept.

    Parameters
    ----------
    folder
        ``results/<run>``, as the workflow wrote it.

    Raises
    ------
    PipelineError
        When there is no such folder, or it is no folder of a run.

    Examples
    --------
    >>> run = Run("results/quickstart")
    >>> run.leaderboard.query("metric == 'pearson' and split == 'random'")
    >>> run.model("clp").predict([("b0008", "b0114")])
    >>> run.figure("scoreboard")
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise PipelineError(f"{folder} is no folder; give results/<run>. {_runs_of(self.folder.parent)}")
        if not (self.folder / ARTEFACTS["genes"]).exists():
            raise PipelineError(
                f"{folder} holds no {ARTEFACTS['genes']}, so it is no folder of a run, or of one that has hardly "
                f"begun; give results/<run>. {_runs_of(self.folder)}"
            )

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """Every model's scores on every split, screen and phenotype, with intervals."""
        return self.table("leaderboard")

    @cached_property
    def scoreboard(self) -> pd.DataFrame:
        """Every screen, phenotype and split: the report's model against the best baseline."""
        return self.table("scoreboard")

    @cached_property
    def observations(self) -> pd.DataFrame:
        """The measurements of all screens, one row each."""
        return self.table("observations")

    @cached_property
    def genes(self) -> pd.DataFrame:
        """The gene index: systematic and standard names, in the metabolic model or not, essential or not."""
        return self.table("genes")

    @cached_property
    def next_experiments(self) -> pd.DataFrame:
        """Untested pairs and triples, ranked by expected value and by information."""
        return self.table("next_experiments")

    @cached_property
    def models(self) -> pd.DataFrame:
        """What was fitted: model, split, seed, and the seconds that it took."""
        rows = []
        for model, split, seed in fits_of(self.folder):
            metrics = self.folder / "models" / model / split / f"seed{seed}" / "metrics.json"
            seconds = read_json(metrics)["fit_seconds"] if metrics.exists() else float("nan")
            rows.append((model, split, seed, seconds))
        return pd.DataFrame(rows, columns=["model", "split", "seed", "fit_seconds"])

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """The whole configuration that the run was made with.

        Raises
        ------
        PipelineError
            When the run is not finished.
        """
        path = self.folder / "provenance.json"
        if not path.exists():
            raise self._lacks("provenance.json")
        content: dict[str, Any] = read_json(path)["configuration"]
        return content

    @cached_property
    def screens(self) -> dict[str, ScreenSettings]:
        """The settings of every screen, by name."""
        return {name: ScreenSettings.model_validate(value) for name, value in self.configuration["screens"].items()}

    @property
    def tables(self) -> list[str]:
        """Names of the tables that this run has, for `table`."""
        return [name for name, path in ARTEFACTS.items() if path.endswith(".parquet") and (self.folder / path).exists()]

    def table(self, name: str) -> pd.DataFrame:
        """Read a table.

        Parameters
        ----------
        name
            One of `tables`: ``leaderboard``, ``differences``, ``p_value_correlations`` and so on.

        Raises
        ------
        PipelineError
            When there is no table of that name, or this run lacks it.
        """
        path = ARTEFACTS.get(name, "")
        if not path.endswith(".parquet"):
            near = difflib.get_close_matches(name, self.tables, n=1, cutoff=0.0)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise PipelineError(f"there is no table '{name}'{hint} {self} has {', '.join(self.tables)}.")
        if not (self.folder / path).exists():
            raise self._lacks(path)
        return read_table(self.folder / path)

    def model(self, name: str, split: str | None = None, seed: int | None = None) -> Fit:
        """Return a fitted model.

        Parameters
        ----------
        name
            Its name in `models`.
        split, seed
            Which of its fits. None: the only one there is, or else split ``random`` and seed 0.

        Raises
        ------
        PipelineError
            When the run has no such fit; lists those that it has.
        """
        return Fit(find_fit(self.folder, name, split, seed))

    def figure(self, name: str) -> "Figure":
        """Draw a figure of the report from the run's tables.

        Parameters
        ----------
        name
            A name in ``figures/``, without suffix: ``scoreboard``, ``correlation`` and so on.

        Returns
        -------
        matplotlib Figure
            In the style of the report; its axes are ``figure.axes``.

        Raises
        ------
        PipelineError
            When there is no figure of that name, or the run lacks what it is drawn from or has nothing to draw.
        """
        return draw_figure(self, name)

    def _lacks(self, path: str) -> PipelineError:
        return PipelineError(
            f"{self.folder} lacks {path}: the run is not finished, or an older version made it; start `snakemake "
            "--cores all` with the run's --configfile again, which makes what is missing."
        )


def _runs_of(folder: Path) -> str:
    """Return a sentence on the runs below a folder, or below ``results``."""
    places = dict.fromkeys([folder, folder / "results", Path("results")])
    runs = dict.fromkeys(
        str(path.parents[1]) for place in places for path in sorted(place.glob("*/tables/genes.parquet"))
    )
    return f"There are {', '.join(runs)}." if runs else "There is no run in results/ yet: `make run` makes a small one."


def draw_figure(run: "Run", name: str) -> Figure:
    """Draw a figure by its name, as the rules of the workflow draw it.

    Raises
    ------
    PipelineError
        When there is no figure of that name, or the run lacks what it is drawn from or has nothing to draw.
    """
    screens = run.screens
    topics = {figure: topic for topic in TOPICS for figure in figure_names(topic, screens)}
    if name not in topics:
        near = difflib.get_close_matches(name, topics, n=1, cutoff=0.0)[0]
        raise PipelineError(f"there is no figure '{name}'; did you mean '{near}'? There are {', '.join(topics)}.")
    topic = topics[name]
    paths = {artefact: run.folder / ARTEFACTS[artefact] for artefact in TOPICS[topic].artefacts}
    # A run whose grid needs none of these makes none of them, and the figure states it.
    given = {key: path for key, path in paths.items() if path.exists() or key not in CLP_CHECKS | OF_KNOCKOUTS}
    model = str(run.configuration["reporting"]["model"])
    with paper_style():
        drawn = draw_topic(
            topic, Given(given, run.folder / "models", model, screen_scores(screens), tuple(pages_of(topic, screens)))
        )
    for item in drawn:
        # A notebook shows what a cell returns; what pyplot still holds it would show once more.
        plt.close(item.figure)
    found = next(item for item in drawn if item.name == name)
    if found.empty:
        raise PipelineError(f"{run.folder}: there is nothing to draw in the figure '{name}': {found.caption}")
    return found.figure


def read_screen(
    files: Path | str | Mapping[str, Path | str],
    reader: str = "table",
    *,
    genes: Run | pd.DataFrame | Path | str,
    name: str = "screen",
    **settings: Any,  # noqa: ANN401 - checked by `ScreenSettings`
) -> pd.DataFrame:
    """Read a screen.

    Parameters
    ----------
    files
        The file, or the files by role (``clp screens readers`` lists the roles).
    reader
        ``table`` for a table of one's own, or the reader of a publication or of an installed package.
    genes
        Which genes there are and their names: a `Run`, a table such as `Run.genes`, ``tables/genes.parquet`` of a run,
        or a gene table (SGD_features.tab, or one with the columns id, name, aliases).
    name
        What the screen is called in the column ``screen``.
    settings
        Keys of a screen in a run's configuration: ``columns``, ``phenotype``, ``p_sided``, ``orders`` and so on.

    Returns
    -------
    DataFrame
        The columns of ``tables/observations.parquet``. Its ``attrs`` hold ``left_out`` (observations that the settings
        leave out) and ``rejected`` (number of rejected rows by reason).

    Raises
    ------
    PipelineError
        When a setting or a file is not what the reader needs.

    Examples
    --------
    >>> columns = {"gene1": "gene_a", "gene2": "gene_b", "value": "epsilon"}
    >>> read_screen("our_screen.csv", genes="SGD_features.tab", columns=columns)
    """
    screen = _screen(files, reader, settings, name)
    paths = {role: Path(path) for role, path in screen.files.items()}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "observations.parquet"
        rejected = Path(folder) / "rejected.parquet"
        counts = reading.read_screen(name, screen, paths, _names(genes), output, rejected)
        table = read_table(output)
    table.attrs.update(left_out=counts.left_out, rejected={str(reason): n for reason, n in counts.rejected.items()})
    return table


def _screen(
    files: Path | str | Mapping[str, Path | str], reader: str, settings: dict[str, Any], name: str
) -> ScreenSettings:
    by_role = dict(files) if isinstance(files, Mapping) else {_only_role(reader): files}
    content = {"reader": reader, "files": {role: str(path) for role, path in by_role.items()}, **settings}
    try:
        return ScreenSettings.model_validate(content)
    except ValidationError as error:
        raise explain(error, [ScreenSettings], f"screen '{name}'") from error


def _only_role(reader: str) -> str:
    """Return the role of a single file: the reader's first."""
    from pipeline_lib.config.screen_readers import SCREEN_READERS

    return SCREEN_READERS.get(reader).files.known[0]


def _names(genes: Run | pd.DataFrame | Path | str) -> GeneNames:
    if isinstance(genes, Run):
        return GeneNames.from_table(genes.genes)
    if isinstance(genes, pd.DataFrame):
        return GeneNames.from_table(genes)
    path = Path(genes)
    if path.suffix == ".parquet":
        return GeneNames.from_table(read_table(path))
    return GeneNames.from_table(build_gene_table([], read_gene_table(path)))
