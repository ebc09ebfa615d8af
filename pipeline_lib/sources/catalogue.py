"""The catalogue of upstream files: where each comes from, its checksum, licence and citation."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from pipeline_lib.config.features import Evidence, FeatureSettings, HoldsGenetic, NetworkSettings
from pipeline_lib.config.section import PROJECT, Section, explain, load_yaml
from pipeline_lib.errors import PipelineError

DEFAULT_CATALOGUE = PROJECT / "config" / "sources.yaml"

SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$")]
"""A source's name is its path in a mirror and under ``sources/``: no part starts with a dot, none is empty."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

GIBIBYTE = 1024**3


class Citation(Section):
    """What to cite when the file is used."""

    paper: str
    """Authors, year and title, as one line."""
    doi: str | None = None
    """Digital object identifier of the paper."""
    data_doi: str | None = None
    """Digital object identifier of the deposited data, where it has its own."""


class Source(Section):
    """One upstream file: downloaded from its addresses, or a member of an archive that is itself a source."""

    url: str | None = None
    """First address tried."""
    alternatives: tuple[str, ...] = ()
    """Further addresses, tried in order."""
    archive: SourceName | None = None
    """Source (a zip archive) that this file is a member of."""
    member: str | None = None
    """Path of the file inside the archive; leading folders may be left out."""
    sha256: Sha256 | None = None
    """Checksum. None: recorded on first use and verified ever after."""
    bytes: int | None = Field(default=None, ge=0)
    """Size. None: not known before the first use."""
    most_bytes: int = Field(default=4 * GIBIBYTE, ge=1)
    """A file of unknown size is refused beyond this many bytes."""
    allow_http: bool = False
    """Allow addresses without encryption, by name, for a server that offers nothing else."""
    licence: str
    """Licence of the file as its host states it."""
    citation: Citation
    """What to cite."""
    what: str
    """What the file holds and what to mind."""
    evidence: list[Evidence] | None = None
    """For a network or a feature table: what it rests on."""
    holds_genetic: HoldsGenetic | None = None
    """For a feature table: whether published genetic interactions are inside."""
    year: int | None = None
    """For a network or a feature table: the year of the release."""

    @property
    def urls(self) -> list[str]:
        """Every address, in the order in which they are tried."""
        return [address for address in (self.url, *self.alternatives) if address is not None]

    @property
    def limit(self) -> int:
        """Number of bytes beyond which the file cannot be right."""
        return self.most_bytes if self.bytes is None else self.bytes

    @model_validator(mode="after")
    def _comes_from_one_kind_of_place(self) -> Self:
        if (self.url is None) == (self.archive is None):
            raise ValueError("give either 'url' or 'archive' with 'member'")
        if (self.archive is None) != (self.member is None):
            raise ValueError("'archive' and 'member' belong together")
        if self.url is None and self.alternatives:
            raise ValueError("'alternatives' belong to 'url'")
        for address in self.urls:
            if address.startswith("http://") and not self.allow_http:
                raise ValueError(f"{address} is not encrypted; say 'allow_http: true' to allow it for this file")
            if not address.startswith(("http://", "https://")):
                raise ValueError(f"{address} is not an https address")
        return self

    @field_validator("member")
    @classmethod
    def _member_stays_inside(cls, member: str | None) -> str | None:
        if member is not None and (member.startswith("/") or ".." in re.split(r"[/\\]", member)):
            raise ValueError(f"'{member}' leaves the archive")
        return member


class CollectionFile(Section):
    """One file of a collection."""

    sha256: Sha256
    """Checksum."""
    bytes: int = Field(ge=0)
    """Size."""


class Collection(Section):
    """Many upstream files of one kind below one address, read as one: the studies of a database, say."""

    url: str
    """Address that every file's path is appended to."""
    files: dict[SourceName, CollectionFile] = Field(min_length=1)
    """The files by their path below the address, which is their path below the collection's name in a mirror too."""
    licence: str
    """Licence of the files as their host states it."""
    citation: Citation
    """What to cite."""
    what: str
    """What the files hold and what to mind."""
    evidence: list[Evidence] | None = None
    """For a network or a feature table: what it rests on."""
    holds_genetic: HoldsGenetic | None = None
    """For a feature table: whether published genetic interactions are inside."""
    year: int | None = None
    """For a network or a feature table: the year of the release."""

    def members(self, name: str) -> dict[str, Source]:
        """Return every file as a source named ``<collection>/<path>``."""
        shared = self.model_dump(include={"licence", "citation", "what", "evidence", "holds_genetic", "year"})
        address = self.url.rstrip("/")
        return {
            f"{name}/{path}": Source(url=f"{address}/{path}", sha256=file.sha256, bytes=file.bytes, **shared)
            for path, file in self.files.items()
        }


