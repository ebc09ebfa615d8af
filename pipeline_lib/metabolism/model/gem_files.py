"""Read a model's file: its kind is decided by its content, not by its name."""

import bz2
import gzip
import importlib.util
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from pipeline_lib.errors import PipelineError

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
