"""A scan of all sets of genes finds the strongest ones, into however many shards it is cut."""

from itertools import combinations, pairwise
from math import comb

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline_lib.artefacts.atomic import read_json
from pipeline_lib.errors import PipelineError
from pipeline_lib.training import genome_scan
from pipeline_lib.training.cli import app
from pipeline_lib.training.genome_scan import ScanSummary, Shard
from pipeline_lib.training.predict import open_predictor
from pipeline_lib.training.run_files import find_fit
from tests.training.run_folders import fit, invoke, write_small_run

KEPT = 7


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    run = tmp_path_factory.mktemp("results") / "small"
    write_small_run(run)
    fit(run, "gene_ridge")
    return run


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(genome_scan, "CHUNK", 50)


def scan(run, folder, order, shards):
    """Return the merged table and summary of a scan in so many shards."""
    for number in range(1, shards + 1):
        shard = f"{number}-of-{shards}"
        table, summary = (folder / f"{shard}.{suffix}" for suffix in ("parquet", "json"))
        fitted = {"run_folder": run, "model": "gene_ridge", "order": order}
        invoke(app, "scan", **fitted, shard=shard, kept=KEPT, output=table, summary=summary)
    output, summary = folder / "strongest.parquet", folder / "summary.json"
    invoke(app, "merge-scan", folder=folder, shards=shards, kept=KEPT, output=output, summary=summary)
    return pq.read_table(output).to_pandas(), ScanSummary.from_content(read_json(summary))


@pytest.mark.parametrize("order", [2, 3])
def test_a_scan_keeps_the_lowest_and_highest_of_all_predictions(small, tmp_path, order):
    predictor = open_predictor(find_fit(small, "gene_ridge"))
    genes = predictor.names.genes.to_pylist()
    every = predictor.predict(list(combinations(genes, order)))
    table, summary = scan(small, tmp_path, order, 3)
    lowest, highest = (table[table["end"] == end] for end in (genome_scan.LOWEST, genome_scan.HIGHEST))
    ranked = every.sort_values("prediction", kind="stable")
    np.testing.assert_array_equal(lowest["prediction"], ranked["prediction"].head(KEPT))
    np.testing.assert_array_equal(highest["prediction"], ranked["prediction"].tail(KEPT)[::-1])
    assert lowest["rank"].tolist() == highest["rank"].tolist() == list(range(1, KEPT + 1))
    assert summary.genotypes == len(every) == comb(len(genes), order)
    assert summary.failed == 0
    moments = (summary.mean, summary.sd, summary.minimum, summary.maximum)
    values = every["prediction"]
    assert moments == pytest.approx((values.mean(), values.std(ddof=0), values.min(), values.max()))


def test_the_result_does_not_depend_on_the_number_of_shards(small, tmp_path):
    one, of_one = scan(small, tmp_path, 3, 1)
    many, of_many = scan(small, tmp_path, 3, 11)
    assert one.astype(str).equals(many.astype(str))
    assert of_one.genotypes == of_many.genotypes


@pytest.mark.parametrize("shards", [1, 2, 7, 40])
@pytest.mark.parametrize("genotypes", [0, 1, 49, 50, 51, 1_000])
def test_shards_hold_every_genotype_once(genotypes, shards):
    places = [Shard(number, shards).between(genotypes) for number in range(1, shards + 1)]
    ends = [0, *(end for _, end in places)]
    assert [begin for begin, end in places if begin < end] == [a for a, b in pairwise(ends) if a < b]
    assert ends[-1] == genotypes
    assert ends == sorted(ends)


def test_a_genome_has_36_billion_triples_and_its_last_shard_ends_with_the_last():
    genotypes = comb(6_000, 3)
    assert genotypes == pytest.approx(36e9, rel=0.001)
    begin, end = Shard(1_000, 1_000).between(genotypes)
    assert end == genotypes
    assert end - begin == pytest.approx(genotypes / 1_000, abs=2 * genome_scan.CHUNK)


@pytest.mark.parametrize("text", ["0-of-4", "5-of-4", "3/4", "-1-of-4", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(PipelineError, match="is no shard; write its number and how many there are"):
        Shard.of(text)
