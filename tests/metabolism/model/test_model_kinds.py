"""One small model in every kind of file: the same meaning whatever the kind, or the same refusal."""

import bz2
import gzip
import math
import zipfile
from copy import deepcopy
from pathlib import Path

import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.knockouts.genotypes import choose
from pipeline_lib.metabolism.knockouts.solver import solve_knockouts
from pipeline_lib.metabolism.model.gem import read_gem
from pipeline_lib.metabolism.model.gene_rules import parse_rule
from pipeline_lib.metabolism.model.stoichiometry import network_of
from tests.metabolism.model.model_files import (
    COMPLEX,
    Model,
    Writer,
    every_kind,
    sbml_text,
    single_fitness,
    toy,
    with_rule,
    write_json,
    write_matlab,
    write_raven,
    write_sbml,
    write_yaml,
)


@every_kind
def test_the_model_has_one_meaning_in_every_kind_of_file(write: Writer, tmp_path: Path) -> None:
    gem = read_gem(write(toy(), tmp_path))
    expected = read_gem(write_json(toy(), tmp_path))
    assert (gem.id, gem.genes) == ("toy", ("g1", "g2", "g3", "g4", "g5", "g6"))
    assert gem.reactions.equals(expected.reactions)
    assert gem.metabolites.equals(expected.metabolites)
    assert (gem.stoichiometry != expected.stoichiometry).nnz == 0
    # R2 and R4 make half of what R1 and R3 make; either isozyme of R3 is enough.
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "write", [write_json, write_yaml, write_matlab, write_sbml], ids=["json", "yaml", "mat", "sbml"]
)
def test_a_rule_over_several_lines_is_one_rule(write: Writer, tmp_path: Path) -> None:
    gem = read_gem(write(with_rule("g2\n  and\n  g3"), tmp_path))
    assert parse_rule(gem.reactions.loc[2, "gene_rule"], "R1") == COMPLEX
    with pytest.raises(PipelineError, match="reaction 'R1': the gene rule 'g2 and g3 g4' is malformed"):
        read_gem(write(with_rule("g2\n  and\n  g3 g4"), tmp_path))


@every_kind
@pytest.mark.parametrize(
    "rule",
    [
        "g2 AND g3",
        "g2 And g3",
        "g2&g3",
        "g2 && g3",
        "g2  and   g3",
        "g2\u00a0and\u00a0g3",
        "((g2) and (g3))",
        "g2 and(g3)",
    ],
)
def test_a_spelling_of_a_complex_is_read_in_every_kind(write: Writer, tmp_path: Path, rule: str) -> None:
    gem = read_gem(write(with_rule(rule), tmp_path))
    assert parse_rule(gem.reactions.set_index("id").loc["R1", "gene_rule"], "R1") == COMPLEX
    assert single_fitness(gem)[1:3] == [0.5, 0.5]


# One rule a line.
MALFORMED_RULES = """
(g2 or g3 g4)
(g2) or (g3) or  or (g4)
( or g2)
g2 and
and g2
(g2 and g3
g2 and g3)
nan
None
g2 or NA
-
g2/g3
not g2
g2 and not g3
g2, g3
g2;g3
[g2 and g3]
'g2' and g3
g2 + g3
g2 and not
g2 xor g3
g2and g3
()
""".strip().splitlines()


@every_kind
@pytest.mark.parametrize(
    "rule",
    MALFORMED_RULES,
)
def test_a_malformed_rule_is_refused_in_every_kind(write: Writer, tmp_path: Path, rule: str) -> None:
    path = write(with_rule(rule), tmp_path)
    with pytest.raises(PipelineError) as caught:
        read_gem(path)
    assert str(path) in str(caught.value)
    assert "reaction 'R1'" in str(caught.value)
    assert "gene rule" in str(caught.value)
    assert "\n" not in str(caught.value)


@every_kind
def test_a_listed_gene_may_be_called_na(write: Writer, tmp_path: Path) -> None:
    model = with_rule("NA and g3")
    model["genes"][1]["id"] = "NA"
    path = write(model, tmp_path)
    if write is write_sbml:
        path.write_text(path.read_text().replace('"G_g2"', '"G_NA"'))
    assert parse_rule(read_gem(path).reactions.loc[2, "gene_rule"], "R1") == (frozenset({"NA", "g3"}),)


