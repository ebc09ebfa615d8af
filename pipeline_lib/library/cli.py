"""``clp results``: what a finished run found, in a few lines for a terminal."""

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from pipeline_lib.config.command_options import json_option, print_json, print_rows
from pipeline_lib.config.screens import screen_scores, simulated_screens
from pipeline_lib.evaluation.tables.scoreboard import counts_sentence
from pipeline_lib.library.run import Run

_run_option = click.option(
    "--run-folder",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the run: results/<run>.",
)


@click.group()
def app() -> None:
    """Show what a finished run found: verdict, tables, fitted models."""


@app.command("verdict")
@_run_option
@json_option
def verdict_command(run_folder: Path, *, as_json: bool) -> None:
    """Print the verdict, the three untested genotypes of the highest expected value and where the report is."""
    from pipeline_lib.library.run import Run

    verdict = verdict_of(Run(run_folder))
    if as_json:
        print_json(verdict.as_json())
        return
    for line in verdict.lines():
        click.echo(line)


@app.command("models")
@_run_option
@json_option
def models_command(run_folder: Path, *, as_json: bool) -> None:
    """List the fitted models of a run: model, split, seed, seconds."""
    from pipeline_lib.library.run import Run

    rows = Run(run_folder).models.to_dict("records")
    print_rows([{str(key): value for key, value in row.items()} for row in rows], as_json=as_json)


@app.command("table")
@click.argument("name")
@_run_option
@click.option("--first", "rows", type=click.IntRange(1), help="Print the first rows alone. Default: all.")
@json_option
def table_command(name: str, run_folder: Path, rows: int | None, *, as_json: bool) -> None:
    """Print the table NAME of a run (leaderboard, scoreboard, differences, ...): csv, or JSON."""
    import json

    from pipeline_lib.library.run import Run

    table = Run(run_folder).table(name)
    if rows is not None:
        table = table.head(rows)
    if as_json:
        print_json(json.loads(table.to_json(orient="records")))
        return
    click.echo(table.to_csv(index=False), nl=False)


BEST = 3
"""How many predictions stand beside the verdict."""

_NOUNS = {2: "pair", 3: "triple"}


@dataclass(frozen=True)
class Suggestion:
    """An untested genotype with one of the highest expected values.

    Attributes
    ----------
    genes, names
        Systematic and standard names, joined by ``+``.
    screen, phenotype
        In whose units it is predicted, and what.
    prediction, sd
        Predicted value, and the spread of the prediction over seeds and noise.
    """

    genes: str
    names: str
    order: int
    screen: str
    phenotype: str
    prediction: float
    sd: float

    def __str__(self) -> str:
        return (
            f"{self.names} ({_NOUNS[self.order]}): {self.phenotype} {self.prediction:+.3f}, SD {self.sd:.3f}, in the "
            f"units of the screen {self.screen}"
        )


@dataclass(frozen=True)
class Verdict:
    """The verdict of a run.

    Attributes
    ----------
    sentence
        How often the report's model beats the best baseline, over all screens, phenotypes and splits, and how often
        on simulated screens.
    suggestions
        The untested genotypes of viable genes with the highest expected value, best first.
    report
        Path of the report.
    """

    sentence: str
    suggestions: tuple[Suggestion, ...]
    report: str

    def lines(self) -> list[str]:
        """Return the lines that a terminal shows."""
        best = [f"  {place}. {suggestion}" for place, suggestion in enumerate(self.suggestions, 1)]
        head = "What to measure next, by expected value:" if best else "No untested genotype could be ranked."
        return [self.sentence, head, *best, f"report: {self.report}"]

    def as_json(self) -> dict[str, object]:
        """Return the same as plain values."""
        return asdict(self)


def verdict_of(run: Run) -> Verdict:
    """Return the verdict of a finished run.

    Raises
    ------
    PipelineError
        When the run lacks its scoreboard, its suggestions or its provenance.
    """
    ranked = run.next_experiments
    # Ranks count within the pairs and within the triples; a tie goes to the smaller genotype.
    best = ranked[ranked["viable"].astype(bool)].sort_values(["rank_by_value", "order"], kind="stable").head(BEST)
    names = dict(zip(run.genes["gene"], run.genes["name"], strict=True))
    suggestions = tuple(
        Suggestion(
            genes="+".join(row["genes"]),
            names="+".join(names.get(gene) or gene for gene in row["genes"]),
            order=int(row["order"]),
            screen=str(row["screen"]),
            phenotype=str(row["phenotype"]),
            prediction=float(row["prediction"]),
            sd=float(row["spread"]),
        )
        for row in best.to_dict("records")
    )
    sentence = counts_sentence(run.scoreboard, simulated_screens(screen_scores(run.screens)))
    return Verdict(sentence, suggestions, str((run.folder / "report.html").resolve()))
