"""Models of every file kind: kinds A (meaning), B (solver states), C (gene identity)."""

import json
from collections.abc import Callable

import cobra.io
import libsbml
import pandas as pd

from tests.cases.bench import Bench, chain_model
from tests.cases.case import SHARED, Case

TOY_GENES = ("g1", "g2", "g3", "g4")


def _shared(name: str, genes: tuple[str, ...] = TOY_GENES, medium: str = "model") -> Callable[[Bench], str]:
    return lambda bench: bench.growth(SHARED / name, medium, genes)


def _json(rules: dict[str, str], genes: tuple[str, ...] = (), **changes: dict[str, object]) -> Callable[[Bench], str]:
    def observe(bench: Bench) -> str:
        return bench.growth(bench.write("m.json", json.dumps(chain_model(rules, **changes))), "model", genes)

    return observe


def _every_file_kind(bench: Bench) -> str:
    """Growth and single deletions of one model written by cobra as JSON, SBML, YAML and MATLAB."""
    path = bench.write("m.json", json.dumps(chain_model({"R1": "(a and b) or c", "R2": "d"})))
    model = cobra.io.load_json_model(str(path))
    cobra.io.write_sbml_model(model, str(bench.folder / "m.xml"))
    cobra.io.save_yaml_model(model, str(bench.folder / "m.yml"))
    cobra.io.save_matlab_model(model, str(bench.folder / "m.mat"))
    found = {name: bench.growth(bench.folder / name, "model", ("a", "c", "d")) for name in ("m.json", "m.xml", "m.mat")}
    found["m.yml"] = bench.growth(bench.folder / "m.yml", "model", ("a", "c", "d"))
    return f"{len(set(found.values()))} answer: {found}"


def _malformed_in_sbml(bench: Bench) -> str:
    """A rule that cobra empties, in the notes of an SBML file without the fbc package's gene products."""
    path = bench.write("m.json", json.dumps(chain_model({"R1": "b0001 and b0002"})))
    cobra.io.write_sbml_model(cobra.io.load_json_model(str(path)), str(bench.folder / "m.xml"))
    text = (bench.folder / "m.xml").read_text()
    start, end = text.index("<fbc:geneProductAssociation>"), text.index("</fbc:geneProductAssociation>")
    notes = (
        '<notes><html xmlns="http://www.w3.org/1999/xhtml"><p>GENE_ASSOCIATION: b0001 and or b0002</p></html></notes>'
    )
    text = text[:start] + text[end + len("</fbc:geneProductAssociation>") :]
    at = text.index(">", text.index('<reaction id="R_R1"')) + 1
    return bench.growth(bench.write("notes.xml", text[:at] + notes + text[at:]))


def _fbc_1(bench: Bench) -> str:
    """A model in SBML with fbc version 1, as libsbml writes it: genes stand in an annotation."""
    path = bench.write("m.json", json.dumps(chain_model({"R1": "YBR001W"})))
    cobra.io.write_sbml_model(cobra.io.load_json_model(str(path)), str(bench.folder / "m.xml"))
    document = libsbml.readSBMLFromFile(str(bench.folder / "m.xml"))
    properties = libsbml.ConversionProperties()
    properties.addOption("convert fbc v2 to fbc v1", True, "")
    document.convert(properties)
    text = libsbml.writeSBMLToString(document)
    return bench.growth(bench.write("one.xml", text), "model", ("YBR001W",))


def _twice_in_json(bench: Bench) -> str:
    text = json.dumps(chain_model({"R1": "a"})).replace('{"A_c": -1, "R1_c": 1}', '{"A_c": -1, "A_c": -2, "R1_c": 1}')
    return bench.growth(bench.write("m.json", text))


def _spelling_of_the_model(bench: Bench) -> str:
    """Gene table of the shared model with YDR322C_A beside SGD's names."""
    assert bench.mirror is not None
    path = bench.gene_table(
        str(SHARED / "08-two-spellings-of-a-gene" / "under.json"), bench.mirror / "essentiality" / "SGD_features.tab"
    )
    table = pd.read_parquet(path).set_index("gene")
    found = sorted(set(table.index) & {"YDR322C-A", "YDR322C_A"})
    return f"genes {found}, metabolic: {bool(table.loc['YDR322C-A', 'in_gem'])}"


