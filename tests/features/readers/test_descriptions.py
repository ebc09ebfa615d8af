"""SGD's descriptions without statements on genetic interactions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.errors import PipelineError
from pipeline_lib.features.readers.annotations import without_genetic_statements
from tests.features.conftest import build


@pytest.mark.parametrize(
    ("statement", "removed"),
    [
        ("interacts genetically with TOR1", True),
        ("mtc1 is synthetically lethal with cdc13-1", True),
        ("exhibits genetic interactions with KAR2", True),
        ("multicopy suppressor of ypt6 null mutation", True),
        ("deletion of both genes is lethal", True),
        ("functionally redundant with BNR1", True),
        ("irc18 loh1 double mutant exhibits reduced fluorescence", True),
        ("interacts physically with Cdc53p", False),
        ("synthetic peptide of the alpha factor", False),
        ("subunit of the prefoldin complex", False),
    ],
)
def test_statements_on_genetic_interactions_are_removed(statement: str, removed: bool) -> None:
    kept = without_genetic_statements(f"Kinase of the spindle; {statement}; localizes to the nucleus")
    assert kept.startswith("Kinase of the spindle; ")
    assert kept.endswith("localizes to the nucleus")
    assert (statement not in kept) == removed


def sgd(folder: Path, **descriptions: str) -> dict[str, Path]:
    path = folder / "SGD_features.tab"
    rows = descriptions.items()
    path.write_text("".join("\t".join(["S1", "ORF", "Verified", gene, *[""] * 11, text]) + "\n" for gene, text in rows))
    return {"features": path}


def test_the_same_words_give_the_same_numbers_and_repeat_exactly(tmp_path: Path, genes: pd.DataFrame) -> None:
    kinase, ribosome = "Protein kinase of the spindle", "Ribosomal protein of the large subunit"
    files = sgd(
        tmp_path,
        YAL001C=kinase,
        YAL002W=kinase,
        YBR123C=kinase,
        YBR160W=ribosome,
        YDR362C=ribosome,
        YER090W=ribosome,
        YKL211C="synthetic lethal with x",
    )
    table = build("descriptions", files, genes, components=2)
    values = table.drop(columns="gene_index")
    np.testing.assert_allclose(values.loc["TFC3"], values.loc["VPS8"], atol=1e-6)
    assert abs(values.loc["TFC3"] - values.loc["CDC28"]).max() > 0.5
    assert "TRP3" not in values.index
    again = build("descriptions", files, genes, components=2)
    np.testing.assert_array_equal(values.to_numpy(), again.drop(columns="gene_index").to_numpy())


def test_too_few_words_for_the_components_are_refused(tmp_path: Path, genes: pd.DataFrame) -> None:
    files = sgd(tmp_path, YAL001C="protein kinase", YAL002W="protein kinase", YBR123C="protein kinase")
    with pytest.raises(PipelineError, match="64 components of 2 words; lower 'components'"):
        build("descriptions", files, genes)


@pytest.mark.mirror
def test_ribosomal_proteins_have_similar_descriptions(mirror: Path, yeast_genes: pd.DataFrame) -> None:
    table = build("descriptions", {"features": mirror / "essentiality" / "SGD_features.tab"}, yeast_genes)
    values = table.drop(columns="gene_index")
    unit = values.div(np.sqrt((values**2).sum(axis=1)), axis=0)
    assert unit.loc["RPL3"] @ unit.loc["RPL5"] > 0.5
    assert unit.loc["RPL3"] @ unit.loc["SDH1"] < 0.3
    assert values.shape[1] == 64
    assert len(values) > 6000
