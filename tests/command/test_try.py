"""`seedwise try`: what three runs of a program show, with programs that have the faults it looks for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from seedwise.cli import main
from seedwise.trainers.command.trial import significant_digits

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """\
import json, os, random, sys, time
mode, seed, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
random.seed(0 if mode == "ignores" else time.time_ns() if mode == "noise" else seed)
score = 0.9 + random.random() / 100
if mode == "fails":
    raise ValueError("learning rate too high")
if mode == "fails-twice":
    open("once", "x")
print("epoch 1: loss", score / 3, flush=True)
if mode.endswith("slow"):
    print("step 100: loss", 1.0 if mode == "ignores-slow" else score, flush=True)
    time.sleep(60)
if mode == "coarse":
    score = round(score, 1)
if mode == "nan":
    score = float("nan")
if mode == "own":
    open("model.pt", "w").write(str(score))
if mode == "download" and not os.path.exists("cached.bin"):
    open("cached.bin", "w").write("x")
if mode == "elsewhere":
    stream = open("../elsewhere.log", "w")
    time.sleep(0.4)
if mode == "memory":
    held = bytearray(200_000_000)
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(0.4)
if mode == "silent":
    print("done")
elif mode != "quiet":
    json.dump({"val": {"acc": score}}, open(os.path.join(out, "final.json"), "w"))
