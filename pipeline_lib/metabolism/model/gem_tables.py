"""The tables of a model from its file, whose kind its content decides: the one checked path, whatever the kind."""

import bz2
import gzip
import importlib.util
import io
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline_lib.errors import PipelineError
from pipeline_lib.metabolism.model.gene_rules import parse_rule
from pipeline_lib.metabolism.model.model_content import (
    Entry,
    RepeatedFields,
    bounds_of,
    field_column,
    identifiers,
    is_number,
    numbers_of,
    require_sound,
)

UNKNOWN_ENERGY = 10_000_000.0
"""What yeast-GEM writes where the standard Gibbs energy is not known."""

_NO_GENE = re.compile(r"""(?i)[,;\[\]{}"'!~+*<>=/\\]|^(?:not|xor|nand|nor|nan|none|null|na|<na>|[-.?_]+)$""")
"""What is no gene's name unless the model lists it: signs of operators that a rule has not, and words that programs
write where there is no rule."""
_OPERATOR = re.compile(r"[\s()&|]")


def metabolite_table(entries: list[Entry], where: str) -> pd.DataFrame:
    """Return the table `pipeline_lib.artefacts.schemas.METABOLITES`.

    Raises
    ------
    PipelineError
        Names the file, the metabolite and the field that is missing, repeated or no number.
    """
    return pd.DataFrame(
        {
            "metabolite_index": np.arange(len(entries)),
            "id": identifiers(entries, "metabolite", where),
            "name": [str(name) for name in field_column(entries, "name", "")],
            "compartment": [str(name) for name in field_column(entries, "compartment", "")],
            "formula": field_column(entries, "formula", None),
            "charge": numbers_of(entries, "charge", np.nan, "metabolite", where),
            "delta_g": _energies(entries, "metabolite", where),
        }
    )


def reaction_table(entries: list[Entry], direction: str, where: str) -> pd.DataFrame:
    """Return the table `pipeline_lib.artefacts.schemas.REACTIONS`.

    Parameters
    ----------
    entries
        The file's reactions.
    direction
        'max' or 'min'. Of a minimised objective the negative is what is maximised.
    where
        The file's name, for the error.

    Raises
    ------
    PipelineError
        Names the file, the reaction and the field: a bound or coefficient that is no number, a lower bound above its
        upper bound, or an objective whose minimum no flux can bring below zero.
    """
    names = identifiers(entries, "reaction", where)
    lower, upper = bounds_of(entries, "lower_bound", where), bounds_of(entries, "upper_bound", where)
    impossible = np.flatnonzero((lower > upper) | (lower == np.inf) | (upper == -np.inf))
    if len(impossible):
        at = impossible[0]
        fault = "a lower bound above its upper bound" if lower[at] > upper[at] else "a bound that no flux can meet"
        raise PipelineError(
            f"{where}: reaction '{names[at]}' has {fault} (lower_bound {lower[at]:g}, upper_bound {upper[at]:g}); "
            "mend the model."
        )
    objective = numbers_of(entries, "objective_coefficient", 0.0, "reaction", where)
    require_sound(np.isfinite(objective), objective, "objective_coefficient", entries, where)
    if direction == "min":
        objective = _maximised(objective, lower, upper, names, where)
    return pd.DataFrame(
        {
            "reaction_index": np.arange(len(entries)),
            "id": names,
            "name": [str(name) for name in field_column(entries, "name", "")],
            "lower_bound": lower,
            "upper_bound": upper,
            "reversible": (lower < 0) & (upper > 0),
            "subsystem": [_subsystem(value) for value in field_column(entries, "subsystem", "")],
            "gene_rule": _rules(entries, where),
            "delta_g": _energies(entries, "reaction", where),
            "objective": objective,
        }
    )


