"""The page in a browser: tabs, genes, tables, drawings that fit, no white box in the dark, no barrier."""

import csv
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (390, 1440)
COMMANDS = {"quickstart": "make run", "ci": ".ci/run", "yeast": "make yeast"}
"""What writes the page of each run; continuous integration has that of ci alone."""
MOST_WORDS = 6000
MOST_PRINTED = 15
OPEN_ALL = "for (const tab of document.querySelectorAll('.tab')) tab.hidden = false"


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium` makes these tests run")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'test')")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=["synthetic", *COMMANDS])
def report(request, root) -> Path:
    """Return the page of the synthetic run, and of each real run that this checkout has."""
    if request.param == "synthetic":
        return request.getfixturevalue("run_folder") / "report.html"
    path = root / "results" / request.param / "report.html"
    if not path.exists():
        pytest.skip(f"results/{request.param}/report.html is not there: `{COMMANDS[request.param]}` writes it")
    return path


@pytest.fixture
def open_page(browser, report):
    """Return a function that opens the report at a width and gives the page and what went wrong on it."""
    contexts = []

    def opened(width: int, scheme: str = "light", *, scripts: bool = True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, java_script_enabled=scripts
        )
        contexts.append(context)
        page, problems = context.new_page(), []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(report.as_uri())
        return page, problems

    yield opened
    for context in contexts:
        context.close()


def load_pictures(page) -> None:
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every(image => image.complete)")


@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens_without_error_broken_picture_empty_figure_or_sideways_scrolling(open_page, width):
    page, problems = open_page(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(f"{OPEN_ALL}; for (const fold of document.querySelectorAll('details')) fold.open = true")
    load_pictures(page)
    assert problems == []
    assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).map(image => image.alt)") == []
    assert page.evaluate("document.images.length") >= 15
    empty = "[...document.querySelectorAll('figure')].filter(f => !f.querySelector('img, svg')).map(f => f.id)"
    assert page.evaluate(empty) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.broken") is None, "a hostile name ran as a script"


@pytest.mark.parametrize("width", WIDTHS)
def test_no_frame_cuts_its_drawing_or_scrolls_it(open_page, width):
    page, _ = open_page(width)
    page.evaluate(OPEN_ALL)
    cut = page.evaluate(
        """[...document.querySelectorAll('figure, .picture, .plot, .grid table')]
        .filter(frame => frame.offsetWidth && (frame.scrollWidth > frame.clientWidth + 1
            || frame.getBoundingClientRect().right > innerWidth + 1))
        .map(frame => frame.closest('figure').id)"""
    )
    assert cut == []
    low = page.evaluate(
        """[...document.querySelectorAll('.picture, .scroll')]
        .filter(frame => frame.checkVisibility() && frame.scrollHeight > frame.clientHeight + 1)
        .map(frame => frame.closest('[id]').id)"""
    )
    assert low == [], "no row of a first view is cut"


def test_on_a_phone_drawings_are_in_one_column_with_labels_of_readable_size(open_page):
    page, _ = open_page(390)
    page.evaluate(OPEN_ALL)
    load_pictures(page)
    shown = page.evaluate("[...document.images].filter(i => i.offsetWidth).map(i => [i.naturalWidth, i.offsetWidth])")
    # 180 dots an inch: labels of 6.5 points are at least 9 pixels high where an inch fills 100 pixels.
    assert all(width / (natural / 180) >= 100 for natural, width in shown)
    texts = page.evaluate(
        """[...document.querySelectorAll('.grid th, .grid td, .plot span')]
        .filter(text => text.offsetWidth).map(text => parseFloat(getComputedStyle(text).fontSize))"""
    )
    assert min(texts) >= 11
    sideways = "[...document.querySelectorAll('.scroll')].filter(f => f.scrollWidth > f.clientWidth + 1).length"
    assert page.evaluate(sideways) == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_tabs_show_one_section_and_follow_the_keys(open_page, width):
    page, _ = open_page(width)
    tabs = page.get_by_role("tab")
    titles = tabs.all_inner_texts()
    assert titles[0] == "Your data"
    assert {"Accuracy", "Predictions", "Methods"} <= set(titles)
    assert page.locator(".tab:visible").count() == 1
    tabs.nth(1).click()
    assert page.locator(".tab:visible").get_attribute("id") == "accuracy"
    tabs.nth(1).press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == titles[2]
    assert tabs.nth(2).get_attribute("aria-selected") == "true"
    tabs.nth(2).press("End")
    assert page.locator(".tab:visible").get_attribute("id") == "methods"
    page.locator("#to-methods").press("ArrowRight")
    assert page.locator(".tab:visible").get_attribute("id") == "your-data"
    # An address opens its tab, and what it is folded into.
    page.evaluate("location.hash = 'walk-through'")
    page.wait_for_function("document.getElementById('walk-through').open")
    assert page.locator(".tab:visible").get_attribute("id") == "model"


def test_without_a_script_everything_is_on_one_page(open_page):
    page, _ = open_page(1440, scripts=False)
    assert page.locator(".tab:visible").count() == page.locator("nav a").count()
    assert page.locator("[data-table=leaderboard] tbody tr").count() > 0


def test_it_is_short_quick_and_prints_on_few_pages(open_page):
    page, _ = open_page(1440)
    times = []
    for _ in range(3):
        page.reload()
        times.append(page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive"))
    # On a busy machine an opening can take any time: the quickest is that of the page.
    assert min(times) < 1000
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") < MOST_PRINTED
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.body.innerText.split(/\\s+/).filter(Boolean).length") < MOST_WORDS


def look_up(page, gene: str) -> str:
    page.locator("#to-predictions").click()
    page.get_by_label("Gene", exact=True).fill(gene)
    page.get_by_role("button", name="look up").click()
    page.locator("#gene-page p").first.wait_for()
    page.wait_for_function("document.getElementById('gene-page').textContent.length > 0")
    return page.locator("#gene-page").inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_gene_is_found_by_either_name_with_what_the_run_holds_of_it(open_page, report, width):
    page, problems = open_page(width)
    # The quickstart is of E. coli: its genes have the model's ids alone, and no page in a database of yeast.
    of_yeast = "quickstart" not in report.parts
    systematic, names, title = (
        ("YFL039C", ("act1", "aby1"), "ACT1 (YFL039C)") if of_yeast else ("b0115", ("B0115",), "b0115")
    )
    by_systematic = look_up(page, systematic)
    assert title in by_systematic
    assert {look_up(page, name) for name in names} == {by_systematic}
    assert "Measured: collins2007" in by_systematic or "Measured: simulated" in by_systematic
    assert "Predicted by" in by_systematic
    link = page.locator("#gene-page .gene-title a")
    if of_yeast:
        assert link.get_attribute("href") == f"https://www.yeastgenome.org/locus/{systematic}"
    else:
        assert link.count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    partner = page.locator("#gene-page button.gene").first
    systematic = partner.get_attribute("title")
    partner.click()
    page.wait_for_function(f"document.querySelector('.gene-title').textContent.includes({systematic!r})")
    assert page.evaluate("location.hash") == f"#gene={systematic}"
    assert "No gene of this run is called" in look_up(page, "nothing")
    assert problems == []


def shown(page, column: int) -> list[str]:
    # The rows of a table are unpacked when they are first asked for.
    page.wait_for_function("!document.querySelector('[aria-busy]')")
    return page.eval_on_selector_all(
        "[data-table=leaderboard] tbody tr", f"rows => rows.map(row => row.cells[{column}].textContent)"
    )


def every_model(table) -> list[str]:
    """Return the models that a reader can choose."""
    return table.get_by_label("model", exact=True).locator("option").all_text_contents()


def test_the_leaderboard_sorts_and_filters(open_page):
    page, _ = open_page(1440)
    page.locator("#to-accuracy").click()
    table = page.locator("[data-table=leaderboard]")
    heads = [text.strip() for text in table.locator("th").all_inner_texts()]
    value, split = heads.index("value"), heads.index("split")
    assert set(shown(page, split)) == {"random"}, "the page opens on the random split"
    assert len(shown(page, 0)) <= 15
    seen = shown(page, 0)
    assert {"dango"} & set(every_model(table)) <= set(seen), "baselines and DANGO come before variants"
    assert not [model for model in seen if model.startswith(("clp_", "dango_"))]

    button = table.locator("th").nth(value).get_by_role("button")
    button.click()
    descending = [float(text) for text in shown(page, value) if text != "–"]
    assert descending == sorted(descending, reverse=True)
    assert table.locator("th").nth(value).get_attribute("aria-sort") == "descending"
    button.press("Enter")
    ascending = [float(text) for text in shown(page, value) if text != "–"]
    assert ascending == sorted(ascending)

    table.get_by_label("search").fill("mean")
    assert shown(page, 0)
    assert all("mean" in model for model in shown(page, 0))
    table.get_by_label("search").fill("")
    for chosen in table.locator("select").all():
        chosen.select_option("")
    assert len(shown(page, 0)) == 15
    table.get_by_role("button", name="show all").click()
    whole = len(shown(page, 0))
    assert whole > 15
    assert f"{whole:,} rows" in table.locator(".count").inner_text()


def test_a_cell_of_the_scoreboard_shows_the_models_behind_it(open_page):
    page, _ = open_page(1440)
    cell = page.locator("#grid-scoreboard td a").last
    words = cell.locator("svg").get_attribute("aria-label")
    cell.click()
    assert page.locator(".tab:visible").get_attribute("id") == "accuracy"
    heads = [text.strip() for text in page.locator("[data-table=leaderboard] th").all_inner_texts()]
    screens, models = (set(shown(page, heads.index(name))) for name in ("screen", "model"))
    assert len(screens) == 1
    assert len(models) > 1
    assert next(iter(screens))[:10] in words
    # Whatever is pointed at has a name.
    marks = "[...document.querySelectorAll('.grid td g, .plot circle')]"
    assert page.evaluate(f"{marks}.filter(mark => !mark.querySelector('title')?.textContent).length") == 0
    assert page.evaluate(f"{marks}.length") > 0


def test_a_table_downloads_as_the_rows_that_pass_its_filters(open_page):
    page, _ = open_page(1440)
    page.locator("#to-accuracy").click()
    table = page.locator("[data-table=leaderboard]")
    if (every := table.get_by_role("button", name="show all")).is_visible():
        every.click()
    with page.expect_download() as started:
        table.get_by_role("button", name="download CSV").click()
    assert started.value.suggested_filename == "leaderboard.csv"
    with Path(started.value.path()).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == shown(page, 0)
    assert all(float(row["value"]) <= 1 for row in rows if row["value"])


def test_suggestions_are_ranked_by_expected_value_or_by_information_as_a_reader_chooses(open_page):
    page, _ = open_page(1440)
    page.locator("#to-predictions").click()
    table = page.locator("[data-table=next_experiments]")
    heads = [text.strip() for text in table.locator("th").all_inner_texts()]

    def ranks(name: str) -> list[int]:
        cells = table.locator(f"tbody td:nth-child({heads.index(name) + 1})").all_inner_texts()
        return [int(text.replace(",", "")) for text in cells]

    by_value = ranks("rank by value")
    assert by_value == sorted(by_value)
    if not table.get_by_label("ranking").count():
        return  # two suggestions, as in the synthetic run, need no chooser
    table.get_by_label("ranking").select_option("rank by information")
    page.wait_for_function("!document.querySelector('[aria-busy]')")
    by_information = ranks("rank by information")
    assert by_information == sorted(by_information)
    assert by_information[0] == 1


def test_no_exported_cell_is_a_formula(open_page):
    page, _ = open_page(1440)
    page.locator("#to-predictions").click()
    # Of what is typed by hand, nothing runs in a spreadsheet.
    with page.expect_download() as started:
        page.locator("[data-table=next_experiments]").get_by_role("button", name="download CSV").click()
    with Path(started.value.path()).open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=@+")]


def test_every_figure_leads_to_both_files_beside_the_page(open_page, report):
    page, _ = open_page(1440)
    links = page.eval_on_selector_all(
        "figure.drawing a[download]", "links => links.map(link => link.getAttribute('href'))"
    )
    assert len(links) == 2 * page.locator("figure.drawing").count()
    assert [link for link in links if not (report.parent / link).exists()] == []


def test_in_the_dark_no_box_is_white(open_page):
    page, _ = open_page(1440, "dark")
    page.evaluate(OPEN_ALL)
    load_pictures(page)
    light = page.evaluate(
        """[...document.querySelectorAll('body *')].filter(box => box.offsetWidth)
        .map(box => getComputedStyle(box).backgroundColor.match(/[\\d.]+/g).map(Number))
        .filter(([red, green, blue, alpha = 1]) => alpha > 0.1 && red + green + blue > 600).length"""
    )
    assert light == 0
    for place in range(min(3, page.locator("figure.drawing:visible .picture").count())):
        drawn = page.locator("figure.drawing:visible .picture").nth(place).screenshot()
        grey = Image.open(BytesIO(drawn)).convert("L").histogram()
        assert sum(grey[:128]) > 0.6 * sum(grey), "most of a drawing is background, and that is dark"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_axe_finds_no_barrier(open_page, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page, _ = open_page(width, scheme)
    look_up(page, "ACT1")
    page.evaluate(f"{OPEN_ALL}; for (const fold of document.querySelectorAll('details')) fold.open = true")
    # Points of one chart repeat the same markup: thirty stand for thousands.
    page.evaluate("for (const point of document.querySelectorAll('.plot circle:nth-of-type(n + 31)')) point.remove()")
    found = axe.Axe().run(page)
    barriers = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found.response["violations"]]
    assert barriers == []
