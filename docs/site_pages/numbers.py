"""Numbers of a page, taken from the tables in ``docs/results`` when the site is built."""

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jinja2
import pandas as pd

from pipeline_lib.config.model_registry import names as names_of_models
from pipeline_lib.evaluation.p_values.predicted import headline
from site_pages.drawing import Interval, interval_drawing

NOT_FITTED = "not in this run"
VERDICTS = {
    "win": "better",
    "level": "no significant difference",
    "loss": "worse",
    "undetermined": "too few queries or genes for an interval",
}
SPLITS = {
    "random": "random",
    "query_disjoint": "query unseen",
    "gene_disjoint_one": "one gene unseen",
    "gene_disjoint_all": "all genes unseen",
    "cross_screen": "other screen",
}


@dataclass(frozen=True)
class Numbers:
    """The tables of one run that a page may quote; each name below is one that a page can use.

    Attributes
    ----------
    folder
        ``docs/results``, as ``make reference`` writes it.
    """

    folder: Path

    def fill(self, page: str) -> str:
        """Return a page with every ``{{ ... }}`` replaced by what it names.

        Raises
        ------
        jinja2.UndefinedError
            When the page names something that this class does not have.
        ValueError
            When it names a model that does not exist, or a screen, phenotype or split that no table holds.
        """
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - Markdown
        names = [name for name in vars(Numbers) if not name.startswith("_") and name not in {"fill", "folder"}]
        return environment.from_string(page).render({name: getattr(self, name) for name in names})

    @cached_property
    def commit(self) -> str:
        """Commit of the run's code, seven letters."""
        return str(self._provenance["git"]["commit"])[:7]

    @cached_property
    def written(self) -> str:
        """Day on which the run ended."""
        return str(self._provenance["written"])[:10]

    @cached_property
    def _simulated(self) -> frozenset[str]:
        """The screens whose truth is known."""
        ceilings = pd.read_csv(self.folder / "noise_ceiling.csv")
        return frozenset(ceilings.loc[ceilings["method"] == "truth", "screen"])

    def verdicts(self, *, simulated: bool) -> str:
        """Count the verdicts of the scoreboard on measured or on simulated screens."""
        rows = self._board[self._board["screen"].isin(self._simulated) == simulated]
        counts = rows["verdict"].value_counts()
        found = ", ".join(f"{text} in {counts[name]}" for name, text in VERDICTS.items() if name in counts)
        return f"of {len(rows)} comparisons {found}"

    def score(self, model: str, screen: str, phenotype: str, split: str, metric: str = "pearson") -> str:
        """Return a model's score on the test fold with its interval."""
        _refuse_unknown(model)
        rows = self._of(self._leaderboard, screen, phenotype, split)
        found = rows[(rows["model"] == model) & (rows["metric"] == metric)]
        if found.empty:
            return NOT_FITTED
        row = found.iloc[0]
        return _interval(row["value"], row["low"], row["high"])

    def comparison(self, screen: str, phenotype: str, split: str) -> str:
        """Return one comparison of the scoreboard: both scores, their difference and the verdict."""
        rows = self._of(self._board, screen, phenotype, split)
        if rows.empty:
            return NOT_FITTED
        row = rows.iloc[0]
        difference = _interval(row["difference"], row["low"], row["high"], "+")
        return (
            f"{row['model']} {row['value']:.3f}, {row['baseline']} {row['baseline_value']:.3f}, "
            f"difference {difference}: {VERDICTS[row['verdict']]}"
        )

    def ceiling(self, screen: str, phenotype: str, order: int, method: str) -> str:
        """Return the noise ceiling of all rows of a screen by one estimate."""
        rows = self._ceilings.query("split == 'all' and not centred")
        asked = {"screen": screen, "phenotype": phenotype, "order": order, "method": method}
        found = rows[(rows[list(asked)] == pd.Series(asked)).all(axis=1)].sort_values("scope")
        if found.empty:
            return NOT_FITTED
        row = found.iloc[0]
        return _interval(row["ceiling"], row["low"], row["high"])

    def significant(self, screen: str, phenotype: str, order: int) -> str:
        """Return the percentage of a screen's two-sided P-values below 0.05, of how many."""
        table = pd.read_csv(self.folder / "p_values.csv")
        asked = {"screen": screen, "phenotype": phenotype, "order": order, "detail": "P < 0.05 two-sided"}
        found = table[(table[list(asked)] == pd.Series(asked)).all(axis=1)]
        if found.empty:
            raise ValueError(f"docs/results/p_values.csv has no P-values of {screen}, {phenotype}, order {order}.")
        row = found.iloc[0]
        return f"{100 * row['value'] / row['n']:.1f} percent of {row['n']:,.0f}"

    def scores_drawing(self, screen: str, phenotype: str, split: str, models: str) -> str:
        """Draw the scores of some models (names joined by commas) on one question; models that lack are left out."""
        rows = self._of(self._leaderboard, screen, phenotype, split)
        rows = rows[rows["metric"] == ("average_precision" if phenotype == "call" else "pearson")]
        found = {row["model"]: row for row in rows.to_dict("records")}
        names = [part.strip() for part in models.split(",")]
        _refuse_unknown(*names)
        ends = ("value", "low", "high")
        shown = [Interval(name, *(found[name][end] for end in ends)) for name in names if name in found]
        metric = "Average precision" if phenotype == "call" else "Pearson correlation"
        return interval_drawing(shown, f"{metric}, {screen}, {SPLITS[split]}")

    def p_drawing(self, model: str = "clp") -> str:
        """Draw Spearman's correlation of predictions with the P-values, a row a screen, order and source."""
        table = headline(pd.read_csv(self.folder / "p_value_correlations.csv"))
        unseen = table["split"].isin(["query_disjoint", "cross_screen"])
        rows = table[unseen & (table["model"] == model) & (table["quantity"] == "spearman")]
        shown = []
        for row in rows.sort_values(["screen", "order", "split"]).to_dict("records"):
            mutants = "pairs" if row["order"] == 2 else "triples"
            label = f"{row['screen']}, {mutants}, {SPLITS[row['split']]}"
            shown.append(Interval(label, row["value"], row["low"], row["high"]))
        return interval_drawing(shown, f"Spearman's correlation of small P with the prediction of {model}")

    @cached_property
    def _provenance(self) -> dict[str, dict[str, str]]:
        content: dict[str, dict[str, str]] = json.loads((self.folder / "provenance.json").read_text(encoding="utf-8"))
        return content

    @cached_property
    def _board(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "scoreboard.csv")

    @cached_property
    def _leaderboard(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "leaderboard.csv")

    @cached_property
    def _ceilings(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "noise_ceiling.csv")

    def _of(self, table: pd.DataFrame, screen: str, phenotype: str, split: str) -> pd.DataFrame:
        asked = {"screen": screen, "phenotype": phenotype, "split": split}
        for column, name in asked.items():
            if name not in set(self._leaderboard[column]):
                raise ValueError(f"docs/results/leaderboard.csv has no {column} '{name}', which a page names.")
        return table[(table["screen"] == screen) & (table["phenotype"] == phenotype) & (table["split"] == split)]


def _refuse_unknown(*models: str) -> None:
    for model in models:
        if model not in names_of_models():
            raise ValueError(f"there is no model '{model}', which a page names.")


def _interval(value: float, low: float, high: float, sign: str = "") -> str:
    if math.isnan(value):
        return "not defined"
    return f"{value:{sign}.3f}" + ("" if math.isnan(low) else f" ({low:.3f} to {high:.3f})")