@every_kind
@pytest.mark.parametrize("gene", ["YML081C-A", "YHR001W_A", "b0001.1", "8639_AT1", "319848"])
def test_a_gene_keeps_its_name_in_list_and_rule(write: Writer, tmp_path: Path, gene: str) -> None:
    model = with_rule(f"{gene} and g3")
    model["genes"][1]["id"] = gene
    path = write(model, tmp_path)
    if write is write_sbml:
        path.write_text(
            path.read_text().replace(f"G_{gene}", "G_" + gene.replace("-", "__45__").replace(".", "__46__"))
        )
    gem = read_gem(path)
    assert gem.genes[1] == gene
    assert parse_rule(gem.reactions.loc[2, "gene_rule"], "R1") == (frozenset({gene, "g3"}),)


@every_kind
def test_a_gene_that_only_a_rule_names_is_a_gene_as_in_cobra(write: Writer, tmp_path: Path) -> None:
    model = with_rule("g2 and g9")
    gem = read_gem(write(model, tmp_path))
    assert gem.genes == ("g1", "g2", "g3", "g4", "g5", "g6", "g9")
    assert single_fitness(gem) == [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5]


@every_kind
def test_a_listed_name_that_holds_an_operator_is_not_taken_apart(write: Writer, tmp_path: Path) -> None:
    """SEED names genes fig|83333.1.peg.4: no rule can name them, and reading an "or" would be silent."""
    model = with_rule("fig|83333.1.peg.4 and g3")
    model["genes"][1]["id"] = "fig|83333.1.peg.4"
    path = write(model, tmp_path)
    if write is write_sbml:
        path.write_text(path.read_text().replace("G_fig|83333.1.peg.4", "G_fig__124__83333__46__1__46__peg__46__4"))
    with pytest.raises(PipelineError, match=r"reaction 'R1': the gene rule .* part of 'fig\|83333\.1\.peg\.4'"):
        read_gem(path)


@pytest.mark.parametrize("write", [write_json, write_sbml, write_matlab], ids=["json", "sbml", "matlab"])
def test_a_model_that_lists_no_genes_has_those_of_its_rules(write: Writer, tmp_path: Path) -> None:
    model = toy()
    model["genes"] = []
    assert read_gem(write(model, tmp_path)).genes == ("g1", "g2", "g3", "g4", "g5", "g6")
    model["reactions"][2]["gene_reaction_rule"] = "g2,g3"
    with pytest.raises(
        PipelineError, match="reaction 'R1': the gene rule 'g2,g3' names 'g2,g3', which is no gene's name"
    ):
        read_gem(write(model, tmp_path))


def minimised(model: Model, kind: str, folder: Path) -> Path:
    if kind == "json":
        return write_json({**model, "objective_direction": "min"}, folder)
    if kind == "matlab":
        return write_matlab(model, folder, osenseStr="min")
    if kind == "matlab, number":
        return write_matlab(model, folder, osense=1.0)
    path = folder / "toy.xml"
    path.write_text(sbml_text(model, direction="minimize"))
    return path


directions = pytest.mark.parametrize("kind", ["sbml", "json", "matlab", "matlab, number"])


@directions
def test_growth_that_runs_backwards_is_minimised(tmp_path: Path, kind: str) -> None:
    model = toy()
    model["reactions"][-1] |= {"metabolites": {"D_c": 1.0}, "lower_bound": -1000.0, "upper_bound": 0.0}
    network = network_of(read_gem(minimised(model, kind, tmp_path)))
    assert solve_knockouts(network, choose(network.gem_genes, 1)).wild_type == pytest.approx(10.0)


@directions
def test_a_minimised_objective_that_is_no_growth_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(
        PipelineError, match=r"toy\.\w+: the objective minimises 1 BIO, .* set its direction to maximize"
    ):
        read_gem(minimised(toy(), kind, tmp_path))


@every_kind
@pytest.mark.parametrize("field", ["lower_bound", "upper_bound"])
def test_a_bound_that_is_no_number_is_refused_in_every_kind(write: Writer, tmp_path: Path, field: str) -> None:
    model = toy()
    model["reactions"][2][field] = math.nan
    path = write(model, tmp_path)
    with pytest.raises(PipelineError) as caught:
        read_gem(path)
    assert f"{path}: reaction 'R1': field '{field}'" in str(caught.value)


