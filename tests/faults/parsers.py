"""Every parser of text that others wrote: a sound sample of what it reads, and how it is called on a file."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd
import yaml
from openpyxl import Workbook

from pipeline_lib.cell.graph import build_gene_table
from pipeline_lib.config.features import NetworkSettings
from pipeline_lib.config.loading import read_run_config
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.genes.gene_tables import read_essential_genes, read_gene_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.metabolism.model.energies import read_energies
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.gene_rules import parse_rule
from pipeline_lib.networks.edges import build_edges, read_network
from pipeline_lib.screens.reading import read_screen
from pipeline_lib.sources.catalogue import read_catalogue
from pipeline_lib.training.genotypes import read_gene_list, read_genotype_table

Read = Callable[[Path], object]


@dataclass(frozen=True)
class Parser:
    """One parser.

    Parameters
    ----------
    read
        Reads a file; raises `PipelineError` where the file is not to be used.
    sample
        A sound file.
    ending
        The file's ending, by which some parsers choose.
    words
        What the layout is made of, for mutations that get past the first line.
    """

    read: Read
    sample: bytes
    ending: str = ".txt"
    words: tuple[str, ...] = field(default=())


@cache
def genes() -> pd.DataFrame:
    features = pd.DataFrame(
        {
            "gene": ["YAL001C", "YBL007C", "YBL023C", "YDL227C", "YOL043C"],
            "name": ["TFC3", "SLA1", "MCM2", "HO", "NTG2"],
            "aliases": [["FUN24"], ["SHARED"], ["SHARED"], [], []],
            "essential": pd.array([pd.NA] * 5, dtype="boolean"),
        }
    )
    return build_gene_table(["YAL001C", "YBL007C"], features)


def screen(reader: str, role: str, **settings: object) -> Read:
    """Return how a screen's file is read, as the rule does."""

    def read(path: Path) -> object:
        section = ScreenSettings.model_validate({"reader": reader, "files": {role: str(path)}, **settings})
        names = GeneNames.from_table(genes())
        output = path.with_name("observations.parquet")
        return read_screen("lab", section, {role: path}, names, output, path.with_name("rejected.parquet"))

    return read


def network(reader: str, role: str, **settings: object) -> Read:
    """Return how a network's file is read, as the rule does."""

    def read(path: Path) -> object:
        section = NetworkSettings.model_validate({"reader": reader, "files": {role: str(path)}, **settings})
        return build_edges("lab", read_network({role: path}, section), genes(), section.minimum_weight)

    return read


def channel(path: Path) -> object:
    """Read an adjacency list over two genes."""
    order = path.with_name("order.txt")
    order.write_text("YAL001C\nYBL007C\n")
    files = {"adjacency": path, "genes": order}
    section = NetworkSettings(reader="string_channel", files={role: str(place) for role, place in files.items()})
    return build_edges("lab", read_network(files, section), genes(), 0.0)


def gene_rule(path: Path) -> object:
    """Parse each line as a rule."""
    return [parse_rule(line, "r_1") for line in path.read_bytes().decode("utf-8", "replace").splitlines()]


def workbook(path: Path) -> object:
    """Read a workbook whose first sheet holds the file's tab-separated text; the container itself stays sound."""
    book = Workbook()
    for line in path.read_bytes().decode("utf-8", "replace").splitlines():
        cells = ["".join(c for c in cell if c.isprintable())[:1000] for cell in line.split("\t")]
        book.active.append([float(cell) if cell.replace(".", "", 1).isdecimal() else cell for cell in cells])
    content = io.BytesIO()
    book.save(content)
    made = path.with_name("book.xlsx")
    made.write_bytes(content.getvalue())
    return screen("table", "table", columns={"gene1": "a", "gene2": "b", "value": "v"})(made)


def _sound_workbook() -> bytes:
    book = Workbook()
    for row in (["a", "b", "v"], ["TFC3", "SLA1", 0.5], ["YAL001C", "MCM2", -0.25]):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _sound_parquet() -> bytes:
    content = io.BytesIO()
    pd.DataFrame({"a": ["TFC3", "YAL001C"], "b": ["SLA1", "MCM2"], "v": [0.5, -0.25]}).to_parquet(content)
    return content.getvalue()


def _sound_archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("lab.csv", "a,b,v\nTFC3,SLA1,0.5\nYAL001C,MCM2,-0.25\n")
    return content.getvalue()


