"""Tables of one's own: kinds C (names), D (numbers), E (files), F (rows of a phenotype)."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import pandas as pd

from tests.cases.bench import Bench
from tests.cases.case import SHARED, Case

PAIR = {"gene1": "gene1", "gene2": "gene2", "value": "score"}
ROWS = "gene1,gene2,score\nARG4,HIS3,0.1\nARG4,LEU2,-0.2\n"
READ = r"YHR018C\+YOR202W = 0\.1.*YCL018W\+YHR018C = -0\.2"


def _shared(
    name: str, columns: dict[str, str] = PAIR, gem: str = "small", **settings: object
) -> Callable[[Bench], str]:
    return lambda bench: bench.table(SHARED / name, columns, gem, **settings)


def _text(
    name: str, content: str | bytes, columns: dict[str, str] = PAIR, gem: str = "small", **settings: object
) -> Callable[[Bench], str]:
    return lambda bench: bench.table(bench.write(name, content), columns, gem, **settings)


def _zipped(members: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


def _three_formats(bench: Bench) -> str:
    """The same scores and P-values as csv, xlsx and parquet."""
    frame = pd.DataFrame(
        {
            "gene1": ["ARG4"] * 4,
            "gene2": ["HIS3", "LEU2", "URA3", "TRP1"],
            "score": [0.1, -1 / 3, 2.5e-7, -0.08],
            "p": [1e-12, 1e-300, 0.04987654321, 1.0],
        }
    )
    frame.to_csv(bench.folder / "t.csv", index=False)
    frame.to_excel(bench.folder / "t.xlsx", index=False)
    frame.to_parquet(bench.folder / "t.parquet", index=False)
    columns = {**PAIR, "p_value": "p"}
    found = {name: bench.table(bench.folder / name, columns, p_sided=2) for name in ("t.csv", "t.xlsx", "t.parquet")}
    return f"{len(set(found.values()))} answer: {found['t.csv']}"


def _gzip_and_bz2(bench: Bench) -> str:
    """Read one table as gzip and as bz2, each with the suffix of plain text."""
    packed = {"a.txt": gzip.compress(ROWS.encode()), "b.txt": bz2.compress(ROWS.encode())}
    return "\n".join(bench.table(bench.write(name, content), PAIR) for name, content in packed.items())


ONE = {"genes": "pair", "value": "score"}
BIOGRID = {"gene1": "Systematic Name Interactor A", "gene2": "Systematic Name Interactor B", "value": "Score"}
WITH_P = {**PAIR, "p_value": "p"}

CASES = [
    Case(
        "08-under-table",
        "C",
        "both spellings are one gene",
        _shared("08-two-spellings-of-a-gene/under.csv"),
        r"YBR001C\+YDR322C-A = 0\.1.*YBR001C\+YDR322C-A = 0\.2",
        folder="08-two-spellings-of-a-gene",
    ),
    Case(
        "24-merged",
        "C",
        "merged ORFs are read as the gene they were merged into, or refused by name",
        _shared("24-names-dates-encodings/merged.csv", gem="yeast"),
        r"YFL006W|YFL007W",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-case",
        "C",
        "letter case and blanks do not matter",
        _shared("24-names-dates-encodings/case.csv"),
        r"YHR018C\+YOR202W = 0\.1.*YHR018C\+YOR202W = 0\.2",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-comma_names",
        "C",
        "names that hold a comma are names",
        _shared("24-names-dates-encodings/comma_names.csv"),
        r"YGL234W\+YHR018C = -0\.2.*YBR208C\+YHR018C = 0\.1",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-comma_names_one",
        "C",
        "names that hold a comma are names in one column too",
        _shared("24-names-dates-encodings/comma_names_one.csv", ONE),
        r"YGL234W\+YHR018C = -0\.2.*YBR208C\+YHR018C = 0\.1",
        folder="24-names-dates-encodings",
    ),
    Case(
        "C-merged-orf",
        "C",
        "YGR272C, merged into YGR271C-A, is that gene",
        _text("t.csv", "gene1,gene2,score\nYGR272C,ARG4,0.5\n", gem="yeast"),
        r"YGR271C-A\+YHR018C = 0\.5",
    ),
    Case(
        "11-biogrid",
        "D",
        "'-' is a missing measurement, the rest is read",
        _shared("11-biogrid-tab3/biogrid.tab3.txt", BIOGRID, "yeast"),
        r" = -?\d.*rejected: no measurement",
        "refused",
        folder="11-biogrid-tab3",
    ),
    Case(
        "11-biogrid-few",
        "D",
        "'-' is a missing measurement, the rest is read",
        _shared("11-biogrid-tab3/biogrid_few.tab3.txt", BIOGRID, "yeast"),
        r" = -?\d.*rejected: no measurement",
        "refused|is not a number",
        folder="11-biogrid-tab3",
    ),
    Case(
        "12-precision",
        "D",
        "the cells' numbers: P 1e-12, 5.1e-10, 1.23456789e-05",
        _shared("12-xlsx-small-numbers/precision.xlsx", WITH_P, p_sided=2),
        r"P 1e-12\b.*P 5\.1e-10\b.*P 1\.23456789\d*e-05",
        folder="12-xlsx-small-numbers",
    ),
    Case(
        "13-thousands",
        "D",
        "a comma in a comma-separated file is no decimal sign: the rows are refused",
        _shared("13-thousands-separator/thousands.csv"),
        r"refused|rejected.*1,234",
        r"= 1\.234|= 12\.5",
        folder="13-thousands-separator",
    ),
    Case(
        "13-semi",
        "D",
        "a decimal comma is one where ';' separates; 1.234,5 is refused",
        _shared("13-thousands-separator/semi.csv"),
        r"= -0\.25.*= 0\.0015.*rejected.*1\.234,5",
        folder="13-thousands-separator",
    ),
    Case(
        "13-oddnum",
        "D",
        "1_000 is no number, infinity no score, '-' and NA are missing",
        _shared("13-thousands-separator/oddnum.csv"),
        r"refused|rejected",
        r"= 1000|= inf",
        folder="13-thousands-separator",
    ),
    Case(
        "24-p",
        "D",
        "impossible P-values are refused by row, a missing one is missing",
        _shared("24-names-dates-encodings/p.csv", WITH_P, p_sided=2),
        r"YHR018C\+YOR202W = 0\.1 P 0\.0(?=.*1\.0000001)(?=.*<0\.001).*P-value -1 ",
        folder="24-names-dates-encodings",
    ),
    Case(
        "27-mega",
        "D",
        "values near 1e200 are refused at reading",
        _shared("27-tiny-training/mega.csv", gem="cobra:textbook"),
        r"refused|rejected",
        r"e\+19[0-9]$|e\+200$",
        folder="27-tiny-training",
    ),
    Case(
        "D-three-formats",
        "D",
        "csv, xlsx and parquet give the same numbers",
        _three_formats,
        r"^1 answer: .*P 1e-12.*P 1e-300.*P 0\.04987654321",
    ),
    Case(
        "D-apostrophe",
        "D",
        "1'234 is refused, not reinterpreted",
        _text("t.csv", "gene1,gene2,score\nARG4,HIS3,1'234\nARG4,LEU2,0.2\n"),
        r"rejected.*1'234",
        "= 1234",
    ),
    Case(
        "D-minus-sign",
        "D",
        "the minus sign of a typesetter is a minus",
        _text("t.csv", "gene1,gene2,score\nARG4,HIS3,−0.25\nARG4,LEU2,0.2\n"),
        r"= -0\.25",
    ),
    Case(
        "D-mixed-decimal-signs",
        "D",
        "a column with 0,1 and 0.2 has no decimal sign: refused, never 1 or 2",
        _text("t.tsv", "gene1\tgene2\tscore\nARG4\tHIS3\t0,1\nARG4\tLEU2\t0.2\n"),
        r"refused|rejected",
        r"= 1\.0|= 2\.0",
    ),
    Case(
        "14-qhead",
        "E",
        "a quoted header field keeps its comma",
        _shared("14-quoted-header/qhead.csv", {**PAIR, "value": "score (SGA, 30C)"}),
        r"= 0\.1.*= 0\.2",
        folder="14-quoted-header",
    ),
    Case(
        "14-qhead_esc",
        "E",
        "doubled quotes of a header field are one quote",
        _shared("14-quoted-header/qhead_esc.csv", {**PAIR, "value": 'score "S"'}),
        r"= 0\.1",
        folder="14-quoted-header",
    ),
    Case(
        "14-qhead_sc",
        "E",
        "the delimiter is not taken from within quotes",
        _shared("14-quoted-header/qhead_sc.csv", {**PAIR, "value": "score, raw, norm"}),
        r"= 0\.1",
        folder="14-quoted-header",
    ),
    Case(
        "16-gz_named",
        "E",
        "gzip is read whatever the name",
        _shared("16-unknown-container/gz_named.csv"),
        r"= 0\.1",
        folder="16-unknown-container",
    ),
    Case(
        "16-old_xls",
        "E",
        "a damaged old workbook is named as that",
        _shared("16-unknown-container/old.xls"),
        r"refused: .*(xls|Excel|workbook)",
        "UTF-8",
        folder="16-unknown-container",
    ),
    Case(
        "16-feather",
        "E",
        "feather is read",
        _shared("16-unknown-container/x.feather"),
        r"= 0\.1.*= -0\.2",
        folder="16-unknown-container",
    ),
    Case(
        "16-bz2",
        "E",
        "bz2 is read",
        _shared("16-unknown-container/z.csv.bz2"),
        r"= 0\.1",
        folder="16-unknown-container",
    ),
    Case(
        "16-zip",
        "E",
        "a zip with one member is read",
        _shared("16-unknown-container/z.zip"),
        r"= 0\.1",
        folder="16-unknown-container",
    ),
    Case(
        "24-bom",
        "E",
        "a byte-order mark is no part of a name",
        _shared("24-names-dates-encodings/bom.csv"),
        r"YHR018C\+YOR202W = 0\.1",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-utf16",
        "E",
        "UTF-16 is read",
        _shared("24-names-dates-encodings/utf16.csv"),
        r"YHR018C\+YOR202W = 0\.1",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-cp1252",
        "E",
        "Windows-1252 is read",
        _shared("24-names-dates-encodings/cp1252.csv"),
        r"YHR018C\+YOR202W = 0\.1",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-mac",
        "E",
        "line ends of an old Macintosh are line ends",
        _shared("24-names-dates-encodings/mac.csv"),
        r"= 0\.1.*= 0\.2",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-rownames",
        "E",
        "R's column of row names has no header",
        _shared("24-names-dates-encodings/rownames.tsv"),
        r"= 0\.1.*= 0\.3",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-trailing",
        "E",
        "a delimiter at the end of every row changes nothing",
        _shared("24-names-dates-encodings/trailing.csv"),
        r"YHR018C\+YOR202W = 0\.1",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-line-in-quotes",
        "E",
        "a quoted field over two lines: its row is read or refused, the next one is read",
        _shared("24-names-dates-encodings/nlq.csv"),
        r"YCL018W\+YHR018C = 0\.2|refused: .*quot",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-dates.csv",
        "E",
        "a gene that Excel made a date of is refused with that hint",
        _shared("24-names-dates-encodings/dates.csv", gem="yeast"),
        r"= 0\.4.*rejected: .*1-Oct.* date",
        folder="24-names-dates-encodings",
    ),
    Case(
        "24-dates.xlsx",
        "E",
        "a gene that Excel made a date of is refused with that hint",
        _shared("24-names-dates-encodings/dates.xlsx"),
        r"= -0\.25.*rejected: .*date",
        folder="24-names-dates-encodings",
    ),
    Case(
        "E-zip-of-two",
        "E",
        "a zip with two members is refused and names them",
        _text("t.zip", _zipped({"a.csv": ROWS, "b.csv": ROWS})),
        r"refused: .*a\.csv.*b\.csv",
    ),
    Case("E-xz", "E", "xz is read", _text("t.csv", lzma.compress(ROWS.encode())), READ),
    Case(
        "E-parquet-named-csv",
        "E",
        "parquet is read whatever the name",
        _text("t.csv", pd.read_csv(io.StringIO(ROWS)).to_parquet()),
        READ,
    ),
    Case(
        "E-html-named-xls",
        "E",
        "a web page saved as .xls is named as that",
        _text("t.xls", "<html><table><tr><td>gene1</td></tr></table></html>"),
        r"refused: .*HTML",
    ),
    Case(
        "E-quoted-tab-header",
        "E",
        "quoted header fields of a tab-separated file",
        _text("t.tsv", 'gene1\t"gene2"\t"score\t30C"\nARG4\tHIS3\t0.1\n', {**PAIR, "value": "score\t30C"}),
        r"= 0\.1",
    ),
    Case("E-gz-in-zip", "E", "gzip is read within a name without .gz, bz2 likewise", _gzip_and_bz2, READ + ".*" + READ),
    Case(
        "17-orders",
        "F",
        "a row with a blank gene is no interaction",
        _shared("17-blank-gene/orders.csv"),
        r"= 0\.1.*rejected: .*(gene)",
        r"= 0\.9|= 0\.8|= 0\.7",
        folder="17-blank-gene",
    ),
    Case(
        "17-obj_none",
        "F",
        "a missing gene is a missing gene, in parquet too",
        _shared("17-blank-gene/obj_none.parquet"),
        r"= 0\.1.*rejected: .*gene",
        r"= -0\.2",
        folder="17-blank-gene",
    ),
    Case(
        "F-two-spellings",
        "F",
        "one gene under two names is no pair",
        _text("t.csv", "gene1,gene2,score\nARG4,YHR018C,0.4\nARG4,HIS3,0.1\n"),
        r"= 0\.1.*rejected: .*twice",
        r"= 0\.4",
    ),
    Case(
        "F-four-genes",
        "F",
        "four genes are no genotype of this pipeline",
        _text("t.csv", "pair,score\nARG4+HIS3+LEU2+URA3,0.4\nARG4+HIS3,0.1\n", ONE),
        r"= 0\.1.*rejected: .*(four|three|4)",
    ),
    Case(
        "F-calls-of-minus-one",
        "F",
        "calls of -1 and 1 are refused with what was found",
        _text("t.csv", "gene1,gene2,score\nARG4,HIS3,-1\nARG4,LEU2,1\n", phenotype="call"),
        r"refused: .*-1|rejected: .*-1",
        r"= -1",
    ),
    Case(
        "F-fitness-of-one",
        "F",
        "fitness of one gene is a measurement",
        _text("t.csv", "gene1,gene2,score\nARG4,,0.9\n", phenotype="fitness"),
        r"YHR018C = 0\.9",
    ),
]
