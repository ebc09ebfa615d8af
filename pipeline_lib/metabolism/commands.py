"""Commands that solve the knockouts of a run and hold flux balance against measurements."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipeline_lib.metabolism.knockouts.conditions import Plate
    from pipeline_lib.metabolism.model.stoichiometry import MetabolicNetwork
    from pipeline_lib.metabolism.programs.wild_type import Method


_FILE = click.Path(path_type=Path)


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the tables of a metabolic network."""
    for option in reversed(
        (
            click.option("--reactions", required=True, type=_FILE, help="metabolism/reactions.parquet."),
            click.option("--incidence", required=True, type=_FILE, help="metabolism/incidence.parquet."),
            click.option("--complexes", required=True, type=_FILE, help="metabolism/complexes.parquet."),
            click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet)."),
        )
    ):
        command = option(command)
    return command


def solving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how knockouts are solved."""
    for option in reversed(
        (
            click.option(
                "--method",
                type=click.Choice(["fba", "moma"]),
                default="fba",
                show_default=True,
                help="fba: greatest growth; moma: growth of the fluxes nearest to the wild type's (linear MOMA).",
            ),
            click.option(
                "--processes",
                type=click.IntRange(min=1),
                default=1,
                show_default=True,
                help="Worker processes; the result does not depend on it.",
            ),
            click.option("--output", required=True, type=_FILE, help="Written: one row a genotype."),
        )
    ):
        command = option(command)
    return command


def load_network(reactions: Path, incidence: Path, complexes: Path, genes: Path) -> "MetabolicNetwork":
    """Read the network back from its tables."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.metabolism.model.stoichiometry import read_network

    return read_network(
        read_table(reactions, schemas.REACTIONS),
        read_table(incidence, schemas.INCIDENCE),
        read_table(complexes, schemas.COMPLEXES),
        read_table(genes, schemas.GENES),
    )


@click.command()
@network_options
@click.option(
    "--genotypes",
    required=True,
    type=_FILE,
    help="Any parquet table with a list column 'genes' of 1 to 3 names (systematic, standard or alias); genes outside "
    "the model have no effect.",
)
@click.option(
    "--media",
    type=_FILE,
    help="metabolism/media.parquet: genotypes of a screen (column 'screen') grow on its medium. Without it, on that of "
    "the network.",
)
@solving_options
def knockouts(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    genotypes: Path,
    media: Path | None,
    method: "Method",
    processes: int,
    output: Path,
) -> None:
    """Compute growth, fitness and interaction of the genotypes of a table and of all their sub-genotypes.

    A stopped run is taken up where it was left: solved batches lie beside the output until it is written.
    """
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.schemas import MEDIA
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.genes.names import GeneNames
    from pipeline_lib.metabolism.knockouts.conditions import Plate, plates, read_genotypes, screens_of_genotypes

    network = load_network(reactions, incidence, complexes, genes)
    wanted = read_genotypes(genotypes, GeneNames.from_table(read_table(genes, schemas.GENES)))
    if media is None:
        _solve_and_write([Plate(network, wanted)], method, processes, output)
        return
    grown = plates(network, wanted, screens_of_genotypes(genotypes, len(wanted)), read_table(media, MEDIA))
    _solve_and_write(grown, method, processes, output)


@click.command("all-pairs")
@network_options
@solving_options
def all_pairs(
    reactions: Path, incidence: Path, complexes: Path, genes: Path, method: "Method", processes: int, output: Path
) -> None:
    """Compute growth, fitness and epsilon of every single and every pair of the model's genes."""
    from pipeline_lib.metabolism.knockouts.conditions import Plate
    from pipeline_lib.metabolism.knockouts.genotypes import choose

    network = load_network(reactions, incidence, complexes, genes)
    _solve_and_write([Plate(network, choose(network.gem_genes, 2))], method, processes, output)


def _solve_and_write(
    grown: "Sequence[Plate]",
    method: "Method",
    processes: int,
    output: Path,
) -> None:
    import pandas as pd

    from pipeline_lib.artefacts.tables import write_table
    from pipeline_lib.metabolism.knockouts.conditions import plate_table

    tables = []
    for plate in grown:
        growths, table = plate_table(plate, method, processes, kept=output.parent / f".{output.stem}.solved")
        tables.append(table)
        counts = table["status"].value_counts()
        click.echo(
            f"medium {plate.medium}: {len(table)} genotypes from {len(growths.optima)} linear programs "
            f"({', '.join(f'{count} {status}' for status, count in counts.items())}); "
            f"wild type grows at {growths.wild_type:.6g} 1/h",
            err=True,
        )
    write_table(pd.concat(tables, ignore_index=True), output)


_BOUNDS = ["id", "name", "lower_bound", "upper_bound", "exchange"]