def _genes_beside_sgd(gem: str | list[str]) -> Callable[[Bench], str]:
    def observe(bench: Bench) -> str:
        assert bench.mirror is not None
        source = gem
        if isinstance(gem, list):
            source = str(bench.write("m.json", json.dumps(chain_model({f"R{i}": g for i, g in enumerate(gem)}))))
        done = bench.command(
            "cell",
            "genes",
            "--gem",
            source,
            "--gene-table",
            bench.mirror / "essentiality" / "SGD_features.tab",
            "--essential",
            bench.mirror / "essentiality" / "Cerevisiae_EssentialGenes_List_1.txt",
            "--output",
            bench.folder / "genes.parquet",
        )
        if not (bench.folder / "genes.parquet").exists():
            return done
        table = pd.read_parquet(bench.folder / "genes.parquet").set_index("gene")
        members = list(table.index[table["in_gem"]])
        essential = {gene: str(table.loc[gene, "essential"]) for gene in members}
        return f"{len(table)} genes, metabolic {members}, essential {essential}"

    return observe


def _medium(gem: str, name: str) -> Callable[[Bench], str]:
    return lambda bench: bench.growth(gem, name)


def _folder(number: str) -> str:
    return next(path.name for path in SHARED.glob(f"{number}-*")) if SHARED.is_dir() else f"{number}-"