@every_kind
@pytest.mark.parametrize(("lower", "upper"), [(5.0, -5.0), (math.inf, math.inf), (-math.inf, -math.inf)])
def test_bounds_that_no_flux_meets_are_refused_in_every_kind(
    write: Writer, tmp_path: Path, lower: float, upper: float
) -> None:
    model = toy()
    model["reactions"][2] |= {"lower_bound": lower, "upper_bound": upper}
    if write is write_raven:
        model["reactions"][2] |= {"lower_bound": str(lower), "upper_bound": str(upper)} if math.isinf(lower) else {}
    with pytest.raises(PipelineError, match=r"toy\S*: reaction 'R1' has a (lower )?bound .*lower_bound .*upper_bound"):
        read_gem(write(model, tmp_path))


@every_kind
def test_infinite_bounds_stand_in_every_kind(write: Writer, tmp_path: Path) -> None:
    model = toy()
    model["reactions"][1] |= {"lower_bound": -math.inf, "upper_bound": math.inf}
    if write is write_raven:
        # cobra writes infinite bounds as text, in JSON too.
        model["reactions"][1] |= {"lower_bound": "-inf", "upper_bound": "inf"}
    gem = read_gem(write(model, tmp_path))
    assert gem.reactions.loc[1, ["lower_bound", "upper_bound"]].tolist() == [-math.inf, math.inf]
    assert single_fitness(gem) == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", ["toy.txt", "toy.yml", "toy.json", "toy.xml", "toy.mat", "toy"])
@every_kind
def test_the_content_decides_the_kind_not_the_name(write: Writer, tmp_path: Path, name: str) -> None:
    content = write(toy(), tmp_path).read_bytes()
    path = tmp_path / name
    path.write_bytes(content)
    assert read_gem(path).reactions.equals(read_gem(write_json(toy(), tmp_path)).reactions)


@every_kind
def test_a_compressed_model_is_read(write: Writer, tmp_path: Path) -> None:
    plain = write(toy(), tmp_path)
    expected, content = read_gem(plain).reactions, plain.read_bytes()
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    (tmp_path / "b.bz2").write_bytes(bz2.compress(content))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("folder/model", content)
    for name in ("a.gz", "b.bz2", "c.zip"):
        assert read_gem(tmp_path / name).reactions.equals(expected)
    with zipfile.ZipFile(tmp_path / "c.zip", "a") as archive:
        archive.writestr("manifest.xml", "<x/>")
    with pytest.raises(PipelineError, match=r"c\.zip is an archive of 2 files"):
        read_gem(tmp_path / "c.zip")
    (tmp_path / "a.gz").write_bytes(gzip.compress(content)[:-20])
    with pytest.raises(PipelineError, match=r"a\.gz is a damaged compressed file"):
        read_gem(tmp_path / "a.gz")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("write", [write_json, write_yaml, write_sbml], ids=["json", "yaml", "sbml"])
def test_the_encoding_does_not_matter(write: Writer, tmp_path: Path, encoding: str) -> None:
    path = write(toy(), tmp_path)
    expected = read_gem(path).reactions
    path.write_text(path.read_text().replace("\n", "\r\n"), encoding=encoding, newline="")
    assert read_gem(path).reactions.equals(expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a model: it is empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is XML or a web page without an SBML element"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(600), "is a MATLAB 7.3 .*-v7"),
        (b"MATLAB 5.0 MAT-file" + bytes(200), "MATLAB file that can be read|holds 0 models"),
        (b"gene,score\na,1\n", "is not a model: it begins with 'gene,score"),
        (b'{"version": 1}', "is not a model: its JSON has no section 'reactions'"),
        (b'{"reactions": [], "metabolites": [], "genes": []}', "is not a model: it has no reactions"),
        (b'{"reactions": [], "metabolites": []}', "section 'genes' is missing"),
    ],
)
def test_what_is_no_model_is_refused_with_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "thing.xyz"
    path.write_bytes(content)
    with pytest.raises(PipelineError, match=rf"thing\.xyz.*{message}"):
        read_gem(path)


def test_reading_leaves_the_content_as_it_was(tmp_path: Path) -> None:
    model = toy()
    before = deepcopy(model)
    read_gem(write_json(model, tmp_path))
    assert model == before