_KUZMIN = (
    "Query strain ID\tQuery allele name\tArray strain ID\tArray allele name\tCombined mutant type\t"
    "Raw genetic interaction score (epsilon)\tAdjusted genetic interaction score (epsilon or tau)\tP-value\t"
    "Query single/double mutant fitness\tArray single mutant fitness\tDouble/triple mutant fitness\t"
    "Double/triple mutant fitness standard deviation\n"
    "YOL043C+YDL227C_tm461\tntg2Δ+hoΔ\tYBL007C_dma91\tsla1Δ\tdigenic\t0.007534\t0.007534\t0.45\t0.98\t0.962\t"
    "0.9695\t0.0465\n"
    "YOL043C+YAL001C_tm72\tntg2Δ+tfc3-g349e\tYBL007C_dma91\tsla1Δ\ttrigenic\t-0.15\t-0.09\t1.0e-03\t0.85\t0.962\t"
    "0.6677\t0.03\n"
)
_COSTANZO = (
    "Query Strain ID\tQuery allele name\tArray Strain ID\tArray allele name\tArraytype/Temp\t"
    "Genetic interaction score (ε)\tP-value\tQuery single mutant fitness (SMF)\tArray SMF\tDouble mutant fitness\t"
    "Double mutant fitness standard deviation\n"
    "YAL001C_tsq508\ttfc3-g349e\tYBL023C_tsa111\tmcm2-1\tTSA30\t-0.0348\t0.005042\t0.8285\t0.9254\t0.7319\t0.0102\n"
)
_GEM = """---
!!omap
- metaData:
    id: "tiny"
- metabolites:
    - !!omap
      - id: "s_1"
      - name: "D-glucose"
      - compartment: "e"
      - charge: 0
      - deltaG: -97.75
- reactions:
    - !!omap
      - id: "r_1"
      - metabolites: !!omap
          - s_1: -1e-06
      - lower_bound: 0
      - upper_bound: 1000
      - gene_reaction_rule: "YAL001C and (YAL002W or YAL003W)"
      - subsystem:
          - "Growth"
- genes:
    - !!omap
      - id: "YAL001C"
- compartments: !!omap
    - e: "extracellular"
"""
_COBRA_MODEL = json.dumps(
    {
        "metabolites": [{"id": "s_1", "name": "glucose", "compartment": "e"}],
        "reactions": [
            {
                "id": "r_1",
                "name": "",
                "metabolites": {"s_1": -1.0},
                "lower_bound": 0.0,
                "upper_bound": 1000.0,
                "gene_reaction_rule": "YAL001C and YAL002W",
            }
        ],
        "genes": [{"id": "YAL001C", "name": ""}, {"id": "YAL002W", "name": ""}],
        "id": "tiny",
        "compartments": {"e": ""},
        "version": "1",
    }
)
_CONFIG = yaml.safe_dump(
    {
        "run": "lab",
        "metabolism": {"gem": "cobra:textbook"},
        "simulation": {"small": {"triples": 20}},
        "screens": {"lab": {"reader": "kuzmin2018", "files": {"table": "simulated:small/x.tsv"}}},
        "networks": {"n": {"reader": "table", "files": {"table": "e.csv"}, "evidence": ["physical"], "year": 2020}},
        "grid": [{"models": ["mean"], "splits": ["random"]}],
    }
)
_CATALOGUE = yaml.safe_dump(
    {
        "lab/edges.csv": {
            "url": "https://example.org/edges.csv",
            "licence": "CC0-1.0",
            "citation": {"paper": "Someone 2018"},
            "what": "pairs",
            "sha256": "0" * 64,
            "bytes": 10,
        }
    }
)
_TABLE = {"gene1": "a", "gene2": "b", "value": "v", "std": "s", "p_value": "p", "query": "q", "temperature": "t"}
_YAML = (
    *"&a *a !!omap !!binary !!set !!timestamp { } [ ] | > 2001-99-99 0o9 1:99:99 null ~ --- ...".split(),
    *("<<: *a", "? ", "- ", ": ", "base: x", "%YAML 1.1"),
)

