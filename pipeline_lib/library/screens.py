"""Read measurements of genotypes, a table of one's own or a published layout, into the columns of observations."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from pipeline_lib.artefacts.tables import read_table
from pipeline_lib.cell.graph import build_gene_table
from pipeline_lib.config.screens import ScreenSettings
from pipeline_lib.config.section import explain
from pipeline_lib.genes.gene_tables import read_gene_table
from pipeline_lib.genes.names import GeneNames
from pipeline_lib.library.run import Run
from pipeline_lib.screens import reading


def read_screen(
    files: Path | str | Mapping[str, Path | str],
    reader: str = "table",
    *,
    genes: Run | pd.DataFrame | Path | str,
    name: str = "screen",
    **settings: Any,  # noqa: ANN401 - checked by `ScreenSettings`
) -> pd.DataFrame:
    """Read a screen.

    Parameters
    ----------
    files
        The file, or the files by role (``clp screens readers`` lists the roles).
    reader
        ``table`` for a table of one's own, or the reader of a publication or of an installed package.
    genes
        Which genes there are and their names: a `Run`, a table such as `Run.genes`, ``tables/genes.parquet`` of a run,
        or a gene table (SGD_features.tab, or one with the columns id, name, aliases).
    name
        What the screen is called in the column ``screen``.
    settings
        Keys of a screen in a run's configuration: ``columns``, ``phenotype``, ``p_sided``, ``orders`` and so on.

    Returns
    -------
    DataFrame
        The columns of ``tables/observations.parquet``. Its ``attrs`` hold ``left_out`` (observations that the settings
        leave out) and ``rejected`` (number of rejected rows by reason).

    Raises
    ------
    PipelineError
        When a setting or a file is not what the reader needs.

    Examples
    --------
    >>> columns = {"gene1": "gene_a", "gene2": "gene_b", "value": "epsilon"}
    >>> read_screen("our_screen.csv", genes="SGD_features.tab", columns=columns)
    """
    screen = _screen(files, reader, settings, name)
    paths = {role: Path(path) for role, path in screen.files.items()}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "observations.parquet"
        rejected = Path(folder) / "rejected.parquet"
        counts = reading.read_screen(name, screen, paths, _names(genes), output, rejected)
        table = read_table(output)
    table.attrs.update(left_out=counts.left_out, rejected={str(reason): n for reason, n in counts.rejected.items()})
    return table


def _screen(
    files: Path | str | Mapping[str, Path | str], reader: str, settings: dict[str, Any], name: str
) -> ScreenSettings:
    by_role = dict(files) if isinstance(files, Mapping) else {_only_role(reader): files}
    content = {"reader": reader, "files": {role: str(path) for role, path in by_role.items()}, **settings}
    try:
        return ScreenSettings.model_validate(content)
    except ValidationError as error:
        raise explain(error, [ScreenSettings], f"screen '{name}'") from error


def _only_role(reader: str) -> str:
    """Return the role of a single file: the reader's first."""
    from pipeline_lib.config.screen_readers import SCREEN_READERS

    return SCREEN_READERS.get(reader).files.known[0]


def _names(genes: Run | pd.DataFrame | Path | str) -> GeneNames:
    if isinstance(genes, Run):
        return GeneNames.from_table(genes.genes)
    if isinstance(genes, pd.DataFrame):
        return GeneNames.from_table(genes)
    path = Path(genes)
    if path.suffix == ".parquet":
        return GeneNames.from_table(read_table(path))
    return GeneNames.from_table(build_gene_table([], read_gene_table(path)))
