"""``metabolism media``: growth on each named medium beside essential genes and measured fitness."""

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command("media")
@click.option("--gem", required=True, help="The model: a file, or cobra:textbook.")
@click.option("--genes", required=True, type=_FILE, help="The gene index (tables/genes.parquet).")
@click.option("--observations", required=True, type=_FILE, help="tables/observations.parquet, for measured fitness.")
@click.option("--growth", "growth_path", type=_FILE, help="Written: one row a gene and medium.")
@click.option("--output", required=True, type=_FILE, help="Written: one row a medium, data and measure.")
def media(gem: str, genes: Path, observations: Path, growth_path: Path | None, output: Path) -> None:
    """Compare growth of single deletions on each named medium with essential genes and with measured fitness."""
    from pipeline_lib.artefacts import schemas
    from pipeline_lib.artefacts.flux_balance import GROWTH_BY_MEDIUM, MEDIA_BENCHMARK
    from pipeline_lib.artefacts.tables import read_table, write_table
    from pipeline_lib.metabolism.gem import read_gem
    from pipeline_lib.metabolism.media_benchmark import growth_by_medium, media_benchmark
    from pipeline_lib.metabolism.named_media import NAMED_MEDIA

    table = read_table(genes, schemas.GENES)
    model = read_gem(gem)
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