"""
FOUND = {"json": "{out}/final.json", "keys": {"acc": "val.acc"}}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").mkdir()
    monkeypatch.chdir(tmp_path / "p")
    Path("train.py").write_text(PROGRAM)


def write_study(mode: str, **command: object) -> None:
    """Write a study of the program in one of its modes."""
    write(
        {
            "run": [sys.executable, "train.py", "{mode}", "{seed}", "{out}"],
            "settings": {"mode": mode},
            "results": FOUND,
            **command,
        }
    )


def write(command: dict[str, object], **more: object) -> None:
    study = {
        "study": "tried",
        "title": "Tried",
        "command": {key: value for key, value in command.items() if value is not None},
        "variants": [{"name": "baseline"}, {"name": "other"}],
        "seeds": [0, 1, 2],
        "analysis": {"metric": "acc", "higher_is_better": True, "baseline": "baseline"},
        **more,
    }
    Path("study.yaml").write_text(yaml.safe_dump(study))


@pytest.fixture
def tries(capsys: pytest.CaptureFixture[str]):
    """Run `seedwise try`; return its exit status, its findings by topic, and all that it printed."""

    def run(*flags: str) -> tuple[int, dict[str, str], str]:
        status = main(["try", "study.yaml", *flags])
        printed = capsys.readouterr()
        found: dict[str, str] = {}
        topic = ""
        for line in printed.out.splitlines():
            start = re.match(r"(Numbers|Seed|Repeats|Digits|Files|Logged|Run|Study) {2,}", line)
            if start:
                topic = start[1]
            if topic and (start or line.startswith("         ")):
                found[topic] = f"{found.get(topic, '')} {line[9:].strip()}".strip()
        return status, found, printed.out + printed.err

    return run


def test_a_program_that_is_fine(tries) -> None:
    write_study("fine")
    status, found, printed = tries("--cores", "3")
    assert status == 0
    assert re.fullmatch(r"acc 0\.9\d+, from json \{out\}/final.json", found["Numbers"])
    assert re.fullmatch(r"it changes the numbers: seeds 0 and 1 give 0\.9\d+ and 0\.9\d+", found["Seed"])
    assert found["Repeats"] == "yes: seed 0 twice gives the same acc to the last digit"
    assert found["Files"] == "it writes nothing outside of {out} that was noticed"
    assert "Digits" not in found
    assert re.fullmatch(
        r"6 runs of about .*: .* of computing, about .* on 3 cores \(3 at a time\); .* on disk", found["Study"]
    )
    assert printed.rstrip().endswith("next: seedwise run study.yaml --cores 3")
    assert not Path("results/tried/runs").exists()


def test_without_results_it_proposes_what_then_works(tries) -> None:
    write_study("fine", results=None)
    status, found, _ = tries()
    assert status == 1
    assert "The study does not say where they are" in found["Numbers"]
    line = re.search(r"results: (\{json: .*?\}\})", found["Numbers"])
    assert line
    assert found["Seed"].startswith("it changes the numbers")
    write_study("fine", **yaml.safe_load(line[0]))
    assert tries()[0] == 0


def test_what_it_proposes_for_the_output_also_works(tries) -> None:
    write_study("quiet", results=None)
    status, found, _ = tries()
    assert status == 1
    line = re.search(r"results: \{stdout: .*\}\}", found["Numbers"])
    assert line
    assert "give its name to analysis.metric" in found["Numbers"]
    plan = {"metric": "loss", "higher_is_better": False, "baseline": "baseline"}
    write(
        {
            "run": [sys.executable, "train.py", "{mode}", "{seed}", "{out}"],
            "settings": {"mode": "quiet"},
            **yaml.safe_load(line[0]),
        },
        analysis=plan,
    )
    assert tries()[0] == 0


def test_a_program_that_reports_through_the_file(tries) -> None:
    write(
        {
            "run": ["sh", "-c", 'echo "{{\\"acc\\": 0.5$SEEDWISE_SEED, \\"f1\\": 0.25}}" > "$SEEDWISE_RESULTS"'],
        }
    )
    status, found, _ = tries()
    assert found["Numbers"] == "acc 0.5, reported by the program ($SEEDWISE_RESULTS) also f1"
    assert status == 0


def test_a_seed_that_is_ignored(tries) -> None:
    write_study("ignores")
    status, found, _ = tries()
    assert status == 1
    assert re.match(
        r"IT IS IGNORED: seeds 0, 1 and 2 give the same to the last digit \(0\.9\d+ three times\)", found["Seed"]
    )
    assert "it may be fixed in the code" in found["Seed"]


def test_a_seed_that_is_not_passed(tries) -> None:
    write_study("fine", run=[sys.executable, "train.py", "{mode}", "7", "{out}"])
    _, found, _ = tries()
    assert "The command has no {seed}: add the option that takes it" in found["Seed"]


def test_a_seed_that_the_command_fixes_is_the_reason(tries) -> None:
    run = ["sh", "-c", 'echo "acc: 0.512345$2" # {mode}', "train", "--seed", "0"]
    write({"run": run, "settings": {"mode": "fine"}, "results": {"stdout": {"acc": "acc: (.+)"}}})
    status, found, _ = tries()
    assert status == 1
    assert found["Seed"].startswith("IT IS IGNORED")
    assert found["Seed"].endswith("The command fixes it: --seed 0. Write --seed {seed} there instead.")


def test_numbers_that_do_not_repeat(tries) -> None:
    write_study("noise")
    status, found, _ = tries()
    assert status == 0
    assert "may not come from the seed" in found["Seed"]
    assert re.match(r"no: seed 0 twice gives 0\.9\d+ and 0\.9\d+, \S+ apart; with another seed", found["Repeats"])


def test_too_few_digits_are_told_from_a_seed_that_is_ignored(tries) -> None:
    write_study("coarse")
    status, found, _ = tries()
    assert status == 0
    assert found["Seed"].startswith(
        "it reaches the program (loss differs with it), but acc is the same to the last digit"
    )
    assert "few test examples; a finer metric, such as a loss, helps" in found["Seed"]
    assert found["Digits"].startswith("few: acc has 1 significant digit")


def test_nothing_but_few_digits(tries) -> None:
    write({"run": ["echo", "acc 99 seed {seed}"], "results": {"stdout": {"acc": r"acc (\d+)"}}})
    status, found, _ = tries()
    assert status == 1
    assert found["Seed"].startswith("not known: seeds 0, 1 and 2 give 99 three times, with too few digits")


# A tie of the metric: what else a program leaves, {seed} and {run} (0, 1, 2, …) filled in.
TIED = """\
import os, pathlib, random, sys
seed, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
number = len(list(out.parents[1].iterdir()))
generator = random.Random(seed)
OTHER
print("accuracy: 0.9222")
"""


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        (
            'for epoch in (1, 2): print("epoch", epoch, "accuracy", round(generator.random(), 4))',
            "epoch 1 accuracy 0.8444",
        ),
        ('print("sampled:", generator.choice(["to be", "or not"]), generator.choice(["x"] * 9))', "sampled: or not x"),
        ('(out / "predictions.txt").write_text(f"label\\n{generator.random()}\\n")', "out/predictions.txt differs"),
        ('(out / "model.bin").write_bytes(b"\\xff" + generator.randbytes(1000))', "out/model.bin differs"),
    ],
)
def test_a_tie_of_the_metric_is_no_ignored_seed_where_other_output_differs(tries, other: str, shown: str) -> None:
    Path("train.py").write_text(TIED.replace("OTHER", other))
    results = {"stdout": {"acc": r"accuracy: (\S+)"}}
    write({"run": [sys.executable, "train.py", "{seed}", "{out}"], "results": results})
    status, found, _ = tries()
    assert status == 0
    assert found["Seed"].startswith(
        "it reaches the program (its output differs with it), but acc is the same to the last digit: 0.9222 twice."
    )
    assert f"With seed 1, {shown}" in found["Seed"].replace('"', "")
    assert "Runs tie where a metric has few digits or few test examples" in found["Seed"]


@pytest.mark.parametrize(
    "other",
    [
        'print("seed", seed, "using", seed, "writing to", out, "Namespace(seed=%d)" % (seed + 42))',
        'print(f"took {0.1 * max(1, number - 1):.1f} s, 10:3{number}, eta 00:0{number}, elapsed={number}")',
        'print("lines", *"abc"[:number], "that", number, "do not repeat", "with the seed"[:number])',
        '(out / "config.json").write_text(\'{"seed": %d, "lr": 0.1}\' % seed)',
        '(out / "model.bin").write_bytes(b"\\xff" * 1000 + bytes([seed]))',
    ],
)
def test_times_paths_and_the_seed_itself_are_no_sign_of_it(tries, other: str) -> None:
    Path("train.py").write_text(TIED.replace("OTHER", other))
    results = {"stdout": {"acc": r"accuracy: (\S+)"}}
    write({"run": [sys.executable, "train.py", "{seed}", "{out}"], "results": results})
    status, found, _ = tries()
    assert status == 1
    assert found["Seed"].startswith(
        "IT IS IGNORED: seeds 0, 1 and 2 give the same to the last digit (0.9222 three times)"
    )


def test_a_third_seed_may_differ_where_two_tie(tries) -> None:
    run = ["sh", "-c", "echo accuracy: 0.922$((2 + {seed} / 2))"]
    write({"run": run, "results": {"stdout": {"acc": r"accuracy: (\S+)"}}})
    status, found, printed = tries()
    assert status == 0
    assert "  seed 2: " in printed
    assert found["Seed"].startswith("it changes the numbers: seeds 0, 1 and 2 give 0.9222, 0.9222 and 0.9223 Runs tie")


def test_two_forms_of_a_number_are_both_proposed_with_their_lines(tries) -> None:
    code = "print('epoch 5 accuracy 0.9111'); print('accuracy: 0.9222')"
    write({"run": [sys.executable, "-c", code], "results": None})
    _, found, _ = tries()
    first = r'''acc 0.9222   results: {stdout: {acc: 'accuracy: +(\S+)'}} from the line "accuracy: 0.9222"'''
    second = r'''acc 0.9111   results: {stdout: {acc: accuracy +(\S+)}} from the line "epoch 5 accuracy 0.9111"'''
    assert found["Numbers"].endswith(f"{first} {second}")


# What it prints has two digits, and what it saves, beside its settings, has all of them.
PRECISE = """\
import json, pathlib, random, sys
dropout, seed, out = float(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
acc = 0.82 + round(random.Random(seed).random() / 100, 3)
print(f"epoch 4 acc={acc:.2f}")
text = json.dumps({"acc": acc, "args": {"dropout": dropout, "width": 3}, "dropout": dropout})
(out / "result.json").write_text(text)
"""


@pytest.mark.parametrize("place", ["{out}", "."])
def test_of_one_number_the_place_with_more_digits_comes_first_and_settings_are_no_numbers(tries, place: str) -> None:
    Path("train.py").write_text(PRECISE)
    command = {"run": [sys.executable, "train.py", "{dropout}", "{seed}", place], "settings": {"dropout": 0.1}}
    write(command)
    _, found, _ = tries()
    file = "result.json" if place == "." else "'{out}/result.json'"
    lines = re.findall(r"(\S+ [\d.]+) +(results: \{.*?\]?\}+)(?= |$)", found["Numbers"])
    assert lines == [
        ("acc 0.828", f"results: {{json: {file}, keys: [acc]}}"),
        ("acc 0.83", r"results: {stdout: {acc: acc=(\S+)}}"),
    ]
    assert "full precision" not in found["Digits"]
    write({**command, **yaml.safe_load(lines[1][1])})
    assert lines[0][1] in tries()[1]["Digits"]
    write({**command, **yaml.safe_load(lines[0][1])})
    assert tries()[0] == 0


def test_nan(tries) -> None:
    write_study("nan")
    status, found, _ = tries()
    assert status == 1
    assert "acc is not a number that can be compared: such a run counts as diverged" in found["Numbers"]
    assert "Digits" not in found


def test_no_numbers_anywhere(tries) -> None:
    write_study("silent", run=[sys.executable, "-c", "print('done')"], settings=None, results=None)
    status, found, _ = tries()
    assert status == 1
    assert "No numbers were found in {out} or in the output" in found["Numbers"]
    assert "seedwise.result(acc=value)" in found["Numbers"]
    assert found["Seed"] == "not compared, because there are no numbers yet"


def test_a_wrong_key_is_named_with_those_that_are_there(tries) -> None:
    write_study("fine", results={"json": "{out}/final.json", "keys": {"acc": "val.accuracy"}})
    status, found, _ = tries()
    assert status == 1
    assert 'did you mean "val.acc"?' in found["Numbers"]
    assert "{acc: val.acc}" in found["Numbers"]


def test_a_metric_that_is_not_among_the_numbers(tries) -> None:
    write_study("fine", results={"stdout": {"acc1": r"loss (\S+)"}})
    status, found, _ = tries()
    assert status == 1
    problem = 'analysis.metric: no metric "acc"; did you mean "acc1"? There are: acc1'
    assert found["Numbers"].startswith(problem)


def test_a_program_that_fails(tries) -> None:
    write_study("fails")
    status, _, printed = tries()
    assert status == 1
    assert "The program failed: exit status 1: ValueError: learning rate too high" in printed
    assert "results/tried/.try/baseline/first/output.log:" in printed
    assert "  | ValueError: learning rate too high" in printed
    assert "again" not in printed


def test_a_program_that_fails_the_second_time(tries) -> None:
    write_study("fails-twice")
    status, _, printed = tries()
    assert status == 1
    assert "The program failed in run 2 of 3, not before: exit status 1: FileExistsError" in printed
    assert "it may depend on a file that the run before it left elsewhere" in printed


def test_a_program_that_is_not_there(tries) -> None:
    write({"run": "no-such-program-1 {seed}"})
    status, _, printed = tries()
    assert status == 2
    assert "no-such-program-1 is not on PATH" in printed


def test_a_program_that_cannot_be_executed(tries) -> None:
    Path("train.sh").write_text("not a program")
    Path("train.sh").chmod(0o755)
    write({"run": "./train.sh {seed}"})
    status, _, printed = tries()
    assert status == 1
    assert "The program failed: ./train.sh: cannot be started" in printed
    assert "Traceback" not in printed


@pytest.mark.slow
def test_a_program_that_takes_too_long(tries) -> None:
    write_study("slow")
    status, found, _ = tries("--limit", "1s")
    assert status == 1
    assert "none yet: each run was stopped after 1 s, before its end" in found["Numbers"]
    assert "So far it left: loss" in found["Numbers"]
    assert found["Seed"].endswith("so far")
    assert found["Seed"].startswith("it changes the numbers")
    assert found["Run"].startswith("more than 1 s")
    assert "how long it takes is not known" in found["Study"]


def test_an_ignored_seed_shows_before_the_end(tries) -> None:
    write({"run": ["sh", "-c", "echo 'val loss 4.2071'; sleep 60"], "results": None})
    status, found, _ = tries("--limit", "1.5")
    assert status == 1
    assert found["Seed"].startswith("IT IS IGNORED: seeds 0, 1 and 2 give the same")
    assert "4.2071 three times so far" in found["Seed"]


def test_files_in_its_own_folder(tries) -> None:
    write_study("own")
    status, found, _ = tries()
    assert status == 0
    assert found["Files"].startswith("each run writes model.pt into the program's own folder")
    assert "command: isolate: copy" in found["Files"]


def test_a_download_is_told_from_a_file_that_runs_share(tries) -> None:
    write_study("download")
    _, found, _ = tries()
    assert found["Files"].startswith("the first run wrote cached.bin into the program's own folder, the others did not")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows the open files of a process")
def test_its_own_output_in_the_folder_is_no_file_of_the_program() -> None:
    write_study("fine")
    line = f"{sys.executable} -m seedwise.cli try study.yaml 2> log.txt | tee seen.txt > also.txt"
    subprocess.run(["sh", "-c", f"{line}"], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert "Files    it writes nothing outside of {out} that was noticed" in Path("seen.txt").read_text()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows the open files of a process")
def test_files_elsewhere(tries) -> None:
    write_study("elsewhere")
    _, found, _ = tries()
    assert found["Files"] == f"it writes outside of {{out}}: {Path('../elsewhere.log').resolve()}"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows the memory of other processes")
def test_memory(tries) -> None:
    write_study("memory")
    _, found, _ = tries()
    megabytes = re.search(r"(\d+) MB of memory at the peak", found["Run"])
    assert megabytes
    assert 200 <= int(megabytes[1]) < 300
    measured = json.loads(Path("results/tried/.try/measured.json").read_text())
    assert measured["memory"] > 200_000_000


def test_set_changes_a_setting_and_is_not_the_cost_of_the_study(tries) -> None:
    write_study("slow")
    status, found, printed = tries("--set", "mode=fine")
    assert status == 0
    assert "train.py fine 0" in printed
    assert "with --set, a run does not take as long as one of the study" in found["Study"]
    assert not Path("results/tried/.try/measured.json").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--set", "mod=fine"], '--set mod: unknown key; did you mean "mode"?'),
        (["--set", "mode"], "--set mode: need a setting and a value: --set mode=…"),
        (["--limit", "3 weeks"], '--limit: found "3 weeks"; need seconds, or a number with s, min, h or d'),
        (["--variant", "basline"], 'did you mean "baseline"?'),
        (["--cores", "0"], "--cores must be at least 1; found 0"),
        (["--varaint", "other"], "did you mean --variant?"),
    ],
)
def test_mistakes_in_the_command(tries, flags: list[str], message: str) -> None:
    write_study("fine")
    status, _, printed = tries(*flags)
    assert status == 2
    assert message in printed


def test_a_setting_keeps_its_type(tries) -> None:
    code = "import sys; print('acc', float(sys.argv[1]) + int(sys.argv[2]))"
    write(
        {
            "run": [sys.executable, "-c", code, "{lr}", "{seed}"],
            "settings": {"lr": 0.5},
            "results": {"stdout": {"acc": r"acc (\S+)"}},
        }
    )
    _, found, printed = tries("--set", "lr=2")
    assert "-c" in printed
    assert found["Numbers"].startswith("acc 2, from its output")
    assert json.loads(Path("results/tried/.try/baseline/first/settings.json").read_text()) == {"lr": 2.0}


def test_a_function(tries) -> None:
    Path("mine.py").write_text(
        "import random\ndef run(settings, seed, run):\n    random.seed(seed)\n    return {'acc': random.random()}\n"
    )
    study = yaml.safe_load(
        "{study: tried, title: T, function: {call: 'mine:run', settings: {lr: 1}}, variants: [{name: baseline}], "
        "seeds: [3], analysis: {metric: acc, higher_is_better: true, baseline: baseline}}"
    )
    Path("study.yaml").write_text(yaml.safe_dump(study))
    status, found, _ = tries()
    assert status == 0
    assert found["Seed"].startswith("it changes the numbers: seeds 3 and 4 give")


def test_a_study_without_a_program(tries) -> None:
    Path("study.yaml").write_text(
        "{study: s, title: T, variants: [{name: baseline}], seeds: [0], analysis: {baseline: baseline}}"
    )
    status, _, printed = tries()
    assert status == 2
    assert "there is no program to try" in printed


@pytest.mark.parametrize(
    ("value", "digits"), [(99.0, 2), (0.99, 2), (0.9914, 4), (100.0, 3), (0.0, 1), (-1.5e-7, 2), (1.4731, 5)]
)
def test_significant_digits(value: float, digits: int) -> None:
    assert significant_digits(value) == digits
