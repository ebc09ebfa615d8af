"""The page in a browser: no error, no broken image, no sideways scrolling, tables that work, no barrier."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (390, 1440)


COMMANDS = {"quickstart": "run", "yeast": "yeast"}
"""The make target of each run."""


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium` makes these tests run")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'test')")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=["synthetic", "quickstart", "yeast"])
def report(request, root) -> Path:
    """Return the page of the synthetic run, and of each real run that this checkout has."""
    if request.param == "synthetic":
        return request.getfixturevalue("run_folder") / "report.html"
    path = root / "results" / request.param / "report.html"
    if not path.exists():
        pytest.skip(f"results/{request.param}/report.html is not there: `make {COMMANDS[request.param]}` writes it")
    return path


@pytest.fixture
def open_page(browser, report):
    """Return a function that opens the report at a width and gives the page and what went wrong on it."""
    contexts = []

    def opened(width: int, scheme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page, problems = context.new_page(), []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(report.as_uri())
        return page, problems

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens_without_error_broken_image_or_sideways_scrolling(open_page, width):
    page, problems = open_page(width)
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert problems == []
    assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).map(image => image.alt)") == []
    assert page.evaluate("document.images.length") >= 20
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.broken") is None, "a hostile name ran as a script"


def shown(page, column: int) -> list[str]:
    return page.eval_on_selector_all(
        "[data-table=leaderboard] tbody tr:not([hidden])",
        f"rows => rows.map(row => row.cells[{column}].textContent)",
    )


def test_the_leaderboard_sorts_and_filters(open_page):
    page, _ = open_page(1440)
    table = page.locator("[data-table=leaderboard]")
    heads = [text.strip() for text in table.locator("th").all_inner_texts()]
    value, split = heads.index("value"), heads.index("split")
    assert set(shown(page, split)) == {"random"}, "the page opens on the random split"

    button = table.locator("th").nth(value).get_by_role("button")
    button.click()
    descending = [float(text) for text in shown(page, value) if text]
    assert descending == sorted(descending, reverse=True)
    assert table.locator("th").nth(value).get_attribute("aria-sort") == "descending"
    button.press("Enter")
    ascending = [float(text) for text in shown(page, value) if text]
    assert ascending == sorted(ascending)

    before = len(ascending)
    table.get_by_label("search").fill("ridge")
    assert 0 < len(shown(page, 0)) < before
    assert all("ridge" in model for model in shown(page, 0))


def test_a_table_downloads_as_the_rows_that_are_shown(open_page):
    page, _ = open_page(1440)
    table = page.locator("[data-table=leaderboard]")
    with page.expect_download() as started:
        table.get_by_role("button", name="download CSV").click()
    assert started.value.suggested_filename == "leaderboard.csv"
    with Path(started.value.path()).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == shown(page, 0)
    assert all(float(row["value"]) <= 1 for row in rows if row["value"])


def test_no_exported_cell_is_a_formula(open_page):
    page, _ = open_page(1440)
    with page.expect_download() as started:
        page.locator("[data-table=next_experiments]").get_by_role("button", name="download CSV").click()
    with Path(started.value.path()).open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=@+")]


def test_every_figure_downloads_in_both_formats(open_page):
    page, _ = open_page(1440)
    starts = page.eval_on_selector_all("figure a[download]", "links => links.map(link => [link.download, link.href])")
    assert len(starts) == 2 * page.locator("figure").count()
    for name, address in starts:
        kind = "image/svg+xml" if name.endswith(".svg") else "image/png"
        assert address.startswith(f"data:{kind};base64,"), name


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_axe_finds_no_serious_barrier(open_page, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page, _ = open_page(width, scheme)
    # Rows of one table repeat the same markup: thirty stand for thousands.
    page.evaluate("for (const row of document.querySelectorAll('tbody tr:nth-child(n + 31)')) row.remove()")
    found = axe.Axe().run(page)
    serious = [
        f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"
        for violation in found.response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert serious == []
