"""A typo in a configuration is one sentence that names the nearest key."""

from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.loading import load_run, merge, parse_run_config, parse_section, read_run_config
from pipeline_lib.config.section import ConfigurationError
from pipeline_lib.errors import PipelineError

SHIPPED = sorted(
    path.stem
    for path in (Path(__file__).parents[2] / "config").glob("*.yaml")
    if path.stem not in ("sources", "own_screen", "ecoli")
)
"""Every configuration but the catalogue of sources and two that lack the file or the screen of the user."""


def minimal(**changes):
    content = {
        "run": "test",
        "metabolism": {"gem": "cobra:textbook"},
        "screens": {"ours": {"reader": "table", "files": {"table": "x.csv"}, "columns": {"genes": "g", "value": "v"}}},
        "grid": [{"models": ["mean"], "splits": ["random"]}],
    }
    return {**content, **changes}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_configurations_are_good(root, monkeypatch, name):
    monkeypatch.chdir(root)
    config = read_run_config(root / "config" / f"{name}.yaml")
    assert config.grid


def fits(config):
    return {
        (model, split, seed)
        for entry in config.grid
        for model in entry.models
        for split in entry.splits
        for seed in entry.seeds
    }


def test_every_model_goes_on_where_the_yeast_run_ends(root, monkeypatch):
    monkeypatch.chdir(root)
    yeast, every = (read_run_config(root / "config" / name) for name in ("config.yaml", "every_model.yaml"))
    models, splits = {model for model, _, _ in fits(yeast)}, set(yeast.splits.names)
    assert every.run == yeast.run
    assert fits(yeast) <= fits(every), "nothing is fitted again"
    assert {(model, split) for model, split, _ in fits(every)} == {(m, s) for m in models for s in splits}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metabolsm": {}}, r"unknown key 'metabolsm'; did you mean 'metabolism'\?"),
        ({"metabolism": {"gem": "x", "mediun": "model"}}, r"unknown key 'metabolism.mediun'; did you mean 'medium'\?"),
        ({"splits": {"tset": 0.2}}, r"unknown key 'splits.tset'; did you mean 'test'\?"),
        ({"evaluation": {"resamples": 3}}, "key 'evaluation.resamples': .*greater than or equal to 100"),
        ({"splits": {"names": ["random-0"]}}, "key 'splits.names.0': there is no split 'random-0'; choose among"),
        (
            {
                "screens": {
                    "pooled": {"reader": "table", "files": {"table": "t"}, "columns": {"genes": "g", "value": "v"}}
                }
            },
            "key 'screens': 'pooled' stands for all screens together",
        ),
        (
            {"screens": {"a": {"reader": "emap", "files": {"scores": "s"}, "sheet": "1"}}},
            "key 'screens.a': only the reader 'table' takes sheet",
        ),
        ({"grid": []}, "key 'grid': .*at least 1 item"),
        ({"run": "../escape"}, "key 'run'"),
        ({"run": "a; rm -rf"}, "key 'run'"),
    ],
)
def test_a_fault_names_its_key(changes, message):
    with pytest.raises(PipelineError, match=f"mine.yaml: {message}"):
        parse_run_config(minimal(**changes), "mine.yaml")


def test_a_typo_below_a_name_of_the_users_own_is_found():
    content = minimal()
    content["screens"]["ours"]["colums"] = {}
    with pytest.raises(PipelineError, match=r"unknown key 'screens.ours.colums'; did you mean 'columns'\?"):
        parse_run_config(content, "mine.yaml")


def test_a_small_number_in_scientific_notation_is_a_number(tmp_path, root, monkeypatch):
    monkeypatch.chdir(root)
    path = tmp_path / "mine.yaml"
    path.write_text("base: config/quickstart.yaml\ntraining: {learning_rate: 1e-05}\n")
    assert read_run_config(path).training.learning_rate == pytest.approx(1e-5)


