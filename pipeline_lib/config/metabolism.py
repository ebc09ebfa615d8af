"""Settings of the genome-scale metabolic model."""

from typing import Annotated, Literal, get_args

from pydantic import WithJsonSchema

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
"""``model`` (the bounds of the model's file) or a named medium (`pipeline_lib.metabolism.media.named_media`), after
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
