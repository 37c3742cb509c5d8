"""Results from what programs print."""

from __future__ import annotations

import math
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from seedwise.trainers.command.outputs.place import ResultsError
from seedwise.trainers.command.outputs.reading import read_history
from tests.command.places import HISTORY, make_place, problems, read

MNIST = r"""Train Epoch: 1 [0/60000 (0%)]	Loss: 2.300024
Train Epoch: 1 [640/60000 (1%)]	Loss: 1.173099

Test set: Average loss: 0.0480, Accuracy: 9842/10000 (98%)

Train Epoch: 2 [0/60000 (0%)]	Loss: 0.023424
Test set: Average loss: 0.0281, Accuracy: 9914/10000 (99%)
"""
NANOGPT = """\
step 0: train loss 4.2874, val loss 4.2823
iter 0: loss 4.2654, time 39.17ms, mfu -100.00%
step 500: train loss 1.2e-01, val loss 1.4
"""


def printed(folder: Path, text: str) -> object:
    (folder / "log.txt").write_text(text)
    return make_place(folder)


def test_the_last_match_counts(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.log.write_text(MNIST)
    patterns = {"accuracy": r"Accuracy: (\d+/\d+)", "loss": r"Average loss: (\S+)", "percent": r"\((\d+%)\)$"}
    assert read({"stdout": patterns}, place) == {"accuracy": 0.9914, "loss": 0.0281, "percent": 99}
    assert read({"stdout": patterns, "take": "first"}, place) == {"accuracy": 0.9842, "loss": 0.0480, "percent": 98}
    assert read({"stdout": {"a": r"Accuracy: (\S+)"}, "take": {"mean_last": 2}}, place) == {"a": (0.9842 + 0.9914) / 2}


def test_exponents_and_commas(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.log.write_text(NANOGPT)
    assert read({"stdout": {"t": r"train loss (\S+)", "v": r"val loss (\S+)"}}, place) == {"t": 0.12, "v": 1.4}


def test_a_pattern_must_not_cut_a_number_in_two(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.log.write_text(NANOGPT + "return 1,014.45\n")
    first, second = problems({"stdout": {"loss": r"train loss ([\d.]+)", "return": r"return (\d+)"}}, place)
    assert 'takes 1.2 out of "1.2e-01,"; let its group take all: (\\S+)' in first
    assert 'takes 1 out of "1,014.45"' in second
    assert read({"stdout": {"return": r"return (\S+)"}}, place) == {"return": 1014.45}


def test_best_takes_all_from_one_line_or_before(tmp_path: Path) -> None:
    place = make_place(tmp_path, "val", higher_is_better=False)
    place.log.write_text("loss 3 val 2\nloss 2 val 1\nloss 1 val 4\n")
    patterns = {"val": r"val (\S+)", "loss": r"loss (\S+)"}
    assert read({"stdout": patterns, "take": "best"}, place) == {"val": 1, "loss": 2}
    assert read({"stdout": patterns, "take": "min"}, place) == {"val": 1, "loss": 1}
    (line,) = problems({"stdout": {"val": r"val (\S+)"}, "take": "only"}, place)
    assert "val: has 3 values where take: only allows one (2, 1, 4)" in line


def test_nan_is_a_value_and_words_are_not(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.log.write_text("loss nan\nacc n/a\n")
    assert math.isnan(read({"stdout": {"loss": r"loss (\S+)"}}, place)["loss"])
    (line,) = problems({"stdout": {"acc": r"acc (\S+)"}}, place)
    assert line == f'results.stdout: acc: is "n/a", not a number (acc n/a) in the output {place.log}'


def test_no_match_shows_the_nearest_lines(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.log.write_text("starting\n" + MNIST + "done\n")
    first, second = problems({"stdout": {"acc": r"Test accuracy = (\S+)", "bpb": r"bpb (\S+)"}}, place)
    assert first.startswith('results.stdout.acc: "Test accuracy = (\\\\S+)" matches no line of the output; nearest: ')
    assert '"Test set: Average loss: 0.0480, Accuracy: 9842/10000 (98%)"' in first
    assert first.count("Train Epoch") == 0
    assert second.endswith(
        f'; it ends with: "{MNIST.splitlines()[-2]}", "{MNIST.splitlines()[-1]}", "done"; output: {place.log}'.replace(
            "\t", "\\t"
        )
    )
    place.log.write_text("\n\n")
    (line,) = problems({"stdout": {"acc": "(.)"}}, place)
    assert "matches no line of the output; the program has printed nothing; output: " in line


def test_only_this_programs_part_of_the_log_counts(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    before = "an earlier attempt: acc 0.1\n"
    place.log.write_text(before + "acc 0.2\n")
    later = place._replace(log_start=len(before))
    assert read({"stdout": {"acc": r"acc (\S+)"}, "take": "only"}, later) == {"acc": 0.2}


def test_progress_bars_and_colours(tmp_path: Path) -> None:
    """Carriage returns separate lines, and escape sequences are no part of a number."""
    program = r"""
import sys
for i in range(3):
    sys.stdout.write(f"\rtrain: {i}/3 [00:00<00:00] loss=0.{i}")
sys.stdout.write("\n\x1b[1;32macc: 0.93\x1b[0m\n")
"""
    place = make_place(tmp_path)
    with place.log.open("wb") as log:
        subprocess.run([sys.executable, "-c", program], stdout=log, check=True)
    assert read({"stdout": {"loss": r"^train.*loss=(\S+)$", "acc": r"^acc: (\S+)$"}}, place) == {
        "loss": 0.2,
        "acc": 0.93,
    }


def test_a_huge_output_is_read_as_a_stream(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.log.open("w") as log:
        for count in range(20):
            log.write(f"{count}: loss 0.5{' ' * 10_000}\r" * 100)
        log.write("x" * (3 << 20) + "\nacc 0.9\n")
    size = place.log.stat().st_size
    assert size > 20e6
    tracemalloc.start()
    try:
        assert read({"stdout": {"acc": r"acc (\S+)", "loss": r"loss (\S+)"}}, place) == {"acc": 0.9, "loss": 0.5}
        assert tracemalloc.get_traced_memory()[1] < 16e6
    finally:
        tracemalloc.stop()


def test_a_log_that_is_gone(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.log.unlink()
    assert problems({"stdout": {"acc": "(.)"}}, place) == [
        f"the program's output {place.log}: No such file or directory"
    ]


def test_curves_from_the_output(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.log.write_text(NANOGPT)
    patterns = {"step": r"^step (\d+):", "train": r"train loss (\S+)", "iter_loss": r": loss (\S+)"}
    assert read_history(HISTORY.validate_python({"stdout": patterns, "step": "step"}), place) == [
        {"step": 0, "train": 4.2874, "iter_loss": 4.2654},
        {"step": 500, "train": 0.12},
    ]
    del patterns["step"], patterns["iter_loss"]
    assert read_history(HISTORY.validate_python({"stdout": patterns}), place) == [
        {"step": 1, "train": 4.2874},
        {"step": 2, "train": 0.12},
    ]
    with pytest.raises(ResultsError, match=r"history.stdout.train: .* matches no line"):
        read_history(HISTORY.validate_python({"stdout": {"train": "nothing (.)"}}), place)