@click.command()
@network_options
@click.option("--output", required=True, type=_FILE, help="Written: confusion tables (json).")
def essentiality(reactions: Path, incidence: Path, complexes: Path, genes: Path, output: Path) -> None:
    """Compare the model's essential genes with the measured ones: confusion table, accuracy, MCC.

    Once on the medium of the run and once under the protocol of yeast-GEM's own test.
    """
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.metabolism.measurements.essentiality import essentiality_report

    network = load_network(reactions, incidence, complexes, genes)
    report = essentiality_report(
        network, read_table(reactions, columns=_BOUNDS), read_table(genes, columns=["gene", "in_gem", "essential"])
    )
    write_json(report, output)
    for name, found in report["conditions"].items():
        click.echo(f"{name}: {found['genes']} genes, accuracy {found['accuracy']}, MCC {found['mcc']}", err=True)
    for note in report["notes"]:
        click.echo(note, err=True)


@click.command("essentiality-benchmark")
@click.option("--growth", required=True, type=_FILE, help="metabolism/growth_by_medium.parquet.")
@click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet).")
@click.option("--complexes", required=True, type=_FILE, help="metabolism/complexes.parquet.")
@click.option("--edges", required=True, type=_FILE, help="networks/edges.parquet, for numbers of neighbours.")
@click.option(
    "--features",
    "feature_paths",
    multiple=True,
    type=_FILE,
    help="features/<name>.parquet; repeat it. Phenotypes of deletion mutants show which mutants live: leave them out.",
)
@click.option("--output", required=True, type=_FILE, help="Written: one row a predictor and measure.")
def essentiality_benchmark_command(
    growth: Path, genes: Path, complexes: Path, edges: Path, feature_paths: tuple[Path, ...], output: Path
) -> None:
    """Hold growth by flux balance, and boosted trees on it and gene features, against the measured essential genes."""
    import pandas as pd

    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.schemas import ESSENTIALITY_BENCHMARK, GROWTH_BY_MEDIUM
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.measurements.essentiality import essentiality_benchmark, gene_features, same_complex

    table = read_table(genes, schemas.GENES)
    grown = read_table(growth, GROWTH_BY_MEDIUM)
    fitness = grown.pivot_table(index="gene", columns="medium", values="fitness", sort=False, dropna=False)
    tables = {path.stem: read_table(path, schemas.FEATURES) for path in feature_paths}
    features, left_out = gene_features(table["gene"], tables, read_table(edges, schemas.EDGES))
    groups = same_complex(read_table(complexes, schemas.COMPLEXES), len(table))
    found = essentiality_benchmark(
        fitness,
        features,
        table.set_index("gene")["essential"].dropna().astype(bool),
        pd.Series(groups, index=table["gene"]),
    )
    write_table(found, output, ESSENTIALITY_BENCHMARK)
    if left_out:
        click.echo(f"left out, derived from essentiality: {', '.join(left_out)}", err=True)
    for row in found.to_dict("records"):
        what = ", ".join(filter(None, (row["measure"], row["predictor"], row["inputs"], row["folds"])))
        click.echo(f"{what}: {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})", err=True)


