"""Hooks of mkdocs: generated pages, notebooks, pages and files of the checkout, numbers of a run."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from site_pages.links import linked_files, mend_links
from site_pages.notebooks import notebook_page
from site_pages.numbers import Numbers
from site_pages.pages import COPIED_PAGES, generated_pages

CHECKOUT = Path(__file__).resolve().parents[1]
DOCS = CHECKOUT / "docs"

COPIED = "files/"
"""Folder of the site for files of the checkout that pages link to."""

_SOURCES = {page: source for source, page in COPIED_PAGES.items()}
"""Where the text of a page is from, where that is not the file of its own name."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every page of ``how_to`` into its section of the navigation, so that a new one needs no entry."""
    section = next(part["How-to"] for part in config.nav if "How-to" in part)
    named = {page for part in section for page in part.values()}
    pages = (path.relative_to(DOCS).as_posix() for path in sorted((DOCS / "how_to").glob("*.md")))
    section += [page for page in pages if page not in named]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here, and the files of the checkout that pages link to."""
    for name, write in generated_pages(CHECKOUT).items():
        files.append(File.generated(config, name, content=write()))
    for source, name in COPIED_PAGES.items():
        files.append(File.generated(config, name, content=(CHECKOUT / source).read_text(encoding="utf-8")))
    for path in sorted(DOCS.rglob("*.ipynb")):
        name = _page_of(path.relative_to(DOCS).as_posix())
        files.append(File.generated(config, name, content=notebook_page(path)))
    for path in _linked(files):
        files.append(File.generated(config, f"{COPIED}{path}", abs_src_path=str(CHECKOUT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs'
    """Fill in the numbers of a page and mend its links."""
    if page.meta.get("numbers"):
        markdown = Numbers(DOCS / page.meta["numbers"]).fill(markdown)
    return mend_links(markdown, _source(page.file.src_uri), page.file.src_uri, _places(files))


def _places(files: Files) -> dict[str, str]:
    """Return the path in the site of every file of the checkout that is there."""
    places = dict(COPIED_PAGES) | {"README.md": "index.md"}
    for file in files:
        path = file.src_uri
        copied = path.removeprefix(COPIED) if path.startswith(COPIED) else f"docs/{path}"
        places[copied] = _page_of(path) if path.endswith(".ipynb") else path
    return places


def _page_of(notebook: str) -> str:
    return notebook.removesuffix(".ipynb") + "_notebook.md"


def _source(page: str) -> str:
    return _SOURCES.get(page, f"docs/{page}")


def _linked(files: Files) -> list[str]:
    """Return the files outside of ``docs`` that a page links to."""
    found: set[str] = set()
    for file in files.documentation_pages():
        found |= linked_files(file.content_string, _source(file.src_uri), CHECKOUT)
    return sorted(path for path in found if not path.startswith("docs/") and path not in {*COPIED_PAGES, "README.md"})
