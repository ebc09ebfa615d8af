"""What the numbers of a run do not say."""

from pipeline_lib.config.cell import kind_and_repeat
from pipeline_lib.reporting.html import Section
from pipeline_lib.reporting.run_folder import RunFolder

_INTERVALS = (
    "Intervals show the sampling of queries or genes within this run's screens, and of seeds where there is more than "
    "one; they say nothing of another strain background, medium or laboratory."
)
_RANDOM = (
    "The random split shares queries and genes between training and test: it answers how well gaps of a screen are "
    "filled, not how well a new query is predicted. Read splits with unseen queries and unseen genes for that."
)
_CHOSEN = (
    "Interaction screens test what their authors chose. Genes that were never crossed have no measurements to hold a "
    "prediction against, and the list of what to measure next inherits that choice."
)
_FLUX = (
    "Flux balance analysis knows growth on one medium and no regulation; gene rules know no partial loss of function, "
    "so hypomorphic alleles count as deletions of their gene."
)
_CEILING = (
    "A noise ceiling rests on the assumption that its table states. Replicates that share their control screens make "
    "it too high."
)
_SIMULATED = (
    "In-silico screens have metabolism as their only cause: a model that is good there has learned the simulator."
)


def limitations(run: RunFolder) -> Section:
    """Return what the numbers of this run do not say."""
    splits = run.configuration["splits"]["names"]
    simulated = any(screen.scores.publication is None and screen.reader != "table" for screen in run.screens.values())
    sentences = {
        _INTERVALS: True,
        _RANDOM: any(kind_and_repeat(split)[0] == "random" for split in splits),
        _CHOSEN: bool((run.observations["order"] > 1).any()),
        _FLUX: True,
        _CEILING: bool(run.table("noise_ceiling")["ceiling"].notna().any()),
        _SIMULATED: simulated,
    }
    return Section("limitations", "Limitations", [sentence for sentence, holds in sentences.items() if holds])