@click.command("media")
@click.option("--gem", required=True, help="The model: a file, or cobra:textbook.")
@click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet).")
@click.option("--observations", required=True, type=_FILE, help="tables/observations.parquet, for measured fitness.")
@click.option("--background", multiple=True, help="A gene, or a strain, that every mutant and the wild type lack.")
@click.option("--growth", "growth_path", type=_FILE, help="Written: one row a gene and medium.")
@click.option("--output", required=True, type=_FILE, help="Written: one row a medium, data and measure.")
def media(
    gem: str,
    genes: Path,
    observations: Path,
    background: tuple[str, ...],
    growth_path: Path | None,
    output: Path,
) -> None:
    """Compare growth of single deletions on each named medium with essential genes and with measured fitness."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.schemas import GROWTH_BY_MEDIUM, MEDIA_BENCHMARK
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.measurements.benchmarks import growth_by_medium, media_benchmark
    from pipeline_lib.metabolism.model.gem import read_gem, with_background
    from pipeline_lib.metabolism.named_media import NAMED_MEDIA

    table = read_table(genes, schemas.GENES)
    model = with_background(read_gem(gem), background)
    fitness = growth_by_medium(model, ["model", *NAMED_MEDIA])
    # The gene of the index that an id of the model stands for.
    ids = table.get("gem_id", table["gene"]).where(table["in_gem"], "")
    gene_of = {one: gene for gene, several in zip(table["gene"], ids, strict=True) for one in str(several).split("|")}
    fitness.index = fitness.index.map(lambda gene: gene_of.get(gene, gene))
    fitness = fitness[~fitness.index.duplicated()]
    growth = fitness.attrs["growth"]
    if growth_path is not None:
        grown = fitness.melt(ignore_index=False, var_name="medium", value_name="fitness")
        grown = grown.rename_axis("gene").reset_index()
        write_table(grown.assign(wild_type_growth=grown["medium"].map(growth)), growth_path, GROWTH_BY_MEDIUM)
    essential = table.set_index("gene")["essential"].dropna().astype(bool)
    columns = ["screen", "genes", "order", "phenotype", "value", "kinds"]
    measured = read_table(observations, columns=columns)
    measured = measured[(measured["order"] == 1) & (measured["phenotype"] == "fitness")]
    # The model deletes genes; it knows no partial loss of function.
    measured = measured[measured["kinds"].map(list).map(lambda kinds: kinds == ["deletion"]).astype(bool)]
    measured = measured.assign(gene=measured["genes"].str[0])
    screens = {
        str(screen): part.groupby("gene")["value"].mean() for screen, part in measured.groupby("screen", sort=True)
    }
    found = media_benchmark(fitness, essential, screens)
    of_wild_type = found["medium"].map(growth).astype("float64")
    write_table(found.assign(wild_type_growth=of_wild_type), output, MEDIA_BENCHMARK)
    for medium, why in fitness.attrs["left_out"].items():
        click.echo(f"left out: {medium} ({why})", err=True)
    for row in found.itertuples():
        interval = f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
        click.echo(f"{row.data}, {row.measure}, {row.medium}: {interval}", err=True)


def _measured_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--observations", required=True, type=_FILE, help="tables/observations.parquet."),
            click.option("--knockouts", required=True, type=_FILE, help="metabolism/knockouts.fba.parquet."),
            click.option("--screen", "screens", multiple=True, help="A screen to take; repeat it. Without: every one."),
        )
    ):
        command = option(command)
    return command


@click.command("subsystem-benchmark")
@click.option("--reactions", required=True, type=_FILE, help="metabolism/reactions.parquet.")
@click.option("--complexes", required=True, type=_FILE, help="metabolism/complexes.parquet.")
@click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet).")
@_measured_options
@click.option("--output", required=True, type=_FILE, help="Written: one row a screen, phenotype and subsystem.")
def subsystem_benchmark_command(
    reactions: Path,
    complexes: Path,
    genes: Path,
    observations: Path,
    knockouts: Path,
    screens: tuple[str, ...],
    output: Path,
) -> None:
    """Correlate flux balance with measured fitness and interactions, by subsystem of the deleted genes."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.schemas import SUBSYSTEM_BENCHMARK
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.measurements.agreement import measured_growth
    from pipeline_lib.metabolism.measurements.benchmarks import gene_subsystems, subsystem_benchmark

    subsystems = gene_subsystems(read_table(complexes, schemas.COMPLEXES), read_table(reactions, schemas.REACTIONS))
    measured = measured_growth(observations, knockouts, genes, screens)
    write_table(subsystem_benchmark(measured, subsystems), output, SUBSYSTEM_BENCHMARK)


@click.command("explain")
@network_options
@click.option("--metabolites", required=True, type=_FILE, help="metabolism/metabolites.parquet.")
@click.option("--media", required=True, type=_FILE, help="metabolism/media.parquet.")
@_measured_options
@click.option("--simulated", multiple=True, help="A simulated screen, which fills up where others have fewer.")
@click.option("--pairs", default=10, show_default=True, type=click.IntRange(min=0), help="Pairs to explain.")
@click.option("--triples", default=5, show_default=True, type=click.IntRange(min=0), help="Triples to explain.")
@click.option("--output", required=True, type=_FILE, help="Written: one row a finding on one interaction.")
def explain(
    reactions: Path,
    incidence: Path,
    complexes: Path,
    genes: Path,
    metabolites: Path,
    media: Path,
    observations: Path,
    knockouts: Path,
    screens: tuple[str, ...],
    simulated: tuple[str, ...],
    pairs: int,
    triples: int,
    output: Path,
) -> None:
    """Explain the strongest interactions that are both measured and predicted by flux balance."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.schemas import EXPLANATIONS, MEDIA
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.measurements.agreement import (
        explained_interactions,
        measured_growth,
        strongest_interactions,
    )

    measured = measured_growth(observations, knockouts, genes, screens)
    chosen = strongest_interactions(measured, {2: pairs, 3: triples}, simulated)
    table = explained_interactions(
        chosen,
        load_network(reactions, incidence, complexes, genes),
        read_table(media, MEDIA),
        read_table(reactions, schemas.REACTIONS),
        read_table(metabolites, schemas.METABOLITES),
    )
    write_table(table, output, EXPLANATIONS)
    click.echo(f"{len(chosen)} interactions explained by {len(table)} findings.", err=True)