def stoichiometric_matrix(entries: list[Entry], metabolites: list[str], where: str) -> sparse.csc_array:
    """Return the coefficients, float64 csc [M, R], of the reactions' entries.

    Raises
    ------
    PipelineError
        Names the file, the reaction and the metabolite that is unknown, listed twice, or without a finite coefficient.
    """
    position = {name: index for index, name in enumerate(metabolites)}
    parts = [entry.get("metabolites") or {} for entry in entries]
    for entry, part in zip(entries, parts, strict=True):
        if not isinstance(part, dict):
            raise PipelineError(f"{where}: reaction '{entry['id']}': its metabolites are no mapping to coefficients.")
        if isinstance(part, RepeatedFields):
            raise PipelineError(
                f"{where}: reaction '{entry['id']}' lists the metabolite '{part.repeated}' more than once; write it "
                "once, with the sum of its coefficients."
            )
        if not all(is_number(number) and math.isfinite(number) for number in part.values()):
            name, number = next(
                (name, number) for name, number in part.items() if not (is_number(number) and math.isfinite(number))
            )
            raise PipelineError(
                f"{where}: reaction '{entry['id']}' has a coefficient that is not a finite number (metabolite "
                f"'{name}': {number!r:.40}); mend the model."
            )
    try:
        rows = np.array([position[name] for part in parts for name in part], dtype=np.int64)
    except KeyError as error:
        guilty = next(entry["id"] for entry, part in zip(entries, parts, strict=True) if error.args[0] in part)
        raise PipelineError(f"{where}: reaction '{guilty}' uses the unknown metabolite {error}.") from error
    values = np.array([number for part in parts for number in part.values()], dtype=np.float64)
    ends = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    matrix = sparse.csc_array((values, rows, ends), shape=(len(metabolites), len(entries)))
    matrix.sort_indices()
    matrix.eliminate_zeros()
    return matrix


def gene_ids(entries: list[Entry], reactions: pd.DataFrame, where: str) -> tuple[str, ...]:
    """Return the genes that the model lists and, after them, those that only its rules name.

    Raises
    ------
    PipelineError
        Names the file and the reaction of a rule that is malformed or holds a word that is no gene's name.
    """
    genes = dict.fromkeys(identifiers(entries, "gene", where))
    # A listed name that holds an operator is taken apart by every rule that names it.
    torn = next((name for name in genes if _OPERATOR.search(name)), None)
    rules = reactions[["gene_rule", "id"]].drop_duplicates("gene_rule")
    for rule, reaction in zip(rules["gene_rule"], rules["id"], strict=True):
        try:
            members = frozenset[str]().union(*parse_rule(rule, reaction))
        except PipelineError as error:
            raise PipelineError(f"{where}: {error}") from error
        if members <= genes.keys():
            continue
        for name in sorted(members - genes.keys()):
            if torn is not None or _NO_GENE.search(name):
                reason = "is no gene's name" if torn is None else f"is not listed (is it a part of '{torn}'?)"
                listed = " ".join(rule.split())
                raise PipelineError(
                    f"{where}: reaction '{reaction}': the gene rule '{listed}' names '{name}', which {reason}; mend it "
                    "in the model."
                )
            genes[name] = None
    return tuple(genes)


def _maximised(
    objective: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    names: list[str],
    where: str,
) -> NDArray[np.float64]:
    """Return the objective whose maximum is the negative of the minimum; growth has to be able to exceed zero."""
    used = np.flatnonzero(objective)
    greatest = np.maximum(-objective[used] * lower[used], -objective[used] * upper[used])
    if len(used) and not (greatest > 0).any():
        terms = " + ".join(f"{objective[at]:g} {names[at]}" for at in used[:3])
        raise PipelineError(
            f"{where}: the objective minimises {terms}, whose least value is no growth; set its direction to maximize, "
            "or the objective to the growth reaction."
        )
    return -objective


def _energies(entries: list[Entry], kind: str, where: str) -> NDArray[np.float64]:
    values = numbers_of(entries, "deltaG", np.nan, kind, where)
    return np.where(values == UNKNOWN_ENERGY, np.nan, values)


def _rules(entries: list[Entry], where: str) -> list[str]:
    """Return the gene rules as written; a gene of JSON may be a whole number."""
    rules = field_column(entries, "gene_reaction_rule", "")
    for entry, rule in zip(entries, rules, strict=True):
        if not isinstance(rule, str | int) or isinstance(rule, bool):
            raise PipelineError(
                f"{where}: reaction '{entry['id']}': field 'gene_reaction_rule' must be text, not {str(rule)[:40]!r}."
            )
    return [str(rule) for rule in rules]


def _subsystem(value: Any) -> str:  # noqa: ANN401 - a name, or RAVEN's list of names
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


