"""``metabolism essentiality``: predicted against measured essential genes."""

from pathlib import Path

import click

from pipeline_lib.metabolism.knockouts_cli import load_network, network_options

_COLUMNS = ["id", "name", "lower_bound", "upper_bound", "exchange"]


@click.command()
@network_options
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Written: confusion tables (json).")
def essentiality(reactions: Path, incidence: Path, complexes: Path, genes: Path, output: Path) -> None:
    """Compare the model's essential genes with the measured ones: confusion table, accuracy, MCC.

    Once on the medium of the run and once under the protocol of yeast-GEM's own test.
    """
    from pipeline_lib.artefacts.atomic import write_json
    from pipeline_lib.artefacts.tables import read_table
    from pipeline_lib.metabolism.essentiality import essentiality_report

    network = load_network(reactions, incidence, complexes, genes)
    report = essentiality_report(
        network, read_table(reactions, columns=_COLUMNS), read_table(genes, columns=["gene", "in_gem", "essential"])
    )
    write_json(report, output)
    for name, found in report["conditions"].items():
        click.echo(f"{name}: {found['genes']} genes, accuracy {found['accuracy']}, MCC {found['mcc']}", err=True)
    for note in report["notes"]:
        click.echo(note, err=True)
