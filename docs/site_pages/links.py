"""Links of a page that leave the folder of the documentation: to files of the checkout."""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

_LINK = re.compile(r"\]\((?P<target>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")


def mend_links(markdown: str, source: str, page: str, pages: Mapping[str, str]) -> str:
    """Rewrite the links of a page for the place that it has in the site.

    Parameters
    ----------
    markdown
        The page's text.
    source
        Path of the file that the text is from, below the checkout: its links are relative to it.
    page
        Path of the page in the site.
    pages
        Path in the site by path below the checkout, of every file that has a page or is copied.
    """

    def mend(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found["target"]))
        if target not in pages:
            return found[0]
        return f"]({posixpath.relpath(pages[target], posixpath.dirname(page) or '.')}{found['anchor'] or ''})"

    return _LINK.sub(mend, markdown)


def linked_files(markdown: str, source: str, checkout: Path) -> set[str]:
    """Return the files of the checkout that a page links to, as paths below it."""
    found = {
        posixpath.normpath(posixpath.join(posixpath.dirname(source), link["target"]))
        for link in _LINK.finditer(markdown)
    }
    return {path for path in found if not path.startswith("..") and (checkout / path).is_file()}