_HINT = "give a model in YAML (RAVEN, cobra), SBML, JSON (cobra, BiGG) or MATLAB (.mat)"
_MOST_BYTES = 2_000_000_000
_DECLARED = re.compile(rb"""^<\?xml[^>]*encoding=["']([\w.\-]+)["']""")
_MARKS = ((rb"\xef\xbb\xbf", "utf-8-sig"), (rb"\xff\xfe.\x00", "utf-16"), (rb"\xfe\xff\x00", "utf-16"))
_YAML_SECTION = re.compile(r"^(?:- )?(?:metabolites|reactions|genes|metaData)[ \t]*:", re.MULTILINE)


def read_model_file(path: Path) -> dict[str, Any]:
    """Return the content of a model's file in cobra's field names.

    Parameters
    ----------
    path
        YAML (RAVEN or cobra), SBML, JSON (cobra or BiGG) or MATLAB; as it is, or compressed by gzip, bzip2 or zip.

    Returns
    -------
    dict
        See `model_content.content_of`.

    Raises
    ------
    PipelineError
        When the file is missing, of another kind, damaged, or not a model.
    """
    if not path.exists():
        raise PipelineError(
            f"{path} does not exist; give the path of a model (.yml, .xml, .json, .mat) or cobra:textbook."
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PipelineError(f"{path} cannot be read ({error.strerror}); give the path of a file.") from error
    return _parse(_unpacked(content, path), str(path), path.suffix.lower() in {".yml", ".yaml"})


def read_model_inside_cobra(name: str) -> dict[str, Any]:
    """Return the content of one of the SBML models that cobra carries.

    Raises
    ------
    PipelineError
        When cobra carries no model of that name.
    """
    package = importlib.util.find_spec("cobra")
    folders = package.submodule_search_locations if package else None
    path = Path(next(iter(folders or ["."]))) / "data" / f"{name}.xml.gz"
    if not re.fullmatch(r"[\w.\-]+", name) or not path.exists():
        raise PipelineError(f"cobra carries no model '{name}'; use cobra:textbook or the path of a file.")
    return _parse(gzip.decompress(path.read_bytes()), f"cobra:{name}", is_yaml=False)


def _unpacked(content: bytes, path: Path) -> bytes:
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.GzipFile(fileobj=io.BytesIO(content)).read(_MOST_BYTES)
        if content.startswith(b"BZh"):
            return bz2.BZ2File(io.BytesIO(content)).read(_MOST_BYTES)
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = [name for name in archive.namelist() if not name.endswith("/")]
                if len(members) == 1:
                    return archive.open(members[0]).read(_MOST_BYTES)
            raise PipelineError(f"{path} is an archive of {len(members)} files; unpack it and give the model's file.")
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise PipelineError(f"{path} is a damaged compressed file ({error}); fetch it anew.") from error
    return content


def _parse(content: bytes, where: str, is_yaml: bool) -> dict[str, Any]:
    if content.startswith((b"MATLAB 7.3", b"\x89HDF")):
        raise PipelineError(
            f"{where} is a MATLAB 7.3 (HDF5) file; save the model with save(file, 'model', '-v7') and give that."
        )
    if content.startswith(b"MATLAB 5"):
        from pipeline_lib.metabolism.model.gem_matlab import parse_gem_matlab

        return parse_gem_matlab(content, where)
    text = _text(content, where)
    start = text.lstrip()[:1000]
    if start.startswith("<"):
        if "<sbml" not in text and ":sbml" not in text:
            raise PipelineError(f"{where} is not a model: it is XML or a web page without an SBML element; {_HINT}.")
        from pipeline_lib.metabolism.model.gem_sbml import parse_gem_sbml

        return parse_gem_sbml(text, where)
    if re.match(r'\{\s*["}]', start):
        from pipeline_lib.metabolism.model.model_content import parse_gem_json

        return parse_gem_json(text, where)
    if is_yaml or _YAML_SECTION.search(text):
        from pipeline_lib.metabolism.model.gem_yaml import parse_gem_yaml

        return parse_gem_yaml(text, where)
    found = "it is empty" if not start else f"it begins with {start[:20]!r}"
    raise PipelineError(f"{where} is not a model: {found}; {_HINT}.")


def _text(content: bytes, where: str) -> str:
    declared = _DECLARED.match(content)
    encoding = next((name for mark, name in _MARKS if re.match(mark, content, re.DOTALL)), None)
    encoding = encoding or (declared[1].decode() if declared else "utf-8")
    try:
        return content.decode(encoding).replace("\r\n", "\n")
    except (UnicodeDecodeError, LookupError) as error:
        raise PipelineError(f"{where} is not a text file ({error}); fetch it anew.") from error
