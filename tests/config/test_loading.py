"""A typo in a configuration is one sentence that names the nearest key."""

import pytest
from pydantic import TypeAdapter

from pipeline_lib.config.evaluation import EvaluationSettings
from pipeline_lib.config.loading import merge, parse_run_config, parse_section, read_run_config
from pipeline_lib.errors import PipelineError

SHIPPED = (
    "config", "quickstart", "metabolism", "trigenic", "full", "ci", "collins2007", "kuzmin2018_calls", "every_model",
)  # fmt: skip


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


def test_a_section_as_json_is_checked_alike():
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