PARSERS: dict[str, Parser] = {
    "gene rules": Parser(
        gene_rule,
        b"(YDL174C and YEL039C) or YDL178W\nYAL001C\n",
        words=("and", "OR", "(", ")", "&", "||", " or ", "((((", "YAL001C", "not"),
    ),
    "screen kuzmin2018": Parser(
        screen("kuzmin2018", "table"), _KUZMIN.encode(), ".tsv", ("trigenic", "YDL227C", "+", "_tm", "Δ", "HO", "\t")
    ),
    "screen costanzo2016": Parser(
        screen("costanzo2016_pairwise", "ExE"), _COSTANZO.encode(), words=("DMA26", "TSA30", "_dma", "_sn", "_damp")
    ),
    "screen table": Parser(
        screen("table", "table", columns=_TABLE, p_sided=2),
        b"a,b,v,s,p,q,t\nTFC3,SLA1,0.5,0.1,0.03,x,30\nYAL001C,MCM2,-0.25,,,y,26\n",
        ".csv",
        ("TFC3", "HO", '"'),
    ),
    "screen workbook, cells": Parser(workbook, b"title\na\tb\tv\nTFC3\tSLA1\t0.5\n", words=("=1+1", "#REF!", "\t")),
    "screen workbook, bytes": Parser(
        screen("table", "table", columns={"gene1": "a", "gene2": "b", "value": "v"}),
        _sound_workbook(),
        ".xlsx",
        ("PK", "<row>", "</c>", "<!DOCTYPE x>", "xl/worksheets/sheet1.xml"),
    ),
    **{
        f"screen table, {kind}": Parser(
            screen("table", "table", columns={"gene1": "a", "gene2": "b", "value": "v"}), sample, words=words
        )
        for kind, sample, words in (
            ("parquet", _sound_parquet(), ("PAR1", "ARROW1", "pandas")),
            ("zip", _sound_archive(), ("PK", "lab.csv", "BZh", "xl/", "[Content_Types].xml")),
            ("utf-16", "a\tb\tv\r\nTFC3\tSLA1\t0,5\r\n".encode("utf-16"), ("\r", "\u2212", "1,234", "1.5", "n/a")),
        )
    },
    "network edge list": Parser(network("edge_list", "edges"), b"YAL001C YBL007C 0.5\nTFC3 MCM2 1\n"),
    "network table": Parser(
        network("table", "table", columns={"source": "a", "target": "b", "weight": "w"}),
        b"a,b,w\nYAL001C,YBL007C,0.5\nTFC3,MCM2,1\n",
        ".csv",
        ('"', "a,a", "w,w"),
    ),
    "network STRING links": Parser(
        network("string_links", "links"),
        b"protein1 protein2 combined_score\n4932.YAL001C 4932.YBL007C 900\n4932.YBL007C 4932.YAL001C 900\n",
    ),
    "network STRING channel": Parser(channel, b"1\t2\t0.9\n2\t1\t0.9\n"),
    "network SGD regulation": Parser(
        network("sgd_regulation", "turtle"),
        b"kg:YAL001C-YBL007C-transcription-positive rdfs:subClassOf kg:x .\n",
        words=("kg:", "rdfs:subClassOf"),
    ),
    "metabolic model, YAML": Parser(read_gem, _GEM.encode(), ".yml", _YAML),
    "metabolic model, JSON": Parser(read_gem, _COBRA_MODEL.encode(), ".json", ("null", "[", "{", "1e999", "and (")),
    "energies": Parser(lambda path: read_energies(path, pd.Series(["r_1", "r_2"])), b"id,dg\nr_1,-3.5\nr_2,\n", ".csv"),
    "gene features": Parser(
        read_gene_table,
        b"S1\tORF\tVerified\tYAL001C\tTFC3\tFUN24|X\nS2\tORF\t\tYBL007C\tSLA1\t\n",
        ".tab",
        ("ORF", "\t"),
    ),
    "own gene table": Parser(
        read_gene_table,
        b'id,name,aliases,essential\nb0001,thrL,x|y,no\nb0002,thrA,"z;w",yes\n',
        ".csv",
        ("id", "\t", ";", '"', "yes", "b0001"),
    ),
    "essential genes": Parser(
        lambda path: read_essential_genes(path, GeneNames.from_table(genes())), b"header\nYAL001C\nYBL007C\n"
    ),
    "genotypes to predict": Parser(
        lambda path: read_genotype_table(path, GeneNames.from_table(genes())),
        b"genes,x\nYAL001C+YBL007C,1\nHO,2\n",
        ".csv",
        ('"', "genes", "+"),
    ),
    "genes to predict": Parser(lambda path: read_gene_list(path, GeneNames.from_table(genes())), b"YAL001C\nSLA1\n"),
    "configuration": Parser(read_run_config, _CONFIG.encode(), ".yaml", _YAML),
    "catalogue": Parser(read_catalogue, _CATALOGUE.encode(), ".yaml", _YAML),
}


def _collins() -> bytes:
    """A symmetric matrix as R saves it, in the oldest plain form that `rdata` reads."""
    return (
        b"RDA2\nA\n2\n262153\n131840\n1026\n1\n262153\n2\ngi\n526\n4\nNA\n0.5\n0.5\nNA\n1026\n1\n262153\n3\ndim\n13\n"
        b"2\n2\n2\n1026\n1\n262153\n8\ndimnames\n19\n2\n16\n2\n262153\n7\nYAL001C\n262153\n7\nYBL007C\n16\n2\n262153\n"
        b"7\nYAL001C\n262153\n7\nYBL007C\n254\n254\n"
    )


PARSERS["E-MAP matrix"] = Parser(screen("emap", "scores"), _collins(), ".rda", ("262153", "\n2\n", "NA", "254"))
