"""The trend check fails on a loss that stays, and not on one measurement that other work has disturbed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import trend
from benchmarks.trend import CannotMeasureError, Code

BUSY = "import time\nuntil = time.process_time() + 0.8\nwhile time.process_time() < until: pass"


def failed(measured: list[float], limit: float = 1.1) -> bool:
    values = iter(measured)
    return trend.grown(lambda: next(values), limit)


def test_a_loss_that_stays_fails_and_a_disturbed_measurement_does_not():
    assert failed([1.2, 1.19, 1.21])
    assert not failed([1.2, 1.5, 1.0])
    assert not failed([1.1])


def test_alarms_are_counted_in_checks_of_three_measurements():
    assert trend.alarms([1.2, 1.2, 1.2, 1.2, 1.0, 1.2], 1.1) == 1


def test_what_is_stored_says_how_often_noise_fails_and_a_loss_is_seen():
    steady = trend.described([[1.0, 1.01, 0.99], [1.0, 1.02, 0.98]], [[1.2, 1.21, 1.19], [1.2, 1.22, 1.18]])
    assert (steady["same"], steady["slower"]) == (1.0, 1.2)
    assert (steady["false_alarms"], steady["losses_seen"]) == (0, trend.CHECKS)
    wild = trend.described([[0.5, 1.0, 2.0], [0.6, 1.0, 1.8]], [[0.6, 1.2, 2.4], [0.7, 1.2, 2.2]])
    assert wild["false_alarms"] > 0
    assert wild["losses_seen"] < trend.CHECKS
    assert wild["noise"] > 0.2


def test_ours_and_theirs_take_turns_and_the_first_of_each_two_changes():
    order = []
    found = trend.turns(lambda: order.append("ours") or 3.0, lambda: order.append("theirs") or 2.0, 3)
    assert found == [1.5, 1.5, 1.5]
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


@pytest.mark.parametrize(("seconds", "grown"), [(1.15, ["work"]), (1.05, []), (0.7, [])])
def test_only_more_processor_time_fails(monkeypatch, tmp_path, capsys, seconds, grown):
    monkeypatch.setattr(
        trend, "MEASURED", {"work": (lambda code: lambda: seconds if code.home == tmp_path else 1.0, 3)}
    )
    assert trend.check(Code(tmp_path, (), tmp_path), Code(tmp_path / "base", (), tmp_path)) == grown
    assert f"work: {seconds:.3f} times the earlier processor time" in capsys.readouterr().out


def test_what_the_earlier_code_could_not_do_is_said_and_not_compared(monkeypatch, tmp_path, capsys):
    (tmp_path / "base").mkdir()
    (tmp_path / "base/refuses").touch()
    script = "import os, sys; os.path.exists('refuses') and sys.exit('too old'); print('[\"true\"]')"

    def work(code):
        command, folder = code.prepared(script, "work")
        return lambda: code.run(command, folder) + 1

    monkeypatch.setattr(trend, "MEASURED", {"work": (work, 1)})
    ours, earlier = Code(tmp_path, (), tmp_path / "ours"), Code(tmp_path / "base", (), tmp_path / "theirs")
    assert trend.check(ours, earlier) == []
    assert "work: not compared, as the earlier code cannot be measured (too old)" in capsys.readouterr().out
    with pytest.raises(CannotMeasureError, match="too old"):
        trend.check(earlier, ours)


@pytest.mark.parametrize("end", ["", "\nimport os\nos._exit(0)"])
def test_a_planted_loss_costs_every_process_a_fifth_more(tmp_path, end):
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted/sitecustomize.py").write_text(trend.PLANTED)
    command = [sys.executable, "-c", BUSY + end]
    plain, slower = (
        min(Code(trend.ROOT, path, tmp_path).run(command, tmp_path) for _ in range(3))
        for path in ((), (tmp_path / "planted",))
    )
    assert 1.1 < slower / plain < 1.4


def git(folder: Path, *words: str, date: str = "") -> str:
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", "-C", folder, *who, *words],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], **dates},
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet")
    for day, text in ((1, "old"), (3, "new"), (3, "newest")):
        (tmp_path / "code.py").write_text(text)
        git(tmp_path, "add", "code.py")
        git(tmp_path, "commit", "--quiet", "-m", text, date=f"2026-01-0{day}T12:00:00Z")
    monkeypatch.setattr(trend, "ROOT", tmp_path)
    return tmp_path


def test_the_earlier_code_is_that_of_a_day_before(clone, tmp_path_factory):
    base = trend.day_before()
    assert base == git(clone, "rev-parse", "HEAD~2")
    folder = trend.extracted(base, tmp_path_factory.mktemp("x") / "base")
    assert (folder / "code.py").read_text() == "old"
    assert trend.extracted("0" * 40, tmp_path_factory.mktemp("y") / "base") is None


def test_a_clone_without_earlier_commits_compares_nothing_and_says_so(clone, monkeypatch, capsys):
    git(clone, "checkout", "--quiet", "HEAD~2")
    monkeypatch.setattr(sys, "argv", ["trend"])
    trend.main()
    assert "Nothing is compared: this clone has no commit that is a day older." in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["trend", "--base", "nowhere"])
    trend.main()
    assert "Nothing is compared" in capsys.readouterr().out


def test_a_base_that_the_clone_lacks_is_replaced_by_the_day_before(clone, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["trend", "--base", "0" * 40])
    monkeypatch.setattr(trend, "check", lambda own, earlier: [(earlier.home / "code.py").read_text()])
    with pytest.raises(SystemExit, match="three times in a row: old"):
        trend.main()
    assert "so the commit of a day before takes its place" in capsys.readouterr().out


def test_our_own_code_that_cannot_be_measured_is_an_error(monkeypatch, tmp_path):
    def work(code):
        command = [sys.executable, "-c", "raise SystemExit('broken')" if code.home == tmp_path else ""]
        return lambda: code.run(command, tmp_path) + 1

    monkeypatch.setattr(trend, "MEASURED", {"work": (work, 1)})
    with pytest.raises(CannotMeasureError, match="broken"):
        trend.check(Code(tmp_path, (), tmp_path), Code(tmp_path / "base", (), tmp_path))
