"""``metabolism build``: from the model's file to tables and tensors."""

import json
from dataclasses import replace
from pathlib import Path

import click

from pipeline_lib.config.command_options import settings_option
from pipeline_lib.config.metabolism import MetabolismSettings

_FILE = click.Path(path_type=Path)


@click.command()
@settings_option("metabolism", MetabolismSettings)
@click.option(
    "--screen-media", default="{}", show_default=True, help="JSON: medium by screen, for those with their own."
)
@click.option("--gem", required=True, help="The model: .yml, .xml, .json, or cobra:textbook (E. coli core).")
@click.option("--reaction-energies", type=_FILE, help="csv of reaction id and standard Gibbs energy.")
@click.option("--metabolite-energies", type=_FILE, help="csv of metabolite id and standard Gibbs energy.")
@click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet).")
@click.option("--metabolites", required=True, type=_FILE, help="Written: one row a metabolite.")
@click.option("--reactions", required=True, type=_FILE, help="Written: one row a reaction, bounds on the medium.")
@click.option("--incidence", required=True, type=_FILE, help="Written: one row a non-zero of the matrix.")
@click.option("--complexes", required=True, type=_FILE, help="Written: the gene rules, one row a gene of a complex.")
@click.option("--stoichiometry", required=True, type=_FILE, help="Written: the tensors (.pt).")
@click.option("--energies", required=True, type=_FILE, help="Written: reaction energies against metabolite energies.")
@click.option("--media", type=_FILE, help="Written: the media of the run, one row an exchange reaction.")
@click.option("--subsystems", type=_FILE, help="Written: counts and energy coverage of every subsystem.")
@click.option("--subsystem-links", type=_FILE, help="Written: metabolites shared by every two subsystems.")
@click.option("--split-incidence", type=_FILE, help="Written: the matrix with one column a direction.")
def build(
    settings: MetabolismSettings,
    screen_media: str,
    gem: str,
    reaction_energies: Path | None,
    metabolite_energies: Path | None,
    genes: Path,
    metabolites: Path,
    reactions: Path,
    incidence: Path,
    complexes: Path,
    stoichiometry: Path,
    energies: Path,
    media: Path | None,
    subsystems: Path | None,
    subsystem_links: Path | None,
    split_incidence: Path | None,
) -> None:
    """Turn a genome-scale model into tables and tensors, on the medium of the settings."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.flux_balance import MEDIA
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.artefacts.tensors import save_tensors
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.metabolism.media.media_table import lacking_components, media_table
    from pipeline_lib.metabolism.media.medium import exchange_reactions, with_medium
    from pipeline_lib.metabolism.model import stoichiometry as matrix
    from pipeline_lib.metabolism.model import subsystems as kinship
    from pipeline_lib.metabolism.model.background import with_background
    from pipeline_lib.metabolism.model.energies import energy_table, with_energies
    from pipeline_lib.metabolism.model.gem import read_gem
    from pipeline_lib.metabolism.model.gene_rules import GeneRules

    names = GeneNames.from_table(read_table(genes, schemas.GENES))
    as_published = with_background(read_gem(gem), settings.background)
    grown_on = media_table(as_published, settings.medium, json.loads(screen_media))
    model = with_medium(as_published, settings.medium)
    model = with_energies(model, reaction_energies, metabolite_energies)
    S = model.stoichiometry
    model = replace(
        model, reactions=model.reactions.assign(exchange=exchange_reactions(model.reactions, model.metabolites, S))
    )
    rules = GeneRules.from_names(list(model.reactions["gene_rule"]), list(model.reactions["id"]), names)
    compared = energy_table(model)
    write_table(model.metabolites, metabolites, schemas.METABOLITES)
    write_table(model.reactions, reactions, schemas.REACTIONS)
    write_table(matrix.incidence_table(S), incidence, schemas.INCIDENCE)
    write_table(rules.to_table(), complexes, schemas.COMPLEXES)
    write_table(compared, energies)
    if media is not None:
        write_table(grown_on, media, MEDIA)
    if subsystems is not None:
        write_table(kinship.subsystem_table(model, rules, compared), subsystems)
    if subsystem_links is not None:
        write_table(kinship.subsystem_links(model), subsystem_links)
    if split_incidence is not None:
        bounds = model.reactions[["lower_bound", "upper_bound"]].to_numpy(dtype="float64")
        write_table(
            matrix.split_incidence_table(matrix.split_directions(S, bounds[:, 0], bounds[:, 1])), split_incidence
        )
    save_tensors(matrix.tensors(model, rules), stoichiometry)
    click.echo(
        f"{model.id}: {S.shape[1]} reactions, {S.shape[0]} metabolites, {len(model.genes)} genes, {S.nnz} incidences; "
        f"{int(model.reactions['delta_g'].notna().sum())} reaction and "
        f"{int(model.metabolites['delta_g'].notna().sum())} metabolite energies known.",
        err=True,
    )
    for medium, components in lacking_components(grown_on).items():
        click.echo(f"medium {medium}: the model lacks {', '.join(components)}.", err=True)
