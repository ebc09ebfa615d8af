"""Load yeast-GEM and build its stoichiometric matrix: ours against cobra's YAML reader."""

from measure import interleaved, peak_mb, upstream_file, write_benchmark

from pipeline_lib.metabolism.gem import Gem, read_gem

REPEATS = 3


def main() -> None:
    """Measure both and write ``results/benchmarks/gem_load.json``."""
    from cobra.io import load_yaml_model
    from cobra.util import create_stoichiometric_matrix

    path = upstream_file("yeast-gem/yeast-GEM.yml")
    loaded: dict[str, Gem] = {}

    def ours() -> None:
        loaded["ours"] = read_gem(path)

    def peer() -> None:
        loaded["peer"] = create_stoichiometric_matrix(load_yaml_model(str(path)), array_type="lil").tocsc()

    ours_s, peer_s = interleaved(ours, peer, REPEATS)
    difference = loaded["ours"].stoichiometry - loaded["peer"]
    assert difference.shape == (2806, 4131)
    assert abs(difference).max() == 0
    write_benchmark(
        "gem_load",
        ours_s=ours_s,
        peer_s=peer_s,
        work="yeast-GEM 9.0.2 (.yml): read and build the sparse stoichiometric matrix; "
        "peer: cobra.io.load_yaml_model and cobra.util.create_stoichiometric_matrix",
        reactions=difference.shape[1],
        metabolites=difference.shape[0],
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