CASES = [
    Case(
        "01-gap_or",
        "A",
        "the rule is refused with file and reaction",
        _shared("01-json-rule-dropped/gap_or.json"),
        r"refused: .*gap_or\.json.*R1.*rule",
        folder="01-json-rule-dropped",
    ),
    Case(
        "01-missing_op.json",
        "A",
        "the rule is refused with file and reaction",
        _shared("01-json-rule-dropped/missing_op.json"),
        r"refused: .*missing_op\.json.*R1.*rule",
        folder="01-json-rule-dropped",
    ),
    Case(
        "01-missing_op.yml",
        "A",
        "the same refusal as in JSON",
        _shared("01-json-rule-dropped/missing_op.yml"),
        r"refused: .*missing_op\.yml.*R1.*rule",
        folder="01-json-rule-dropped",
    ),
    Case(
        "01-unbalanced",
        "A",
        "the rule is refused with file and reaction",
        _shared("01-json-rule-dropped/unbalanced.json"),
        r"refused: .*unbalanced\.json.*R1.*rule",
        folder="01-json-rule-dropped",
    ),
    Case(
        "03-min",
        "A",
        "growth is never found by maximising what the file minimises",
        _shared("03-minimise-objective/min.xml"),
        r"growth 10|refused: .*min\.xml.*minimi[sz]",
        "does not grow",
        folder="03-minimise-objective",
    ),
    Case(
        "03-min2",
        "A",
        "the direction is honoured (0) or refused by name, never 10",
        _shared("03-minimise-objective/min2.xml"),
        r"refused: .*min2\.xml.*minimi[sz]|growth 0\b",
        "growth 10",
        folder="03-minimise-objective",
    ),
    Case(
        "04-nan_bound",
        "A",
        "refused with file, reaction and field",
        _shared("04-nan-bound/nan_bound.yml"),
        r"refused: .*nan_bound\.yml.*R1.*upper_bound.*number",
        folder="04-nan-bound",
    ),
    Case(
        "04-nan_lower",
        "A",
        "refused with file, reaction and field",
        _shared("04-nan-bound/nan_lower.yml"),
        r"refused: .*nan_lower\.yml.*lower_bound.*number",
        folder="04-nan-bound",
    ),
    Case(
        "04-nan_objective",
        "A",
        "refused with file, reaction and field",
        _shared("04-nan-bound/nan_objective.yml"),
        r"refused: .*nan_objective\.yml.*objective_coefficient.*number",
        folder="04-nan-bound",
    ),
    Case(
        "07-dupmet2",
        "A",
        "refused with file, reaction and metabolite",
        _shared("07-metabolite-twice/dupmet2.yml"),
        r"refused: .*dupmet2\.yml.*R1.*A_c",
        folder="07-metabolite-twice",
    ),
    Case(
        "07-dupkey",
        "A",
        "refused with file and field",
        _shared("07-metabolite-twice/dupkey.yml"),
        r"refused: .*dupkey\.yml.*(twice|more than once|2 times)",
        folder="07-metabolite-twice",
    ),
    Case(
        "07-empty_reaction",
        "A",
        "a reaction without metabolites is read as in RAVEN's layout",
        _shared("07-metabolite-twice/empty_reaction.g.yml"),
        r"growth 10",
        folder="07-metabolite-twice",
    ),
    Case(
        "A-every-file-kind",
        "A",
        "JSON, SBML, YAML and MATLAB give the same growth and knockouts",
        _every_file_kind,
        r"^1 answer: .*growth 10 a=1 c=1 d=0",
    ),
    Case(
        "A-notes-rule",
        "A",
        "a rule of SBML notes that cobra empties is refused",
        _malformed_in_sbml,
        r"refused: .*notes\.xml.*R1.*rule",
    ),
    Case(
        "A-metabolite-twice-json",
        "A",
        "a metabolite that JSON lists twice is refused",
        _twice_in_json,
        r"refused: .*m\.json.*A_c",
    ),
    Case(
        "A-bounds-crossed",
        "A",
        "a lower bound above the upper one is refused with file and reaction",
        _json({"R1": "a"}, R1={"lower_bound": 5, "upper_bound": 2}),
        r"refused: .*m\.json.*R1.*lower bound.*upper",
    ),
    Case(
        "A-ampersand",
        "A",
        "& and && are AND, | and || are OR, in JSON too",
        _json({"R1": "a && b", "R2": "c | d"}, ("a", "b", "c", "d")),
        r"growth 10 a=0 b=0 c=1 d=1",
    ),
    Case(
        "A-rule-nan",
        "A",
        "the word that pandas writes for no rule is no gene: refused",
        _json({"R1": "a"}, R1={"gene_reaction_rule": "nan"}),
        r"refused: .*m\.json.*R1.*'nan', which is no gene's name",
    ),
    Case(
        "A-fbc-1-genes",
        "A",
        "a gene of SBML fbc version 1 keeps its name",
        _fbc_1,
        r"growth 10 YBR001W=0$",
    ),
    Case(
        "A-twenty-thousand-complexes",
        "A",
        "a rule of 19,683 complexes is read",
        _json({"R1": " and ".join(f"(x{i} or y{i} or (z{i} and w{i}))" for i in range(9))}, ("x0", "y1")),
        r"growth 10 x0=1 y1=1",
    ),
    Case(
        "B-too-slow",
        "B",
        "a wild type that grows, but below what counts as growth, is refused as that",
        _json({"R1": "a"}, EX_A={"lower_bound": -1e-8}),
        r"refused: .*grows too slowly.*1e-08",
        "is 0,",
    ),
    Case(
        "05-inf_bounds",
        "B",
        "infinite bounds inside and a finite uptake: growth 10",
        _shared("05-unbounded-growth/inf_bounds.yml"),
        r"growth 10",
        folder="05-unbounded-growth",
    ),
    Case(
        "05-inf_uptake",
        "B",
        "growth has no limit, and the sentence says so",
        _shared("05-unbounded-growth/inf_uptake_unbounded.yml"),
        r"refused: .*(unbounded|no limit|without limit)",
        folder="05-unbounded-growth",
    ),
    Case(
        "06-blocked_medium",
        "B",
        "the model does not grow: nothing is taken up",
        _shared("06-closed-medium-crash/blocked_medium.yml"),
        r"refused: .*(take|uptake|medium)",
        folder="06-closed-medium-crash",
    ),
    Case(
        "B-no-objective",
        "B",
        "a model without an objective is refused as that",
        _json({"R1": "a"}, BIO={"objective_coefficient": 0}),
        r"refused: .*no objective",
        "unbounded|cannot be met",
    ),
    Case(
        "B-forced-flux",
        "B",
        "a forced flux that cannot be met is named as that",
        _json({"R1": "a"}, R1={"lower_bound": 50}),
        r"refused: .*(forced|cannot be met|no flux|infeasible|feasible)",
        "no objective|unbounded",
    ),
    Case(
        "B-minimal-ijo1366",
        "B",
        "the minimal medium fits BiGG's exchange ids: iJO1366 grows on it",
        _medium("cobra:iJO1366", "minimal"),
        r"growth 0\.\d+",
    ),
    Case(
        "B-medium-that-does-not-fit",
        "B",
        "a named medium whose ids the model lacks is refused as that",
        lambda bench: bench.growth(bench.write("m.json", json.dumps(chain_model({"R1": "a"}))), "minimal"),
        r"refused: .*medium 'minimal'",
    ),
    Case(
        "08-two-spellings",
        "C",
        "YDR322C_A is YDR322C-A, one gene, metabolic",
        _spelling_of_the_model,
        r"genes \['YDR322C-A'\], metabolic: True",
        folder="08-two-spellings-of-a-gene",
    ),
    Case(
        "10-other-organism",
        "C",
        "iJO1366 beside SGD's names is refused",
        _genes_beside_sgd("cobra:iJO1366"),
        r"refused: .*iJO1366.*0 of .*1,?367|refused: .*1,?367",
        folder="10-other-organism",
    ),
    Case(
        "C-human-model",
        "C",
        "a model of human genes beside SGD's names is refused",
        _genes_beside_sgd([f"ENSG0000014{i}510" for i in range(6)]),
        r"refused: .*ENSG",
    ),
    Case(
        "C-essential-of-unknown",
        "C",
        "essentiality is null for a gene that the gene table lacks",
        _genes_beside_sgd(["YHR018C", "YFL039C", "YCL018W", "transporterX"]),
        r"YFL039C': 'True'.*'transporterX': '<NA>'",
    ),
]