def test_a_base_gives_what_the_file_does_not(tmp_path, root, monkeypatch):
    monkeypatch.chdir(root)
    path = tmp_path / "mine.yaml"
    path.write_text("base: config/config.yaml\nrun: mine\nscreens: {simulated: null}\n")
    mine, base = read_run_config(path), read_run_config(root / "config/config.yaml")
    assert mine.run == "mine"
    assert set(base.screens) - set(mine.screens) == {"simulated"}
    assert mine.metabolism == base.metabolism


def test_the_description_of_a_base_is_not_that_of_the_run(tmp_path, root):
    path = tmp_path / "mine.yaml"
    path.write_text(f"base: {root}/config/quickstart.yaml\nrun: mine\n")
    assert read_run_config(root / "config/quickstart.yaml").description
    assert read_run_config(path).description == ""


def test_bases_in_a_circle_are_refused(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(f"base: {second}\n")
    second.write_text(f"base: {first}\n")
    with pytest.raises(PipelineError, match="not in a circle"):
        read_run_config(first)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run: [", "not valid YAML"),
        ("- a\n", "must be a mapping"),
        ("run: !!python/object/apply:os.system [ls]", "YAML"),
    ],
)
def test_what_is_no_configuration_is_refused(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(PipelineError, match=message):
        read_run_config(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PipelineError, match=r"none.yaml does not exist"):
        read_run_config(tmp_path / "none.yaml")


def test_a_section_as_json_is_checked_by_the_same_rules():
    adapter = TypeAdapter(EvaluationSettings)
    assert parse_section(adapter, '{"resamples": 500}', "--settings").resamples == 500
    with pytest.raises(PipelineError, match=r"unknown key 'resampels'; did you mean 'resamples'\?"):
        parse_section(adapter, '{"resampels": 500}', "--settings")


def test_merging_takes_away_what_is_null_and_keeps_the_rest():
    assert merge({"a": {"x": {"k": 1}, "y": {"k": 2}}}, {"a": {"x": None, "y": {"m": 3}}}) == {
        "a": {"y": {"k": 2, "m": 3}}
    }


def test_an_entry_with_its_own_reader_replaces_the_old_one_whole():
    base = {"screens": {"a": {"reader": "x", "files": {"old": 1}}}}
    assert merge(base, {"screens": {"a": {"reader": "y", "files": {"new": 2}}}})["screens"]["a"]["files"] == {"new": 2}


def test_a_relative_path_counts_from_the_file_that_names_it(tmp_path, monkeypatch):
    """A base and the file over it each name a table ``mine.csv`` of their own folder."""
    for name in ("study", "lab", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.csv").touch()
    columns = {"genes": "g", "value": "v"}
    table = {"reader": "table", "files": {"table": "mine.csv"}, "columns": columns}
    base = {**minimal(), "screens": {"of_base": table}}
    (tmp_path / "lab" / "base.yaml").write_text(yaml.safe_dump(base))
    (tmp_path / "study" / "run.yaml").write_text(
        yaml.safe_dump({"base": "../lab/base.yaml", "screens": {"of_run": table}})
    )
    monkeypatch.chdir(tmp_path / "here")
    screens = read_run_config(tmp_path / "study" / "run.yaml").screens
    assert screens["of_base"].files["table"] == str(tmp_path / "lab" / "mine.csv")
    assert screens["of_run"].files["table"] == str(tmp_path / "study" / "mine.csv")
    # What was typed in the working folder counts from there.
    typed = {**base, "screens": {"typed": table}}
    assert parse_run_config(typed, "configuration").screens["typed"].files["table"] == "mine.csv"


def test_home_stands_for_a_folder_in_every_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("mine.csv", "gem.json"):
        (tmp_path / name).touch()
    (tmp_path / "mirror").mkdir()
    (tmp_path / "sources.yaml").write_text("{}")
    (tmp_path / "base.yaml").write_text(
        yaml.safe_dump(
            minimal(
                screens={
                    "lab": {
                        "reader": "table",
                        "files": {"table": "~/mine.csv"},
                        "columns": {"genes": "g", "value": "v"},
                    }
                }
            )
        )
    )
    changes = {"base": "~/base.yaml", "mirror": "~/mirror", "catalogue": "~/sources.yaml"}
    loaded = load_run({**changes, "metabolism": {"gem": "~/gem.json"}}, "configuration")
    assert loaded.faults == ()
    found = (loaded.config.mirror, loaded.config.catalogue, loaded.config.metabolism.gem)
    assert [str(path) for path in found] == [str(tmp_path / name) for name in ("mirror", "sources.yaml", "gem.json")]
    assert loaded.config.screens["lab"].files["table"] == str(tmp_path / "mine.csv")


def test_a_name_of_the_catalogue_is_that_source_whatever_lies_beside(tmp_path, monkeypatch):
    (tmp_path / "yeast-gem").mkdir()
    (tmp_path / "yeast-gem" / "yeast-GEM.yml").touch()
    monkeypatch.chdir(tmp_path)
    run = parse_run_config(minimal(metabolism={"gem": "yeast-gem/yeast-GEM.yml"}), "configuration")
    assert run.metabolism.gem == "yeast-gem/yeast-GEM.yml"


def test_everything_that_is_wrong_is_reported_at_once():
    with pytest.raises(ConfigurationError) as caught:
        load_run(minimal(run="my run", metabolsm={}, catalogue="~/nowhere.yaml", grid=[]), "mine.yaml")
    reported = caught.value.sentences
    assert len(reported) == 4
    for part in ("instance 'my-run'", "unknown key 'metabolsm'", "key 'grid'", "no file '~/nowhere.yaml'"):
        assert sum(part in sentence for sentence in reported) == 1


def test_a_base_without_a_screen_needs_the_table(root):
    with pytest.raises(PipelineError, match="no screen is named; name your table under screens") as caught:
        read_run_config(root / "config" / "own_screen.yaml")
    assert caught.value.sentences == (str(caught.value),)


def test_an_own_screen_inherits_the_yeast_cell_and_nothing_of_the_published_screens(root, tmp_path):
    table = {"reader": "table", "files": {"table": "mine.csv"}, "columns": {"gene1": "a", "gene2": "b", "value": "v"}}
    (tmp_path / "mine.csv").touch()
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"base": "config/own_screen.yaml", "run": "mine", "screens": {"lab": table}}))
    mine, yeast = read_run_config(path), read_run_config(root / "config/config.yaml")
    assert (list(mine.screens), mine.simulation, mine.splits.cross_screen_test, mine.description) == (
        ["lab"],
        {},
        [],
        "",
    )
    assert (mine.metabolism, mine.organism, mine.networks) == (yeast.metabolism, yeast.organism, yeast.networks)
    assert len({model for model, _, _ in fits(mine)}) == 6
    assert {split for _, split, _ in fits(mine)} == {"random", "gene_disjoint_one"}


def test_every_simulated_screen_trains_a_network_of_its_own_unless_others_are_named():
    """Whatever it is called: in-silico values would teach the network of the measured screens."""
    simulated = {"reader": "kuzmin2018", "files": {"table": "simulated:plates/aao1729_data_s1.tsv"}}
    content = minimal(simulation={"plates": {}})
    content["screens"]["in_silico"] = simulated
    assert parse_run_config(content, "mine.yaml").models.clp.separate == ["in_silico"]
    named = {**content, "models": {"clp": {"separate": ["ours"], "hidden": 32}}}
    assert parse_run_config(named, "mine.yaml").models.clp.separate == ["ours"]
    assert parse_run_config({**named, "models": {"clp": {"separate": []}}}, "mine.yaml").models.clp.separate == []
    assert parse_run_config(minimal(), "mine.yaml").models.clp.separate == []
    with pytest.raises(PipelineError, match=r"key 'models\.clp'"):
        parse_run_config({**content, "models": {"clp": 3}}, "mine.yaml")
