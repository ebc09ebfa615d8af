"""Pearson and RMSE of resamples out of sums."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from pipeline_lib.evaluation.intervals import estimates
from pipeline_lib.evaluation.intervals.design import ClusterDesign
from pipeline_lib.evaluation.intervals.estimates import draw_resamples
from pipeline_lib.evaluation.metrics.moments import MomentBootstrap, pearson, pearson_within_query, pooled, rmse

DESIGNS = {
    "query": ("query", 1, (9,)),
    "query and array": ("query_array", 2, (9, 14)),
    "pairs of genes": ("gene", 2, (12, 12)),
    "triples of genes": ("gene", 3, (12, 12, 12)),
}


def design_of(name: str, rng: np.random.Generator, n: int = 400) -> ClusterDesign:
    kind, ways, sizes = DESIGNS[name]
    if kind == "gene":
        codes = np.array([np.sort(rng.permutation(sizes[0])[:ways]) for _ in range(n)])
    else:
        codes = np.column_stack([rng.integers(size, size=n) for size in sizes])
    return ClusterDesign(kind, codes, sizes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DESIGNS)
def test_every_draw_is_the_metric_of_the_rows_written_out(name: str, literal: Callable) -> None:
    rng = np.random.default_rng(0)
    design = design_of(name, rng)
    resamples = draw_resamples(design, 12, [0])
    y = rng.normal(size=400)
    x = 0.5 * y + rng.normal(size=400) + 3
    sums = MomentBootstrap(design, resamples, y).sums(x)
    for draw in range(13):
        rows = literal(design, resamples, draw)
        assert pearson(sums)[draw] == pytest.approx(stats.pearsonr(x[rows], y[rows])[0], abs=1e-12)
        assert rmse(sums)[draw] == pytest.approx(np.sqrt(np.mean((x[rows] - y[rows]) ** 2)))


def centred(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return values - (np.bincount(codes, weights=values) / np.maximum(np.bincount(codes), 1))[codes]


@pytest.mark.parametrize("name", ["query", "query and array"])
def test_within_queries_every_draw_is_centred_by_its_own_query_means(name: str, literal: Callable) -> None:
    rng = np.random.default_rng(1)
    design = design_of(name, rng)
    resamples = draw_resamples(design, 12, [0])
    query = rng.normal(size=9)[design.codes[:, 0]]
    y, x = rng.normal(size=400) + query, rng.normal(size=400) - query
    within = pearson_within_query(MomentBootstrap(design, resamples, y).sums(x))
    for draw in range(13):
        rows = literal(design, resamples, draw)
        codes = design.codes[rows, 0]
        assert within[draw] == pytest.approx(stats.pearsonr(centred(x[rows], codes), centred(y[rows], codes))[0])


def test_in_an_e_map_each_gene_of_a_pair_is_the_query_in_turn(literal: Callable) -> None:
    rng = np.random.default_rng(2)
    design = design_of("pairs of genes", rng)
    resamples = draw_resamples(design, 8, [0])
    y, x = rng.normal(size=(2, 400))
    within = pearson_within_query(MomentBootstrap(design, resamples, y).sums(x))
    for draw in range(9):
        rows = literal(design, resamples, draw)
        both, codes = np.append(rows, rows), design.codes[rows].T.ravel()
        assert within[draw] == pytest.approx(stats.pearsonr(centred(x[both], codes), centred(y[both], codes))[0])


def test_dense_and_sparse_sums_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    design = design_of("query and array", rng)
    resamples = draw_resamples(design, 20, [0])
    y, x = rng.normal(size=(2, 400))
    dense = pearson(MomentBootstrap(design, resamples, y).sums(x))
    monkeypatch.setattr(estimates, "_DENSE_CELLS", 0)
    assert pearson(MomentBootstrap(design, resamples, y).sums(x)) == pytest.approx(dense, abs=1e-12)


def test_removing_query_means_removes_what_a_lookup_of_the_query_knows() -> None:
    rng = np.random.default_rng(4)
    design = design_of("query", rng)
    query = rng.normal(size=9)[design.codes[:, 0]]
    y = query + 0.1 * rng.normal(size=400)
    sums = MomentBootstrap(design, draw_resamples(design, 30, [0]), y).sums(query)
    within = pearson_within_query(sums)
    assert pearson(sums)[0] > 0.9
    assert (within == 0).all()


@pytest.mark.parametrize("jitter", [0.0, 1e-8])
def test_a_constant_prediction_shows_no_association(jitter: float) -> None:
    rng = np.random.default_rng(5)
    design = design_of("query", rng)
    x = 0.7 + jitter * rng.normal(size=400)
    sums = MomentBootstrap(design, draw_resamples(design, 30, [0]), rng.normal(size=400)).sums(x)
    assert (pearson(sums) == 0).all()


def test_constant_measurements_cannot_show_an_association() -> None:
    rng = np.random.default_rng(6)
    design = design_of("query", rng)
    sums = MomentBootstrap(design, draw_resamples(design, 30, [0]), np.full(400, 0.3)).sums(rng.normal(size=400))
    assert np.isnan(pearson(sums)).all()


def test_pooled_screens_correlate_by_their_means_and_within_screens_they_need_not() -> None:
    rng = np.random.default_rng(7)
    design = design_of("query", rng)
    parts, xs, ys = [], [], []
    for shift in (0.0, 5.0):
        y, x = rng.normal(size=400) + shift, rng.normal(size=400) + shift
        parts.append(MomentBootstrap(design, draw_resamples(design, 30, [0]), y).sums(x))
        xs.append(x)
        ys.append(y)
    whole, within = pooled(parts)
    assert whole[0] == pytest.approx(stats.pearsonr(np.concatenate(xs), np.concatenate(ys))[0])
    centre = [np.concatenate([part - part.mean() for part in values]) for values in (xs, ys)]
    assert within[0] == pytest.approx(stats.pearsonr(*centre)[0])
    assert whole[0] > 0.8
    assert abs(within[0]) < 0.2


def test_rows_of_a_query_move_together_so_resampling_rows_gives_too_short_an_interval() -> None:
    """The spread of the correlation over fresh screens is what the query bootstrap says, not the row bootstrap."""
    rng = np.random.default_rng(8)
    codes = np.repeat(np.arange(40), 50)

    def screen() -> tuple[np.ndarray, np.ndarray]:
        shared = rng.normal(size=(2, 40))[:, codes]
        return shared[0] + rng.normal(size=2000), shared[1] + rng.normal(size=2000)

    true_spread = np.std([stats.pearsonr(*screen())[0] for _ in range(300)])
    by_query, by_row = [], []
    for _ in range(20):
        x, y = screen()
        for spreads, clusters in ((by_query, codes), (by_row, np.arange(2000))):
            design = ClusterDesign("query", clusters[:, None], (int(clusters.max()) + 1,))
            draws = pearson(MomentBootstrap(design, draw_resamples(design, 200, [0]), y).sums(x))
            spreads.append(draws[1:].std())
    assert np.mean(by_query) == pytest.approx(true_spread, rel=0.15)
    assert np.mean(by_row) < 0.5 * true_spread


def test_triples_without_queries_have_nothing_to_centre_within() -> None:
    rng = np.random.default_rng(9)
    design = design_of("triples of genes", rng)
    bootstrap = MomentBootstrap(design, draw_resamples(design, 5, [0]), rng.normal(size=400))
    assert np.isnan(pearson_within_query(bootstrap.sums(rng.normal(size=400)))).all()
    with pytest.raises(ValueError, match="no one query"):
        bootstrap.influence_within_query(rng.normal(size=400))
