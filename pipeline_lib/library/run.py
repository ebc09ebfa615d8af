"""A run of the workflow as an object: its tables, its fitted models, its figures."""

import difflib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.config.figures import ARTEFACTS
from pipeline_lib.errors import PipelineError
from pipeline_lib.library.fitted import Fit
from pipeline_lib.training.run_files import find_fit, fits_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        from pipeline_lib.library.figures import draw_figure

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
