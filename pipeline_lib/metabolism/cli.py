"""Commands of the metabolism stage: build its tables, search every set of a model's genes."""

import json
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_lib.config.command_options import settings_option
from pipeline_lib.config.organism import MetabolismSettings
from pipeline_lib.metabolism.commands import (
    all_pairs,
    essentiality,
    essentiality_benchmark_command,
    explain,
    knockouts,
    load_network,
    media,
    network_options,
    solving_options,
    subsystem_benchmark_command,
)

if TYPE_CHECKING:
    from pipeline_lib.metabolism.programs.wild_type import Method


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
    from pipeline_lib.artefacts.schemas import MEDIA
    from pipeline_lib.artefacts.tables import read_table, save_tensors, write_table
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.metabolism.medium import exchange_reactions, lacking_components, media_table, with_medium
    from pipeline_lib.metabolism.model import energies as kinship
    from pipeline_lib.metabolism.model import stoichiometry as matrix
    from pipeline_lib.metabolism.model.energies import energy_table, with_energies
    from pipeline_lib.metabolism.model.gem import read_gem, with_background
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


@click.command("all-triples")
@network_options
@solving_options
@click.option("--counts", required=True, type=_FILE, help="Written: JSON, what became of all triples and the time.")
@click.option("--subsystems", type=_FILE, help="Written: interacting triples of each subsystem.")
def all_triples(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    method: "Method",
    processes: int,
    output: Path,
    counts: Path,
    subsystems: Path | None,
) -> None:
    """Find every triple of the model's genes whose tau is not zero, and count the rest.

    A stopped search is taken up where it was left: solved batches lie beside the output until it is written.
    """
    import numpy as np
    import pandas as pd

    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.knockouts.triples import gene_triples, search_triples, subsystem_table, triple_counts

    start = time.perf_counter()
    network = load_network(reactions, incidence, complexes, genes)
    search = search_triples(network, method, processes, kept=output.parent / f".{output.stem}.solved")
    table = gene_triples(search)
    if subsystems is not None:
        write_table(subsystem_table(table, network, read_table(reactions, schemas.REACTIONS)), subsystems)
    content = triple_counts(search, len(network.gem_genes))
    names = np.array(network.genes, dtype=object)
    for column in ("first", "second", "third"):
        table[column] = pd.Categorical(names[table[column].to_numpy()], categories=names)
    write_table(table, output)
    write_json({**content, "seconds": time.perf_counter() - start, "processes": processes}, counts)
    above = "interacting_above_"
    ladder = [f"{content[name]} above {name.removeprefix(above)}" for name in content if name.startswith(above)]
    click.echo(
        f"{content['triples']} triples: {content['interacting']} interact above rounding (1e-6), {', '.join(ladder)}; "
        f"{content['failed']} failed; {content['linear_programs_triples']} linear programs",
        err=True,
    )


@click.command("lethal-sets")
@network_options
@click.option("--order", type=click.IntRange(min=1), default=3, show_default=True, help="Greatest number of genes.")
@click.option(
    "--cutoff",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Part of the wild type's growth below which a genotype is lethal.",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Programs solved at once.")
@click.option("--output", required=True, type=_FILE, help="Written: one row a minimal lethal set.")
def lethal_sets_command(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    order: int,
    cutoff: float,
    threads: int,
    output: Path,
) -> None:
    """Find every minimal lethal set of genes, exactly.

    A stopped search is taken up where it was left: solved batches lie beside the output until it is written.
    """
    from rich.console import Console

    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.metabolism.knockouts.lethal_search import find_lethal_sets
    from pipeline_lib.metabolism.programs.solving import threaded_solver

    network = load_network(reactions, incidence, complexes, genes)
    kept = output.parent / f".{output.stem}.solved"
    table = find_lethal_sets(network, order, cutoff, partial(threaded_solver, threads, kept, Console(stderr=True)))
    write_table(table.assign(genes=table["genes"].map(list)), output)
    counts = table["order"].value_counts().sort_index()
    click.echo(
        f"{', '.join(f'{count} of {number} genes' for number, count in counts.items()) or 'no lethal set'}; "
        f"{table.attrs['programs_solved']} linear programs",
        err=True,
    )


@click.group()
def app() -> None:
    """Genome-scale model: tables, tensors, gene rules, energies, knockouts."""


app.add_command(build)
app.add_command(knockouts)
app.add_command(all_pairs)
app.add_command(all_triples)
app.add_command(lethal_sets_command)
app.add_command(media)
app.add_command(essentiality)
app.add_command(subsystem_benchmark_command)
app.add_command(explain)
app.add_command(essentiality_benchmark_command)
