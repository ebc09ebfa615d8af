"""The contract of the media of a run, and which screen grows on which."""

import pandas as pd
import pandera.pandas as pa

from pipeline_lib.artefacts.schemas import TableSchema

OTHERS = "*"
"""Stands for every screen without a medium of its own."""
BETWEEN_SCREENS = "|"
ABSENT = -1
"""Index of the reaction of a component that the model lacks."""

MEDIA = TableSchema(
    "media",
    {
        "medium": pa.Column(str),
        "screens": pa.Column(str),
        "component": pa.Column(str),
        "reaction": pa.Column(str),
        "reaction_index": pa.Column("int64", pa.Check.ge(ABSENT)),
        "uptake": pa.Column("float64", pa.Check.ge(0)),
        "lower_bound": pa.Column("float64", nullable=True),
        "upper_bound": pa.Column("float64", nullable=True),
        "source": pa.Column(str),
    },
)
"""One row a medium and exchange reaction; ``uptake`` in mmol/gDW/h. A component that the model lacks has no reaction
(``reaction_index`` -1). ``screens``: the screens (and ``simulated:<name>``) that grow on the medium, joined by ``|``;
``*``: every other one."""


def screens_of_media(table: pd.DataFrame) -> dict[str, str]:
    """Return the text of the column ``screens`` by medium, in the order of the table."""
    distinct = table[["medium", "screens"]].drop_duplicates()
    return dict(zip(distinct["medium"], distinct["screens"], strict=True))


def medium_of(table: pd.DataFrame, screen: str) -> str:
    """Return the medium that a screen grows on.

    Parameters
    ----------
    table
        Any table with the columns ``medium`` and ``screens``, at least one row.
    screen
        The screen; one that no medium names, the empty text among them, grows on that of the others (``*``), and where
        the table has none, on its first.
    """
    media = screens_of_media(table)
    own = [medium for medium, screens in media.items() if screen in screens.split(BETWEEN_SCREENS)]
    others = [medium for medium, screens in media.items() if screens == OTHERS]
    return str([*own, *others, *media][0])
