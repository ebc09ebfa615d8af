"""Model card and data cards of a run as Markdown, from its provenance, its scores and the catalogue of sources.

The headings of the model card are those of Mitchell et al. 2019 (Model cards for model reporting), as far as a run
knows them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pipeline_lib.config.model_registry import entry_of
from pipeline_lib.reporting.names import METRICS, PHENOTYPES, split_name
from pipeline_lib.sources.catalogue import Catalogue

FILES_DISPLAYED = 8
"""Rows of a data card at most; a collection of many files has the rest in the provenance of the run."""

VERDICTS = {
    "win": "better",
    "level": "no significant difference",
    "loss": "worse",
    "undetermined": "too few queries or genes",
}


def model_card(provenance: Mapping[str, Any], board: pd.DataFrame, model: str) -> str:
    """Write the card of a model: what it is, what it is for, how well it predicts, and what limits it.

    Parameters
    ----------
    provenance
        ``provenance.json`` of a run, or the part of it that ``docs/results`` keeps.
    board
        The scoreboard of the run.
    model
        A model of the scoreboard.

    Raises
    ------
    PipelineError
        When there is no model of that name.
    """
    rows = board[board["model"] == model]
    verdicts = Counter(rows["verdict"])
    found = ", ".join(f"{text} in {verdicts[name]}" for name, text in VERDICTS.items() if verdicts[name])
    gpus = provenance["hardware"]["gpus"]
    return _render(
        "model_card.md.j2",
        model=model,
        description=entry_of(model).description,
        run=_run_name(provenance),
        provenance=provenance,
        commit=provenance.get("git", {}).get("commit", ""),
        gpus=", ".join(gpus) if gpus else "no GPU",
        counts=f"Of {len(rows)} comparisons with the best baseline: {found}." if len(rows) else "Nothing was compared.",
        comparisons=[_comparison(row) for row in rows.to_dict("records")],
        limits=list(_limits(rows)),
    )


def data_cards(provenance: Mapping[str, Any], screens: pd.DataFrame, catalogue: Catalogue) -> str:
    """Write a card for each folder of upstream files that a run read: citation, licence, evidence, and its files.

    Parameters
    ----------
    provenance
        As of `model_card`.
    screens
        Columns screen, phenotype, quantity, value (``tables/screens_summary.parquet``).
    catalogue
        States evidence, year and ``holds_genetic`` of a source.
    """
    sources = provenance["sources"].get("sources", provenance["sources"])
    folders: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for name, source in sources.items():
        # Own files have no citation: whose they are is not for this page.
        if "citation" in source:
            folders[name.partition("/")[0]][name] = source
    return _render(
        "data_cards.md.j2",
        run=_run_name(provenance),
        screens=[
            _counts(str(screen), str(phenotype), part)
            for (screen, phenotype), part in screens.groupby(["screen", "phenotype"], sort=True)
        ],
        cards={folder: _card(files, catalogue) for folder, files in sorted(folders.items())},
    )


def _render(template: str, **content: Any) -> str:  # noqa: ANN401 - what the template shows
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "page"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown; every text from a file goes through `_cell`
    )
    return environment.get_template(template).render(content)


def _run_name(provenance: Mapping[str, Any]) -> str:
    return str(provenance["run"] if "run" in provenance else provenance["configuration"]["run"])


def _comparison(row: Mapping[Any, Any]) -> list[str]:
    ceiling = "" if pd.isna(row["ceiling"]) else f"{row['ceiling']:.3f} ({row['ceiling_bound']})"
    return [
        _cell(row["screen"]),
        PHENOTYPES.get(row["phenotype"], _cell(row["phenotype"])),
        split_name(row["split"]),
        METRICS.get(row["metric"], _cell(row["metric"])),
        _interval(row["value"], row["value_low"], row["value_high"]),
        f"{_cell(row['baseline'])} {row['baseline_value']:.3f}" if row["baseline"] else "",
        _interval(row["difference"], row["low"], row["high"], sign="+"),
        "" if pd.isna(row["q"]) else f"{row['q']:.3f}",
        VERDICTS[row["verdict"]],
        ceiling,
    ]


def _interval(value: float, low: float, high: float, sign: str = "") -> str:
    if math.isnan(value):
        return ""
    interval = "" if math.isnan(low) else f" ({low:.3f} to {high:.3f})"
    return f"{value:{sign}.3f}{interval}"


def _limits(rows: pd.DataFrame) -> Iterable[str]:
    """Yield a sentence for each loss of the model on the scoreboard."""
    for row in rows[rows["verdict"] == "loss"].to_dict("records"):
        yield (
            f"Worse than {_cell(row['baseline'])} on {_cell(row['screen'])}, {PHENOTYPES[row['phenotype']]}, "
            f"{split_name(row['split'])}: {_interval(row['difference'], row['low'], row['high'], '+')}."
        )
    level = int((rows["verdict"] == "level").sum())
    if level:
        yield (
            f"In {level} of {len(rows)} comparisons there is no significant difference from the best baseline, so a "
            "simpler model serves as well there."
        )
    few = rows[rows["verdict"] == "undetermined"]
    if len(few):
        yield f"Too few queries or genes for an interval: {_where(few)}."
    chance = rows[(rows["value_low"] <= 0) & (rows["metric"] == "pearson")]
    if len(chance):
        yield f"The interval of its correlation holds 0, so that nothing is shown to be predicted: {_where(chance)}."


def _where(rows: pd.DataFrame) -> str:
    """Return screens and splits, each once."""
    return ", ".join(
        sorted({f"{_cell(row['screen'])} ({split_name(row['split'])})" for row in rows.to_dict("records")})
    )


def _counts(screen: str, phenotype: str, part: pd.DataFrame) -> list[str]:
    # Quantities between two screens have the other one's name.
    own = part[part["other_screen"].fillna("") == ""] if "other_screen" in part else part
    values = dict(zip(own["quantity"], own["value"], strict=True))

    def count(quantity: str) -> str:
        return f"{int(values[quantity]):,}" if pd.notna(values.get(quantity)) else "-"

    orders = ", ".join(count(f"order_{order}") for order in (1, 2, 3))
    facts = [count(quantity) for quantity in ("observations", "genotypes", "genes")]
    missing = [count(quantity) for quantity in ("queries", "missing_std", "missing_p_value")]
    return [_cell(screen), PHENOTYPES.get(phenotype, _cell(phenotype)), *facts, orders, *missing]


def _card(files: Mapping[str, Mapping[str, Any]], catalogue: Catalogue) -> dict[str, Any]:
    entries = [found for name in files if (found := catalogue.entry(name)) is not None]
    hidden = len(files) - FILES_DISPLAYED
    return {
        "citations": sorted({_citation(source["citation"]) for source in files.values()}),
        "licences": sorted({_cell(source["licence"]) for source in files.values()}),
        "evidence": sorted({kind for found in entries for kind in found.evidence or ()}),
        "holds_genetic": sorted({found.holds_genetic for found in entries if found.holds_genetic}),
        "years": sorted({found.year for found in entries if found.year}),
        "files": [_file(name, source) for name, source in sorted(files.items())[:FILES_DISPLAYED]],
        "more": f"{hidden} further files of this folder stand in the provenance of the run." if hidden > 0 else "",
    }


def _citation(citation: Mapping[str, str]) -> str:
    links = [citation[key] for key in ("doi", "data_doi") if citation.get(key)]
    return _cell(citation["paper"]) + "".join(f", [doi:{doi}](https://doi.org/{doi})" for doi in links)


def _file(name: str, source: Mapping[str, Any]) -> list[str]:
    url = source.get("url")
    place = f"[{url.split('/')[2]}]({url})" if url else _cell(source.get("archive", ""))
    return [f"`{name}`", f"{source['bytes']:,}", f"`{source['sha256']}`", place, _cell(source["what"])]


def _cell(text: object) -> str:
    """Return a text that breaks no table and holds no markup."""
    plain = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + letter if letter in "|*_[]`" else letter for letter in plain)
