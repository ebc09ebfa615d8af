"""YeastGFP: where in the cell each protein was seen.

Huh et al., Nature 425:686 (2003): GFP fused to the protein's end, 22 compartments. A protein that was not visualised
has no localisation, which is not the same as being in none of the compartments: it gets no row.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipeline_lib.config.features import FeatureSettings
from pipeline_lib.errors import PipelineError
from pipeline_lib.features.raw_features import RawFeatures
from pipeline_lib.networks.raw_edges import read_lines

_PROTEIN, _SEEN, _SUMMARY = "yORF", "isGFP_visualized", "localization summary"
COMPARTMENTS = (
    "actin",
    "bud",
    "bud neck",
    "cell periphery",
    "cytoplasm",
    "early Golgi",
    "endosome",
    "ER",
    "ER to Golgi",
    "Golgi",
    "late Golgi",
    "lipid particle",
    "microtubule",
    "mitochondrion",
    "nuclear periphery",
    "nucleolus",
    "nucleus",
    "peroxisome",
    "punctate composite",
    "spindle pole",
    "vacuolar membrane",
    "vacuole",
)


def read_localisation(files: Mapping[str, Path], settings: FeatureSettings) -> RawFeatures:  # noqa: ARG001 - every reader's signature
    """Read the compartments of every protein that was visualised (role ``table``).

    Returns
    -------
    RawFeatures
        1 where the protein was seen in the compartment, 0 where not; one column a compartment.

    Raises
    ------
    PipelineError
        When a column is missing, or a cell of a compartment is neither T nor F.
    """
    path = files["table"]
    lines = read_lines(path)
    header = lines[0].split("\t") if lines else []
    missing = [column for column in (_PROTEIN, _SEEN, _SUMMARY, *COMPARTMENTS) if column not in header]
    if missing:
        raise PipelineError(f"{path} has no column '{missing[0]}'; expected the table of YeastGFP.")
    fields = pl.Series(lines[1:], dtype=pl.String).str.split("\t")
    table = pl.DataFrame(
        {
            name: fields.list.get(header.index(name), null_on_oob=True)
            for name in (_PROTEIN, _SEEN, _SUMMARY, *COMPARTMENTS)
        }
    ).with_row_index("row", offset=2)
    seen = table.filter((pl.col(_SEEN) == "visualized") & pl.any_horizontal(pl.col(COMPARTMENTS) == "T"))
    bad = seen.filter(~pl.all_horizontal(pl.col(COMPARTMENTS).is_in(["T", "F"])))
    if bad.height:
        raise PipelineError(f"{path}, row {bad['row'][0]}: a compartment is neither T nor F; fetch the file again.")
    if seen.is_empty():
        raise PipelineError(f"{path}: no protein is visualised; expected the table of YeastGFP.")
    values = seen.select((pl.col(name) == "T").cast(pl.Float64) for name in COMPARTMENTS)
    return RawFeatures(seen[_PROTEIN].str.strip_chars(), values, {}, seen["row"], merged_genes=True)
