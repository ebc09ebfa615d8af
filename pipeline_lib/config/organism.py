"""Settings of the organism: its genes, what they are called, where people read about them, what it grows on."""

import re
from typing import Annotated, Any, Self, get_args
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from pipeline_lib.config.metabolism import MediumName
from pipeline_lib.config.section import Section

GENE = "{gene}"
"""What stands for a gene's systematic name in the template of a link."""

PLACES = (("metabolism",), ("screens", "*"), ("simulation", "*"))
"""Sections of a run that have a key ``medium``; ``*`` stands for any name."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression ({error})") from error
    return text


def _template(text: str) -> str:
    if text and (GENE not in text or not text.startswith(("https://", "http://"))):
        raise ValueError(f"{text!r} is no address with {GENE} in it, for instance https://example.org/gene/{GENE}")
    return text


class OrganismSettings(Section):
    """The organism: *Saccharomyces cerevisiae* unless a run states another."""

    name: str = Field(default="Saccharomyces cerevisiae", min_length=1)
    """What the organism is called, for people."""
    genes: str | None = None
    """Table of the organism's genes and their names: SGD's feature table, or one with a header and the columns ``id``
    and, where there are any, ``name``, ``aliases`` (separated by ``|`` or ``;``) and ``essential`` (yes or no; blank:
    not known). A model, screen or network of which (almost) no gene is in it is refused. None: the genes of the
    metabolic model."""
    essential: str | None = None
    """List of essential genes of the same organism, one name a line; stands above the column ``essential``. Genes of
    ``genes`` that it does not name are not essential; for genes of the model that ``genes`` lack it is not known.
    None: what ``genes`` state."""
    id_pattern: Annotated[str, AfterValidator(_pattern)] = r"Y[A-P][LR]\d{3}[CW](-[A-Z])?|Q\d{4}|R\d{4}[CW]"
    """Regular expression that a whole systematic name matches; a name that does not gets no link."""
    link: Annotated[str, AfterValidator(_template)] = "https://www.yeastgenome.org/locus/{gene}"
    """Address of a gene's page in the database of the organism, ``{gene}`` for the systematic name. Empty: no
    links."""
    media: dict[str, dict[str, float]] = {}
    """Media of one's own by name, each exchange id to greatest uptake (mmol per gDW and hour): ``metabolism.medium``
    and the ``medium`` of screens and simulations may name them."""

    @model_validator(mode="after")
    def _new_names(self) -> Self:
        taken = sorted(set(self.media) & set(get_args(MediumName)))
        if taken:
            raise ValueError(f"the medium '{taken[0]}' is a named medium of the pipeline; call yours otherwise")
        return self

    @property
    def link_site(self) -> str:
        """Where the links lead: the host of the template; empty without one."""
        return urlsplit(self.link).netloc.removeprefix("www.")

    def address(self, gene: str) -> str:
        """Return the address of a gene's page; empty for what is no systematic name of the organism."""
        return (
            self.link.replace(GENE, quote(gene, safe="")) if self.link and re.fullmatch(self.id_pattern, gene) else ""
        )


def with_media(content: Any) -> Any:  # noqa: ANN401 - unchecked YAML
    """Put the uptakes of the organism's media where sections of a run name them."""
    organism = content.get("organism") if isinstance(content, dict) else None
    media = organism.get("media") if isinstance(organism, dict) else None
    if not isinstance(media, dict) or not media:
        return content
    return {**content, **{key: _grown(content[key], place, media) for key, *place in PLACES if key in content}}


def _grown(section: Any, place: list[str], media: dict[str, Any]) -> Any:  # noqa: ANN401
    if not isinstance(section, dict):
        return section
    if place:
        return {name: _grown(part, [], media) for name, part in section.items()}
    medium = section.get("medium")
    return {**section, "medium": media[medium]} if isinstance(medium, str) and medium in media else section
