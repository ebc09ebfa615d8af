"""The spellings of one gene name: letter case, quotes, blanks, hyphens, underscores and dots."""

import re

SEPARATORS = re.compile(r"[\s._,'-]+")
"""What people and programs exchange for one another: BiGG writes YDR322C_A, R writes YDR322C.A and ADE5.7."""

_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u2032", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
    }
)
_QUOTED = re.compile(r"""(["']+)(.*)\1""")


def plain(name: str) -> str:
    """Return a name without blanks and quotes around it, invisible characters and typographic hyphens."""
    bare = name.translate(_CHARACTERS).strip()
    quoted = _QUOTED.fullmatch(bare)
    return quoted[2].strip() if quoted else bare


def letters(name: str) -> str:
    """Return the key under which letter case does not matter."""
    return plain(name).upper()


def spelled(name: str) -> str:
    """Return the key under which one separator is as good as another: YDR322C_A and YDR322C.A are YDR322C-A."""
    return SEPARATORS.sub("-", letters(name))


def joined(name: str) -> str:
    """Return the key under which separators do not matter, but between two digits: YDR322CA is YDR322C-A.

    Between digits a separator carries meaning: 10007.1 is not 100071.
    """
    return re.sub(r"(?<!\d)-|-(?!\d)", "", spelled(name))
