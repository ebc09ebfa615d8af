"""A log shows every epoch, and where a killed job went on."""

from pipeline_lib.training.checkpoint import TrainingBar


def test_a_log_has_a_line_an_epoch(capfd):
    with TrainingBar(epochs=2, steps=1) as bar:
        bar.resume(0, 0)
        bar.step(10, 1)
        bar.epoch(0.5, 0.25)
    line = capfd.readouterr().err.strip()
    assert line.startswith("epoch 1 of 2: loss 0.5000, Pearson 0.2500, ")
    assert "resumed" not in line


def test_a_log_tells_where_a_fit_went_on(capfd):
    with TrainingBar(epochs=30, steps=4) as bar:
        bar.resume(28, 7)
    assert capfd.readouterr().err.strip() == "resumed after epoch 7 of 30"


def test_other_processes_than_the_first_are_silent(capfd):
    with TrainingBar(epochs=2, steps=1, visible=False) as bar:
        bar.resume(1, 1)
        bar.epoch(0.5, 0.25)
    assert capfd.readouterr().err == ""
