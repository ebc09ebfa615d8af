"""2,000 two-way bootstrap resamples of a million rows: sums over cells against the rows themselves."""

import numpy as np
import pandas as pd
from measure import interleaved, peak_mb, timed, write_benchmark
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from pipeline_lib.evaluation.intervals.design import ClusterDesign, ClusterKind, of_correlation
from pipeline_lib.evaluation.intervals.estimates import Estimate, Resamples, draw_resamples
from pipeline_lib.evaluation.metrics.moments import MomentBootstrap, pearson, pearson_within_query, rmse
from pipeline_lib.evaluation.metrics.ranking import RankingBootstrap

ROWS, QUERIES, ARRAYS = 1_000_000, 1_700, 3_800
RESAMPLES, RANKING_RESAMPLES, PEER_RESAMPLES = 2_000, 200, 20
REPEATS = 3
WORK = (
    f"Pearson, Pearson within queries and RMSE of {ROWS:,} rows in {QUERIES:,} queries and {ARRAYS:,} arrays, "
    f"{RESAMPLES:,} resamples of queries and arrays together, setting up and the robust width included. "
    "The peer is scipy.stats.bootstrap over queries alone (paired indices of clusters, percentile) whose statistic "
    f"joins the drawn queries' rows and takes Pearson alone, measured on {PEER_RESAMPLES} resamples and scaled to "
    f"{RESAMPLES:,}; pandas_s is groupby(query).get_group and concat, scaled likewise. query_s: ours with queries "
    "alone resampled. ranking_s: Spearman, AUROC, average precision and precision at 100, each ranked anew in "
    f"{RANKING_RESAMPLES} two-way resamples."
)

Floats = NDArray[np.float64]


def screen() -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Return query, array, measured and predicted value of every row; rows of a query share an error."""
    rng = np.random.default_rng(0)
    query, array = rng.integers(QUERIES, size=ROWS), rng.integers(ARRAYS, size=ROWS)
    y = rng.normal(size=ROWS) + rng.normal(size=QUERIES)[query]
    return query, array, y, 0.5 * y + rng.normal(size=ROWS)


def resampled(kind: ClusterKind, *ways: NDArray[np.int64]) -> tuple[ClusterDesign, Resamples]:
    """Return the design of one or two ways of clusters and its resamples."""
    sizes = tuple(int(way.max()) + 1 for way in ways)
    design = ClusterDesign(kind, np.column_stack(ways), sizes)
    return design, draw_resamples(design, RESAMPLES, [0])


def main() -> None:
    """Measure ours and both peers and write ``results/benchmarks/bootstrap.json``."""
    query, array, y, x = screen()

    def one(kind: ClusterKind, *ways: NDArray[np.int64]) -> None:
        design, resamples = resampled(kind, *ways)
        sums = MomentBootstrap(design, resamples, y).sums(x)
        draws = pearson(sums)
        pearson_within_query(sums)
        rmse(sums)
        influence = of_correlation(x - x.mean(), y - y.mean())
        Estimate(float(draws[0]), draws[1:], design.effective(), design, influence).interval(0.95)

    def ours() -> None:
        one("query_array", query, array)

    def ranking() -> None:
        design, resamples = resampled("query_array", query, array)
        bootstrap = RankingBootstrap(design, resamples.first(RANKING_RESAMPLES), y)
        bootstrap.spearman(x)
        bootstrap.calls(-x, y < -3)

    order = np.argsort(query, kind="stable")
    parts = np.split(order, np.searchsorted(query[order], np.arange(1, QUERIES)))

    def correlation(drawn: NDArray[np.int64]) -> float:
        rows = np.concatenate([parts[code] for code in drawn])
        return float(np.corrcoef(x[rows], y[rows])[0, 1])

    def peer() -> None:
        stats.bootstrap(
            (np.arange(QUERIES),),
            correlation,
            n_resamples=PEER_RESAMPLES,
            vectorized=False,
            method="percentile",
            rng=np.random.default_rng(0),
        )

    frame = pd.DataFrame({"query": query, "x": x, "y": y})

    def pandas_peer() -> None:
        groups = frame.groupby("query")
        rng = np.random.default_rng(0)
        for _ in range(PEER_RESAMPLES):
            drawn = pd.concat([groups.get_group(code) for code in rng.integers(QUERIES, size=QUERIES)])
            drawn["x"].corr(drawn["y"])

    with threadpool_limits(2):
        ours_s, peer_s = interleaved(ours, peer, REPEATS)
        scale = RESAMPLES / PEER_RESAMPLES
        write_benchmark(
            "bootstrap",
            ours_s=ours_s,
            peer_s=[seconds * scale for seconds in peer_s],
            work=WORK,
            query_s=timed(lambda: one("query", query)),
            ranking_s=timed(ranking),
            pandas_s=timed(pandas_peer) * scale,
            rows=ROWS,
            resamples=RESAMPLES,
            peak_mb=peak_mb(),
        )


if __name__ == "__main__":
    main()
