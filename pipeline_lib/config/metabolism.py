"""Settings of the genome-scale metabolic model."""

from typing import Literal

from pipeline_lib.config.section import Section


class MetabolismSettings(Section):
    """The genome-scale metabolic model, its energies and its medium."""

    gem: str
    """Source of the model (YAML of RAVEN or cobra, SBML, JSON of cobra or BiGG, MATLAB; gzip is welcome; the content
    decides the kind), or ``cobra:textbook`` for the E. coli core model inside cobra."""
    reaction_energies: str | None = None
    """Source of standard Gibbs energies of reactions (csv of id and value; yeast-GEM publishes kcal/mol)."""
    metabolite_energies: str | None = None
    """Source of standard Gibbs energies of metabolites (csv of id and value; yeast-GEM publishes kcal/mol)."""
    medium: Literal["model", "minimal", "rich"] | dict[str, float] = "model"
    """Uptake bounds: those of the model, a named medium (for the exchange ids of yeast-GEM and of BiGG), or exchange id
    to greatest uptake (mmol per gDW and hour)."""