class Catalogue(Section):
    """Every upstream file by name; those of collections stand among them."""

    sources: dict[SourceName, Source]
    collections: dict[SourceName, Collection] = Field(default={})

    @model_validator(mode="after")
    def _archives_are_sources(self) -> Self:
        for name, source in self.sources.items():
            if source.archive is None:
                continue
            archive = self.sources.get(source.archive)
            if archive is None:
                raise ValueError(f"'{name}' names the archive '{source.archive}', which is not in the catalogue")
            if archive.archive is not None:
                raise ValueError(f"'{name}' lies in an archive inside an archive")
        return self

    def files_of(self, name: str) -> list[str]:
        """Return the sources of a collection, or the source itself.

        Raises
        ------
        PipelineError
            When there is neither of that name.
        """
        if name in self.collections:
            return list(self.collections[name].members(name))
        self[name]
        return [name]

    def entry(self, name: str) -> Source | Collection | None:
        """Return a source or a collection; None where there is neither of that name."""
        return self.collections.get(name) or self.sources.get(name)

    def __getitem__(self, name: str) -> Source:
        """Return one source.

        Raises
        ------
        PipelineError
            When there is none of that name; names the nearest one.
        """
        import difflib

        if name not in self.sources:
            near = difflib.get_close_matches(name, [*self.sources, *self.collections], n=1, cutoff=0.0)
            hint = f"; did you mean '{near[0]}'?" if near else "."
            raise PipelineError(f"the catalogue has no source '{name}'{hint}")
        return self.sources[name]


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue: a YAML mapping of source name to its entry.

    Raises
    ------
    PipelineError
        When the file is missing, not YAML, or an entry breaks the schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PipelineError(f"{path} cannot be read ({error.strerror}); give the path of a catalogue.") from error
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path} is not valid YAML: {error}.") from error
    content = load_yaml(text, str(path), yaml.SafeLoader)
    if not isinstance(content, dict):
        raise PipelineError(f"{path}: a catalogue is a mapping of source names to entries.")
    many = {name: entry for name, entry in content.items() if isinstance(entry, dict) and "files" in entry}
    one = {name: entry for name, entry in content.items() if name not in many}
    try:
        collections = Catalogue.model_validate({"sources": {}, "collections": many}).collections
        members = {file: source for name, found in collections.items() for file, source in found.members(name).items()}
        return Catalogue.model_validate({"sources": {**one, **members}, "collections": collections})
    except ValidationError as error:
        raise explain(error, [Catalogue], str(path)) from error


@dataclass(frozen=True)
class Provenance:
    """What the settings of a network or a feature table state of it, else what the catalogue states of its files."""

    evidence: tuple[str, ...]
    """What it rests on; empty where neither states it."""
    year: int | None
    """Year of the release; None: not known."""
    files_hold_genetic: tuple[str | None, ...] = ()
    """What the catalogue states of each file: 'yes', 'no' or 'unknown'; None: nothing."""

    @property
    def genetic_evidence(self) -> bool:
        """Whether published genetic interactions are among the evidence: a screen's own labels may be in there."""
        return "genetic" in self.evidence


def find_provenance(settings: NetworkSettings | FeatureSettings, catalogue: Path) -> Provenance:
    """Return the provenance of a network or a feature table; without a catalogue, what its settings state."""
    known = read_catalogue(catalogue) if catalogue.exists() and settings.files else Catalogue(sources={})
    entries = [known.entry(file) for file in settings.files.values()]
    stated = [kind for entry in entries if entry is not None for kind in entry.evidence or ()]
    years = [entry.year for entry in entries if entry is not None and entry.year is not None]
    return Provenance(
        evidence=tuple(dict.fromkeys(settings.evidence or stated)),
        year=settings.year if settings.year is not None else max(years, default=None),
        files_hold_genetic=tuple(None if entry is None else entry.holds_genetic for entry in entries),
    )
