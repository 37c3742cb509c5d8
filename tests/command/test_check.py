"""`seedwise check`: the plan of a study, and its mistakes before anything runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from seedwise.analysis.forecast import detectable, detectable_from
from seedwise.analysis.spread import Spread, spread_of
from seedwise.cli import main
from seedwise.config.reading import read_study
from seedwise.plan import Plan
from seedwise.registration.ledger import append
from seedwise.registration.register import register
from seedwise.runs.record import Provenance, RunRecord, Timing, write_record
from seedwise.statistics.analysis import compare_all
from seedwise.statistics.planning import detectable_differences
from seedwise.workflow.asked import read_asked

PLAN = {"metric": "acc", "higher_is_better": True, "baseline": "baseline"}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").mkdir()
    monkeypatch.chdir(tmp_path / "p")
    Path("train.py").write_text("import model\n")
    Path("model.py").write_text("x = 1\n")
    Path("corpus.txt").write_text("text")


def write(command: dict[str, object] | None = None, **more: object) -> None:
    """Write a study."""
    study = {
        "study": "checked",
        "title": "Checked",
        "command": {"run": [sys.executable, "train.py", "--lr", "{lr}", "--seed", "{seed}", "--out", "{out}"]}
        | {"settings": {"lr": 0.1}, "results": {"json": "{out}/r.json", "keys": "acc"}, "data": ["corpus.txt"]}
        | (command or {}),
        "variants": [{"name": "baseline"}, {"name": "high", "set": {"lr": 0.3}}],
        "seeds": [4, 5, 6],
        "analysis": PLAN,
        **more,
    }
    Path("study.yaml").write_text(yaml.safe_dump({key: value for key, value in study.items() if value is not None}))


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]):
    """Run `seedwise check`; return its exit status and what it printed."""

    def run(*flags: str) -> tuple[int, str]:
        status = main(["check", "study.yaml", *flags])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def record(variant: str, seed: int, acc: float, seconds: float = 10.0) -> RunRecord:
    made = Provenance(
        commit=None,
        dirty=None,
        versions={},
        hardware="",
        device="cpu",
        threads=1,
        settings_digest="",
        code_digest="",
        data_digest="",
    )
    return RunRecord(
        study="checked",
        variant=variant,
        seed=seed,
        status="finished",
        metrics={"acc": acc},
        settings={},
        provenance=made,
        timing=Timing(total=seconds),
    )


def test_the_plan(check) -> None:
    write()
    status, printed = check("--cores", "2")
    assert status == 0
    lines = printed.splitlines()
    assert lines[0] == "study.yaml: checked, Checked"
    assert "Runs     6 runs: 2 variants × 3 seeds (4, 5, 6)" in lines
    command = "train.py --lr 0.3 --seed 4 --out results/checked/runs/high/seed4/out"
    assert f"           high      {sys.executable} {command}" in lines
    assert any(line.startswith("With     ") and "Python 3." in line for line in lines)
    assert any(line.startswith("Code     2 files: model.py, train.py;") for line in lines)
    assert "Data     corpus.txt; a change repeats all runs" in lines
    assert "Results  acc from json {out}/r.json" in lines
    assert "Cost     not known: `seedwise try` measures a run" in lines
    assert "Caution" not in printed
    assert not Path("results").exists()


def test_what_seeds_can_detect(check) -> None:
    write()
    _, printed = check("--std", "0.01")
    expected = float(detectable_differences([3], 1.0, 0.05)[0])
    assert (
        f"with 3 seeds per variant, true differences of {expected:.1f} standard deviations of runs (80 % power)"
        in printed
    )
    assert f"that is {expected * 0.01:.3g} of acc if it varies by 0.01 from seed to seed" in printed
    assert detectable(Plan(**PLAN), 2, 10) == pytest.approx(float(detectable_differences([10], 1.0, 0.05)[0]))


def test_more_comparisons_detect_less_and_pooled_more() -> None:
    plan = Plan(**PLAN)
    two, six = detectable(plan, 2, 5), detectable(plan, 6, 5)
    pooled = detectable(plan.model_copy(update={"variance": "pooled"}), 6, 5)
    paired = detectable(plan.model_copy(update={"pairing": "seed"}), 2, 5)
    assert two is not None
    assert six is not None
    assert pooled is not None
    assert paired is not None
    assert two < six
    assert pooled < six
    assert detectable(plan, 2, 2) is None
    assert detectable(plan, 1, 5) is None


def test_the_spread_of_runs_so_far() -> None:
    runs = {("baseline", 0): 1.0, ("baseline", 1): 3.0, ("high", 0): 10.0, ("high", 1): 14.0, ("high", 2): 12.0}
    records = [record(variant, seed, value) for (variant, seed), value in runs.items()]
    pooled = np.sqrt((2.0 * 1 + 4.0 * 2) / 3)
    assert spread_of(records, Plan(**PLAN)) == Spread(pytest.approx(pooled), 5, "5 runs so far")
    paired = Plan(**PLAN, pairing="seed")
    assert spread_of(records, paired) == Spread(pytest.approx(np.std([9.0, 11.0], ddof=1)), 2, "2 runs so far")
    assert spread_of(records[:1], Plan(**PLAN)) is None


RUNS = {"baseline": (0.80, 0.81, 0.805), "high": (0.82, 0.90, 0.86), "low": (0.79, 0.792, 0.80)}


@pytest.mark.parametrize("fields", [{}, {"pairing": "seed"}, {"variance": "pooled"}], ids=str)
def test_runs_so_far_detect_what_the_report_will_say(fields: dict[str, str]) -> None:
    plan = Plan(**PLAN, **fields)
    runs = [(variant, seed, acc) for variant, scores in RUNS.items() for seed, acc in enumerate(scores)]
    table = pd.DataFrame(runs, columns=["variant", "seed", "acc"])
    said = compare_all(table, plan, list(RUNS)).set_index("variant")["detectable_difference"]
    found = detectable_from([record(*run) for run in runs], plan, list(RUNS), 3)
    assert found == pytest.approx(said.to_dict(), rel=1e-4)


def test_each_variant_has_its_own_spread(check) -> None:
    write(variants=[{"name": "baseline"}, {"name": "high", "set": {"lr": 0.3}}, {"name": "low", "set": {"lr": 0.2}}])
    for variant in ("baseline", "high"):
        for seed, acc in zip((4, 5, 6), RUNS[variant], strict=True):
            file = Path(f"results/checked/runs/{variant}/seed{seed}/metrics.json")
            write_record(file, record(variant, seed, acc))
    # Nothing is known of `low`, which gets the spread of all runs.
    assert "that is about 0.13 to 0.18 of acc, depending on the variant, by the spread of 6 runs so far" in check()[1]


def test_runs_that_ignore_their_seed_have_no_spread(check) -> None:
    """Rounding leaves one of 3e-16, which would make any difference detectable."""
    write()
    for seed in (4, 5, 6):
        write_record(Path(f"results/checked/runs/high/seed{seed}/metrics.json"), record("high", seed, 3.1841))
    _, printed = check()
    assert "of acc that is unknown: the 3 runs so far are equal, whatever their seeds" in printed
    assert "by the spread of" not in printed


def test_an_earlier_study_with_the_same_baseline_gives_units(check) -> None:
    write()
    study = read_study(Path("study.yaml"))
    earlier = Path("results/earlier")
    earlier.mkdir(parents=True)
    declared = {"analysis": study.analysis.model_dump(mode="json"), "settings": study.declared_settings}
    append(earlier, lambda _: [("registration", declared)])
    (earlier / "summary.csv").write_text("variant,n,std\nbaseline,5,0.01\nhigh,5,0.5\n")
    expected = "that is about 0.035 of acc, by the spread of 5 runs with the baseline's settings in earlier (0.01)"
    assert expected in check()[1]
    write(analysis={**PLAN, "question": "non-inferiority", "margin": 0.02})
    assert "variants as good as the baseline pass as non-inferior within as much; the margin is 0.02" in check()[1]


def test_runs_so_far_give_cost_and_units(check) -> None:
    write()
    for seed, value in ((4, 0.80), (5, 0.82)):
        write_record(
            Path(f"results/checked/runs/baseline/seed{seed}/metrics.json"), record("baseline", seed, value, 90.0)
        )
    _, printed = check("--cores", "1")
    assert "by the spread of 2 runs so far (0.014)" in printed
    assert "6 runs of about 1 min 30 s: 9 min, one after another on 1 core (median of 2 runs so far)" in printed


def test_large_numbers_are_written_out(check) -> None:
    write()
    for seed, value in ((4, 19100.0), (5, 19400.0)):
        write_record(Path(f"results/checked/runs/baseline/seed{seed}/metrics.json"), record("baseline", seed, value))
    assert "by the spread of 2 runs so far (210)" in check()[1]


def test_a_departure_from_the_recorded_plan_is_said_before_it_is_run(check) -> None:
    write(seeds=[4, 5])
    register(Path("results/checked"), read_asked(Path("study.yaml")))
    write_record(Path("results/checked/runs/high/seed4/metrics.json"), record("high", 4, 0.8))
    assert "EXPLORATORY" not in check()[1]
    write(seeds=[4, 5, 6, 7])
    assert (
        "Caution: seeds 6 and 7 are not in the registered plan: these verdicts will be EXPLORATORY; to confirm, run a "
        "new study (`study: checked-2`) with new seeds"
    ) in check()[1].splitlines()


def test_comments_count_where_files_are_compared_by_content(check) -> None:
    write()
    assert "a change of the code, not of its comments, repeats all runs" in check()[1]
    Path("train.sh").write_text("true # nothing\n")
    assert "a change of them repeats all runs" in check()[1]


def test_all_files_of_code(check) -> None:
    for number in range(8):
        Path(f"m{number}.py").write_text("")
    write()
    assert "Code     2 files: model.py, train.py;" in check()[1], "it imports none of the others"
    with Path("train.py").open("a") as program:
        program.write("import subprocess\n")
    printed = check()[1]
    assert "10 files: m0.py, m1.py, m2.py, m3.py, m4.py, … (--all lists them)" in printed
    assert "\n         all Python files, because train.py imports subprocess; code: in the study names" in printed
    assert "\n           train.py\n" in check("--all")[1]


def test_all_mistakes_at_once(check) -> None:
    write({"data": ["corpus.tx", "nothing.bin"], "code": ["trian.py"], "link": ["weights"]})
    status, printed = check()
    assert status == 2
    assert 'command.data: found "corpus.tx", which is not there; did you mean "corpus.txt"?' in printed
    assert 'command.data: found "nothing.bin", which is not there' in printed
    assert 'command.code: found "trian.py", which is no file; did you mean "train.py"?' in printed
    assert 'command.link: found "weights", which is not there' in printed
    assert len(printed.splitlines()) == 4


def test_mistakes_in_the_file_have_lines(check) -> None:
    write({"settings": {"lr": 0.1, "dropout": 0.0}, "runn": 1})
    status, printed = check()
    assert status == 2
    assert "study.yaml:" in printed
    assert "dropout" in printed
    assert 'did you mean "run"?' in printed


def test_a_program_that_is_not_there(check) -> None:
    write({"run": "no-such-program-1 {lr} {seed}"})
    status, printed = check()
    assert status == 2
    assert "no-such-program-1 is not on PATH" in printed


def test_a_checkpoint_that_runs_would_share(check) -> None:
    write({"resume": {"checkpoint": "last.pt"}})
    assert 'command.resume.checkpoint: found "last.pt", which several runs would share' in check()[1]
    write({"resume": {"checkpoint": "{variant}/{seed}/last.pt"}})
    assert check()[0] == 0


def test_a_metric_that_nothing_reads(check) -> None:
    write({"results": {"json": "{out}/r.json", "keys": ["acc1", "loss"]}})
    status, printed = check()
    assert status == 2
    assert 'analysis.metric: found "acc"; did you mean "acc1"? Metrics under results: acc1, loss' in printed


@pytest.mark.parametrize(
    ("command", "more", "caution"),
    [
        ({"run": "sh train.sh {lr}"}, {}, "the command has no {seed}: the program must read $SEEDWISE_SEED"),
        ({"run": "sh train.sh {lr} --seed 0"}, {}, "the command fixes the seed: --seed 0. Write --seed {seed}, or all"),
        (
            {"run": "sh train.sh {lr} train.seed=7"},
            {},
            "the command fixes the seed: train.seed=7. Write train.seed={seed}",
        ),
        (
            {"run": "sh train.sh {lr} {seed}"},
            {},
            "but the command has no {out}: the program must write to $SEEDWISE_OUT",
        ),
        ({"results": {"json": "r.json", "keys": "acc"}}, {}, "r.json lies outside {out}"),
        (
            {"results": {"csv": "{out}/r.csv", "keys": "acc", "take": "best"}},
            {},
            "take: best chooses the checkpoint by acc",
        ),
        (
            {},
            {"variants": [{"name": "baseline"}, {"name": "same"}]},
            "variants baseline and same have the same settings",
        ),
        ({}, {"variants": [{"name": "baseline"}]}, "there is only one variant"),
        (
            {},
            {"variants": [{"name": "baseline"}, {"name": "high", "set": {"lr": "0,3"}}]},
            "variant high: lr is the text '0,3', and elsewhere a number, 0.1; did you mean 0.3?",
        ),
    ],
)
def test_cautions(check, command: dict[str, object], more: dict[str, object], caution: str) -> None:
    Path("train.sh").write_text("true\n")
    write(command, **more)
    status, printed = check()
    assert status == 0
    assert f"Caution: {caution}" in printed or (caution in printed and "Caution: " in printed)


@pytest.mark.parametrize("value", ["auto", "5e-4", 3])
def test_a_word_among_numbers_is_no_mistake(check, value: object) -> None:
    write(variants=[{"name": "baseline"}, {"name": "high", "set": {"lr": value}}])
    status, printed = check()
    assert (status, "Caution" in printed) == (0, False)


@pytest.mark.parametrize("before", [[sys.executable, "-u"], ["sh"]])
def test_a_script_that_is_not_there(check, before: list[str]) -> None:
    write({"run": [*before, "trian.py", "{lr}", "{seed}", "{out}"]})
    status, printed = check()
    assert status == 2
    assert printed.startswith('seedwise: command.run: found "trian.py", which is not in ')
    assert printed.endswith('; did you mean "train.py"?\n')


@pytest.mark.parametrize("run", [["-c", "pass # x.py"], ["-m", "pkg", "made.py"], ["{name}.py"]])
def test_what_may_be_no_script_is_not_looked_for(check, run: list[str]) -> None:
    write(
        {"run": [sys.executable, *run, "{lr}", "{seed}", "{out}", "{name}"], "settings": {"lr": 0.1, "name": "train"}}
    )
    assert check()[0] == 0


def test_too_few_seeds(check) -> None:
    write(seeds=[1, 2])
    assert "Detects  nothing: with 2 seeds there is no verdict; it needs at least 3" in check()[1]


FUNCTION = {"call": "mine:run", "settings": {"lr": 1}}


def test_a_function_is_imported_where_it_will_run(check) -> None:
    Path("mine.py").write_text("def run(settings, seed, run):\n    open('called', 'w')\n")
    variants = [{"name": "baseline"}, {"name": "high", "set": {"lr": 2}}]
    Path("study.yaml").write_text("")
    study = {
        "study": "f",
        "title": "F",
        "function": FUNCTION,
        "variants": variants,
        "seeds": [0, 1, 2],
        "analysis": PLAN,
    }
    Path("study.yaml").write_text(yaml.safe_dump(study))
    status, printed = check()
    assert status == 0
    assert "seedwise.call mine:run" in printed
    assert not Path("called").exists()
    Path("mine.py").write_text("import no_such_module_1\n\ndef run(settings, seed, run):\n    return {}\n")
    status, printed = check()
    assert status == 2
    assert "function: mine:run cannot be imported in" in printed
    assert "ModuleNotFoundError: No module named 'no_such_module_1'" in printed
    Path("study.yaml").write_text(yaml.safe_dump({**study, "function": {**FUNCTION, "data": ["x.bin"]}}))
    assert 'function.data: found "x.bin", which is not there' in check()[1]
    Path("study.yaml").write_text(yaml.safe_dump(study))
    Path("mine.py").write_text("def ran(): ...\n")
    assert "mine:run: mine.py, there is no function or class run; it has ran" in check()[1]


def test_a_function_is_not_imported_before_its_environment_has_been_created(check, tmp_path, monkeypatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/conda").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/conda").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    Path("env.yaml").write_text("dependencies: [python]\n")
    write(command=None, function={**FUNCTION, "environment": {"conda": "env.yaml"}})
    study = yaml.safe_load(Path("study.yaml").read_text())
    del study["command"]
    Path("study.yaml").write_text(yaml.safe_dump(study))
    status, printed = check()
    assert status == 0, printed


def test_a_study_of_images(check) -> None:
    Path("study.yaml").write_text(
        "study: s\ntitle: T\nvariants:\n  - {name: baseline}\n  - {name: light, set: {model.dropout: 0.2}}\n"
        "seeds: [0, 1, 2]\nanalysis: {baseline: baseline}\n"
    )
    status, printed = check()
    assert status == 0
    assert "light     model.dropout 0.2" in printed
    assert "Decides  test_accuracy, higher is better; the baseline is baseline" in printed


@pytest.mark.parametrize(("flag", "value"), [("--std", "0"), ("--std", "nan"), ("--cores", "0")])
def test_mistakes_in_the_command(check, flag: str, value: str) -> None:
    write()
    status, printed = check(flag, value)
    assert status == 2
    assert flag in printed
