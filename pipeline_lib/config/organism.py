"""Settings of the organism, of its genome-scale metabolic model and of the screens that are simulated with it."""

import re
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from pipeline_lib.config.section import Section

MediumName = Literal[
    "model",
    "minimal",
    "rich",
    "synthetic_complete",
    "sga_dm",
    "sga_tm",
    "ypd_like",
    "synthetic_complete@szappanos2011",
    "sga_dm@szappanos2011",
    "sga_tm@szappanos2011",
    "ypd_like@szappanos2011",
]
"""``model`` (the bounds of the model's file) or a named medium (`pipeline_lib.metabolism.named_media`), after
``@`` the publication of its uptake rates."""

Medium = Annotated[
    MediumName | dict[str, float],
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(get_args(MediumName))},
                {"type": "string", "description": "a medium of organism.media"},
                {"type": "object", "additionalProperties": {"type": "number"}},
            ]
        }
    ),
]
"""A named medium, or exchange id to greatest uptake (mmol per gDW and hour). The media of ``organism.media`` have been
replaced by their uptakes when settings are read."""


class MetabolismSettings(Section):
    """The genome-scale metabolic model, its energies and its medium."""

    gem: str
    """Source of the model (YAML of RAVEN or cobra, SBML, JSON of cobra or BiGG, MATLAB; gzip is welcome; the content
    decides the kind), or ``cobra:textbook`` for the E. coli core model inside cobra."""
    reaction_energies: str | None = None
    """Source of standard Gibbs energies of reactions (csv of id and value; yeast-GEM publishes kcal/mol)."""
    metabolite_energies: str | None = None
    """Source of standard Gibbs energies of metabolites (csv of id and value; yeast-GEM publishes kcal/mol)."""
    medium: Medium = "model"
    """Uptake bounds: those of the model, a named medium (for the exchange ids of yeast-GEM and of BiGG), or exchange id
    to greatest uptake (mmol per gDW and hour). The plates of SGA are ``sga_dm`` (double mutants: synthetic complete
    without His, Arg and Lys, glutamate as nitrogen) and ``sga_tm`` (triple mutants: without Ura too); uptake rates are
    those of Suthers 2020, or after ``@szappanos2011`` those of Szappanos 2011. A screen may have its own
    (``screens.<name>.medium``)."""
    background: list[str] = []
    """Genes that every strain lacks, the wild type too: ids of the model, or ``BY4741``, ``BY4742``,
    ``sga_double_mutant``, ``sga_triple_mutant`` (the auxotrophic markers and deletions of these strains)."""
    explained_pairs: int = Field(default=10, ge=0)
    """How many of the strongest digenic interactions are explained: what their deletion blocks, what the cell lacks,
    what would rescue it. Each takes some fifteen seconds with a genome-scale model; so does one of three genes."""
    explained_triples: int = Field(default=5, ge=0)
    """How many of the strongest trigenic interactions are explained."""


class SimulationSettings(Section):
    """One in-silico screen of the metabolic model, written in a published layout."""

    layout: Literal["kuzmin2018", "kuzmin2020", "costanzo2016"] = "kuzmin2018"
    """Columns, strain ids and control markers of which publication; costanzo2016 holds pairs only."""
    method: Literal["fba", "moma"] = "fba"
    """How the model's cell responds to a deletion: greatest growth, or the least change of its fluxes."""
    medium: Medium | None = None
    """What the simulated cells grow on (as ``metabolism.medium``). None: the run's medium. Another one than that of the
    screen that reads the files (``screens.<name>.medium``) shows what flux features on a wrong medium are worth."""
    arrays: int = Field(default=500, ge=3)
    """Greatest number of array strains: up to two thirds genes with digenic interactions, the rest drawn at random.
    Genes whose deletion is lethal have no strain."""
    queries: int | None = Field(default=None, ge=1)
    """Number of double-mutant query strains; each brings the control screens of its two genes. None: as many as the
    triples need when every query is crossed with the whole array, but at least 60."""
    enriched: float = Field(default=0.8, ge=0, le=1)
    """Part of the double-mutant queries drawn from pairs that trigenic interactions are expected of; the rest are
    drawn from all viable pairs."""
    pairs: Literal["controls", "all"] = "controls"
    """Digenic rows: the control screens alone, or each pair of array genes beside them. Without triples, all."""
    triples: int = Field(default=2000, ge=0)
    """Number of trigenic rows; fewer where the crosses do not suffice."""
    least_fitness: float = Field(default=0.1, gt=0, le=1)
    """Fitness below which a single mutant has no strain and a double mutant cannot be a query."""
    replicates: int = Field(default=4, ge=2)
    """Colonies a cross."""
    colony_noise: float = Field(default=0.06, ge=0)
    """SD of one colony's size, in units of fitness."""
    query_noise: float = Field(default=0.02, ge=0)
    """SD of the error that all combined mutants of one query share; through the control screens every tau of a query
    carries it three times."""
    strain_noise: float = Field(default=0.01, ge=0)
    """SD of the measured fitness of a query or array strain."""
    p_values: Literal["error_model", "naive"] = "error_model"
    """What P-values rest on. error_model: the SD of the whole error that is simulated, so that a twentieth of the true
    nulls has a two-sided P below 0.05. naive: the spread of a cross's own colonies alone (Student's t), as a scoring
    does that overlooks the errors of strains and queries: its P-values are too small."""
    seed: int = Field(default=0, ge=0)
    """Seed of the sampling and of the noise."""


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
