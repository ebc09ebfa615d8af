"""What the matrix baselines reach on the chromosome-biology E-MAP of Collins et al. 2007."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.cell.genotypes import encode
from pipeline_lib.cell.splits import assign
from pipeline_lib.config.training import SplitSettings
from pipeline_lib.models.baselines.linear import TwoWayModel
from pipeline_lib.models.baselines.matrix_completion import NearestProfilesModel, SoftImputeModel
from pipeline_lib.models.baselines.network_profiles import NetworkProfilesModel

pytestmark = pytest.mark.mirror


@pytest.fixture(scope="module")
def emap(mirror):
    """The upper triangle of the published matrix, by systematic name; names that are none are left out."""
    import rdata

    scores = rdata.read_rda(mirror / "collins2007" / "gi2007.rda", default_encoding="utf8")["gi2007"]
    names = [str(name) for name in scores.coords["dim_0"].to_numpy()]
    genes = pd.DataFrame({"gene": sorted({name[:7] for name in names if name[:1] == "Y" and len(name) >= 7})})
    genes["gene_index"] = np.arange(len(genes))
    i, j = np.triu_indices(len(names), 1)
    value = scores.to_numpy()[i, j]
    usable = np.array([name[:7] in set(genes["gene"]) for name in names])
    same = np.array([name[:7] for name in names])
    kept = ~np.isnan(value) & usable[i] & usable[j] & (same[i] != same[j])
    i, j = i[kept], j[kept]
    table = pd.DataFrame(
        {
            "observation_id": np.arange(len(i)),
            "screen": "collins2007",
            "genes": [sorted(pair) for pair in zip(same[i], same[j], strict=True)],
            "phenotype": "interaction",
            "value": value[kept],
            "std": np.nan,
            "query": np.array(names, dtype=object)[i],
            "array": np.array(names, dtype=object)[j],
            "temperature": np.nan,
        }
    )
    return encode(table, genes), genes


def split(emap, name):
    genotypes, genes = emap
    fold = assign(genotypes, genes, name, SplitSettings()).fold
    return [genotypes.take(fold == value) for value in range(3)]


def test_on_random_pairs_completion_beats_the_effects_by_far(bench, emap):
    train, validation, test = split(emap, "random")
    cell = bench.cell(num_genes=len(emap[1]))
    reached = {
        model_class: bench.correlation(bench.fit(model_class, train, validation, cell), test)
        for model_class in (TwoWayModel, SoftImputeModel, NearestProfilesModel)
    }
    assert 0.2 < reached[TwoWayModel] < 0.3
    assert 0.60 < reached[SoftImputeModel] < 0.66
    assert 0.60 < reached[NearestProfilesModel] < 0.66


def test_an_unseen_gene_is_predicted_from_physical_neighbours(bench, emap, mirror):
    train, validation, test = split(emap, "gene_disjoint_one")
    links = pd.read_csv(mirror / "string-v12-physical" / "4932.protein.physical.links.v12.0.csv.gz", sep=" ")
    index = emap[1].set_index("gene")["gene_index"]
    source, target = (links[name].str[5:].map(index) for name in ("protein1", "protein2"))
    here = source.notna() & target.notna() & (source < target)
    weight = links["combined_score"][here] / 1000
    edges = zip(["string"] * len(weight), source[here].astype(int), target[here].astype(int), weight, strict=True)
    cell = bench.cell(list(edges), num_genes=len(emap[1]))
    assert bench.correlation(bench.fit(TwoWayModel, train, validation, cell), test) < 0.25
    assert bench.correlation(bench.fit(NetworkProfilesModel, train, validation, cell), test) > 0.3
