"""Studies of a user's program: what is said while they run and in the report, and what runs again for which reason."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from seedwise.basics.errors import UserError
from seedwise.trainers.command.settings import Command
from seedwise.workflow.programs import _require_readers
from tests.workflow.conftest import LIMIT, ROOT
from tests.workflow.programs import COMMAND, ProgramProject, make_program

pytestmark = pytest.mark.slow


def seedwise(project: ProgramProject, *words: str) -> str:
    """Run a command of `seedwise` in the project; return all it printed."""
    command = [sys.executable, "-m", "seedwise.cli", *words]
    answer = subprocess.run(
        command,
        cwd=project.folder,
        env=project.environment() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return answer.stdout


def small(folder: Path, program: str, *, study: str = "", command: str = "") -> ProgramProject:
    """A project with a program of a few lines, whose settings are x."""
    project = make_program(folder)
    (folder / "train.py").write_text(program)
    project.config.write_text(
        "study: tiny\ntitle: Tiny\ncommand:\n  run: python train.py {x} {seed}\n  settings: {x: 1}\n"
        f"{command}variants: [{{name: baseline}}, {{name: other, set: {{x: 2}}}}]\nseeds: [0, 1, 2]\n"
        f"analysis: {{metric: loss, higher_is_better: false, baseline: baseline}}\n{study}"
    )
    return project


REPORT = "results/tiny/results.md"  # no figures, no page
WRITES = "import sys, seedwise\nx, seed = map(int, sys.argv[1:])\n"


def test_runs_that_leave_their_numbers_in_one_file_take_turns(tmp_path: Path) -> None:
    program = (
        "import json, sys, time\nx, seed = map(int, sys.argv[1:])\n"
        "json.dump({'loss': x + seed / 10}, open('final.json', 'w'))\ntime.sleep(0.5)\n"
    )
    project = small(tmp_path / "p", program, command="  results: {json: final.json}\n  canary: false\n")
    project.run("--cores", "6", "--", "runs")
    found = {
        (variant, seed): json.loads(project.record(variant, seed).read_text())["metrics"]["loss"]
        for variant in ("baseline", "other")
        for seed in range(3)
    }
    assert found == {
        (variant, seed): x + seed / 10 for x, variant in enumerate(("baseline", "other"), 1) for seed in range(3)
    }
    logs = [path.read_text() for path in (project.results / "logs/train_run").glob("*/*.log")]
    assert any("another run leaves its numbers in" in log for log in logs)


def test_a_broken_command_fails_after_one_run_of_each_variant(tmp_path: Path) -> None:
    project = small(tmp_path / "p", "import sys\nraise ValueError(f'no layer {sys.argv[1]}')\n")
    answer = project.attempt("--", "runs")
    assert answer.returncode == 1
    assert "FAILED  other seed 0: exit status 1: ValueError: no layer 2" in answer.stdout
    assert "not started after that: other seeds 1, 2" in answer.stdout
    assert not list(project.results.glob("runs/*/seed1/out")), "other seeds were not started"
    (project.folder / "train.py").write_text(WRITES + "seedwise.result(loss=x + seed / 10)\n")
    assert project.made("--", "runs")["train_run"] == 6
    (project.folder / "train.py").write_text("import sys\nraise ValueError(f'no head {sys.argv[1]}')\n")
    answer = project.attempt("--", "runs")
    assert "FAILED  other seed 0: exit status 1: ValueError: no head 2" in answer.stdout, (
        "in spite of results of other code"
    )


def test_among_hundreds_of_ready_runs_the_first_seeds_begin_and_none_is_lost(tmp_path: Path) -> None:
    project = small(tmp_path / "p", "", command="")
    (project.folder / "run.sh").write_text("""printf '{"loss": %s.%s}' "$1" "$2" > "$SEEDWISE_RESULTS"\n""")
    project.edit("config.yaml", "python train.py", "sh run.sh")
    project.edit("config.yaml", "seeds: [0, 1, 2]", "seeds: 110")
    project.run("--cores", "2", "--", "runs")
    records = [json.loads(file.read_text()) for file in project.results.glob("runs/*/*/metrics.json")]
    assert len(records) == 220
    first = sorted(records, key=lambda record: record["started"])[:2]
    assert [record["seed"] for record in first] == [0, 0]


def test_failures_that_count_are_lost_runs_of_the_report_with_their_reason(tmp_path: Path) -> None:
    program = (
        WRITES
        + "if x == 2 and seed == 0: raise RuntimeError('loss is not a number')\nseedwise.result(loss=x + seed / 10)\n"
    )
    project = small(tmp_path / "p", program, command="  failures: count\n")
    project.run("--", REPORT)
    report = (project.results / "results.md").read_text()
    assert "5 finished, 0 diverged, 1 failed" in report
    assert "exit status 1: RuntimeError: loss is not a number" in report
    record = json.loads(project.record("other", 0).read_text())
    assert (record["status"], record["metrics"]) == ("failed", {})
    assert project.planned("--", REPORT) == {}


def test_a_retry_that_succeeds_and_files_that_runs_share_are_in_the_report(tmp_path: Path) -> None:
    program = WRITES + (
        "import pathlib\n"
        "marker = pathlib.Path(f'tried-{x}-{seed}')\n"
        "if (x, seed) == (2, 1) and not marker.exists(): marker.touch(); sys.exit('CUDA out of memory')\n"
        "pathlib.Path('model.pt').write_text(str(seed))\n"
        "seedwise.result(loss=x + seed / 10)\n"
    )
    project = small(tmp_path / "p", program, command="  retries: 1\n")
    project.run("--cores", "1", "--", REPORT)
    assert json.loads(project.record("other", 1).read_text())["failures"] == ["exit status 1: CUDA out of memory"]
    report = (project.results / "results.md").read_text()
    assert "1 run succeeded only after a failed attempt: other seed 1 (exit status 1: CUDA out of memory)" in report
    assert "6 runs wrote the same file of the program's own folder, model.pt" in report


def test_a_seed_that_does_not_arrive_is_said_while_it_runs_and_in_the_report(tmp_path: Path) -> None:
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=x)\n")
    printed = project.run("--", REPORT)
    assert "gave exactly the same numbers. Does the seed reach the program?" in printed
    assert "First find out whether the seed is used" in (project.results / "results.md").read_text()


def test_what_check_cautions_is_said_before_the_first_run(tmp_path: Path) -> None:
    project = small(tmp_path / "p", "import seedwise\nseedwise.result(loss=1)\n")
    project.edit("config.yaml", "{x} {seed}", "{x} --seed 0")
    caution = "Caution: the command fixes the seed: --seed 0. Write --seed {seed}, or all its runs use that seed"
    assert caution in seedwise(project, "check", "config.yaml")
    for flags in (["-n"], ["--cores", "1", "runs"]):
        printed = seedwise(project, "run", "config.yaml", *flags)
        assert printed.count(caution) == 1
        assert printed.index(caution) < printed.index("baseline")


def test_curves_and_scores_that_a_program_reports_are_in_the_report(tmp_path: Path) -> None:
    program = WRITES + (
        "import random\nrng = random.Random(seed)\n"
        "right = [rng.random() < 0.6 + x / 10 for _ in range(40)]\n"
        "for step in range(1, 4): seedwise.log(step * 10, loss=1 / step)\n"
        "seedwise.scores(range(40), right)\nseedwise.result(loss=sum(right) / 40)\n"
    )
    project = small(tmp_path / "p", program, command="  history: logged\n  scores: logged\n")
    project.run("--", REPORT, "results/tiny/figures/curves.png")
    assert (project.results / "figures/curves.png").stat().st_size > 5000
    report = (project.results / "results.md").read_text()
    assert "mean over seeds after each step" in report
    assert "Would a new test set change this?" in report
    assert len((project.results / "runs/other/seed2/scores.csv").read_text().splitlines()) == 41


def test_revisions_are_compared_with_one_command(tmp_path: Path) -> None:
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=10 + seed / 10)\n")
    (project.folder / ".gitignore").write_text("results\n.snakemake\n")
    project.git("init", "-q", "-b", "main")
    project.git("add", ".")
    project.git("commit", "-qm", "One")
    (project.folder / "train.py").write_text(WRITES + "seedwise.result(loss=5 + seed / 10)\n")
    project.git("commit", "-qam", "Two")
    (project.folder / "train.py").write_text("raise SystemExit('not committed')\n")
    printed = seedwise(project, "run", "--revisions", "main~1,main", "config.yaml", "--cores", "2")
    assert re.search(r"tiny-revisions: main \(\w{7}\) BETTER \(Δ = \+5\.000, ", printed)
    assert "variant main is without changes that are not committed: train.py" in printed
    assert "git does not have" not in printed
    records = [
        json.loads(path.read_text()) for path in project.folder.glob("results/*/runs/main-before-1/*/metrics.json")
    ]
    assert sorted(record["metrics"]["loss"] for record in records) == [10.0, 10.1, 10.2]
    assert len({record["provenance"]["commit"] for record in records}) == 1
    assert "is config.revisions.yaml, without its variants other\n" in printed
    again = seedwise(project, "run", "--revisions", "main~1,main", "config.yaml", "-n")
    assert "Nothing to be done" in again
    assert "tiny: Tiny\n" in seedwise(project, "run", "-n"), "what --revisions has written is not meant"


def test_head_is_named_by_the_commit_that_it_was(tmp_path: Path) -> None:
    """After the next commit HEAD is another one; what was run keeps its name and its commit."""
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=10 + seed / 10)\n")
    (project.folder / ".gitignore").write_text("results\n.snakemake\n")
    project.git("init", "-q", "-b", "main")
    project.git("add", ".")
    project.git("commit", "-qm", "One")
    project.git("tag", "v1")
    names = []
    for line in ("# two\n", "# three\n"):
        with (project.folder / "train.py").open("a") as file:
            file.write(line)
        project.git("commit", "-qam", "More")
        seedwise(project, "run", "--revisions", "v1,HEAD", "config.yaml", "-n")
        base, head = yaml.safe_load((project.folder / "config.revisions.yaml").read_text())["variants"]
        assert (base["name"], base["revision"]) == ("v1", "v1")
        assert head["name"] == f"HEAD-{head['revision'][:7]}"
        assert head["label"] == f"HEAD ({head['revision'][:7]})"
        names.append(head["name"])
    assert len(set(names)) == 2


def test_status_names_the_setting_file_data_or_package_that_made_a_run_stale(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    project = make_program(tmp_path / "p", COMMAND.replace("  data:", f"  environment: {{venv: {venv}}}\n  data:"))
    project.run("--", "runs")

    def outdated() -> str:
        return seedwise(project, "status", "config.yaml")

    assert "4 of 4 runs finished" in outdated()
    project.edit("config.yaml", "dropout: 0.2", "dropout: 0.3")
    assert "settings.dropout was 0.2 and is now 0.3" in outdated()
    project.edit("config.yaml", "dropout: 0.3", "dropout: 0.2")
    project.edit("scale.py", "1.0", "2.0")
    assert "code changed: scale.py" in outdated()
    project.edit("scale.py", "2.0", "1.0")
    (project.folder / "plot.py").write_text("import scale\n")
    assert "4 of 4 runs finished" in outdated(), "nothing imports it"
    project.edit("data.txt", "1.5", "1.6")
    assert "data changed: data.txt" in outdated()
    project.edit("data.txt", "1.6", "1.5")
    assert "4 of 4 runs finished" in outdated()
    packages = next(venv.glob("lib/python*/site-packages"))
    (packages / "numerics-2.0.dist-info").mkdir()
    (packages / "numerics-2.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: numerics\nVersion: 2.0\n")
    status = outdated()
    assert "environment changed: numerics" in status
    refused = seedwise(project, "run", "config.yaml", "runs")
    assert "4 finished runs would be replaced (environment changed: numerics). To replace them, add" in refused
    pasted = f"environment: {{venv: {venv}, ignore: [numerics]}}"
    remedy = f"o keep them, add under command: `{pasted}` if the program does not use it, or undo"
    accept = '`seedwise accept config.yaml --why "…"` keeps what is there'
    for printed in (refused, status):
        assert remedy in printed
        assert accept in printed
    project.edit("config.yaml", f"{{venv: {venv}}}", f"{{venv: {venv}, ignore: [Numerics]}}")
    assert "4 of 4 runs finished" in outdated()
    assert "Nothing to be done" in seedwise(project, "run", "config.yaml", "runs")


def test_everything_works_in_folders_with_spaces_and_from_another_folder(tmp_path: Path) -> None:
    project = make_program(tmp_path / "a program's {folder}")
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    shutil.move(project.config, elsewhere / "config.yaml")
    text = (elsewhere / "config.yaml").read_text()
    (elsewhere / "config.yaml").write_text(text.replace("  data:", f'  folder: "../{project.folder.name}"\n  data:'))
    there = ProgramProject(elsewhere)
    there.run("--", "runs")
    assert len(list((elsewhere / "results").glob("tiny/runs/*/*/metrics.json"))) == 4
    assert not (project.folder / "results").exists()
    assert there.planned("--", "runs") == {}


def test_isolated_runs_do_not_see_each_others_files(tmp_path: Path) -> None:
    """As word_language_model does: save the model beside the program, and test what is there."""
    program = WRITES + (
        "import pathlib, time\nmodel = pathlib.Path('model.txt')\nmodel.write_text(f'{x} {seed}')\ntime.sleep(0.5)\n"
        "assert model.read_text() == f'{x} {seed}', 'this is the model of another run'\n"
        "seedwise.result(loss=x + seed / 10)\n"
    )
    shared = small(tmp_path / "shared", program)
    answer = shared.attempt("--", "runs")
    assert "this is the model of another run" in answer.stdout, "without a copy they disturb each other"
    isolated = small(tmp_path / "isolated", program, command="  isolate: copy\n")
    isolated.run("--", "runs")
    assert len(list(isolated.results.glob("runs/*/*/metrics.json"))) == 6
    assert not (isolated.folder / "model.txt").exists()


def test_code_that_is_edited_while_a_study_runs_is_not_credited(tmp_path: Path) -> None:
    """The second of two runs, one after another, finds other code than the one that the command has digested."""
    program = WRITES + (
        "import pathlib, scale\n"
        "pathlib.Path('scale.py').write_text(f'EDITED = {seed}')\nseedwise.result(loss=x + seed / 10)\n"
    )
    project = small(tmp_path / "p", program)
    answer = project.attempt("--cores", "1", "--", "runs")
    assert answer.returncode == 1
    assert "the program's code has changed since this command was started" in answer.stdout


def test_mistakes_in_the_study_are_reported_before_anything_runs(tmp_path: Path) -> None:
    project = make_program(tmp_path / "p")
    text = project.config.read_text()
    for old, new, message in (
        ("{seed}", "{sed}", 'config.yaml:4: command.run: found "sed"; did you mean "seed"?'),
        ("python train.py", "pyhton train.py", 'command.run: pyhton is not on PATH; did you mean "python"?'),
        ("data.txt", "date.txt", 'command.data: found "date.txt", which is not there; did you mean "data.txt"?'),
        ("dropout: 0.2, ", "drop: 0.2, ", 'config.yaml:10: variants[1].set.drop: unknown key; did you mean "dropout"?'),
        (
            "metric: loss, ",
            "",
            "config.yaml:12: analysis.metric: missing; name the metric of your program that decides",
        ),
        ("higher_is_better: false, ", "", "config.yaml:12: analysis.higher_is_better: missing; say true for a score"),
        ("settings: {", "settings: {a.b: 1, a: {b: 2}, ", "command.settings: a.b is set twice, once with a dot and"),
        (
            "metric: loss, ",
            "metric: my_metric, ",
            "analysis.metric: my_metric is only what the draft says",
        ),
        ("seeds: [0, 1]", "seeds: [0, 1]\ntraining: {epochs: 2}", "training: found beside command"),
    ):
        assert old in text
        project.config.write_text(text.replace(old, new, 1))
        answer = project.attempt("-n")
        assert answer.returncode != 0
        assert message in answer.stdout, (message, answer.stdout)
        assert "Traceback" not in answer.stdout
        assert not project.results.exists() or not list(project.results.glob("runs/*"))


def test_another_study_of_the_same_name_does_not_replace_results(tmp_path: Path) -> None:
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=x + seed / 10)\n")
    project.run("--", "runs")
    records = {path: path.read_bytes() for path in project.results.glob("runs/*/*/metrics.json")}
    text = project.config.read_text()
    other = project.config.with_name("other.yaml")
    other.write_text(text)
    project.run("--configfile", "other.yaml", "-n", "--", "runs")  # a look at a copy does not take the results over
    other.write_text(text.replace("x: 1", "x: 5"))
    answer = project.attempt("--configfile", "other.yaml", "--", "runs")
    assert answer.returncode == 1
    assert "other.yaml: results/tiny has the results of config.yaml, which has the same name, `study:" in answer.stdout
    assert {path: path.read_bytes() for path in project.results.glob("runs/*/*/metrics.json")} == records
    other.write_text("# the same study, in another place\n" + text)
    assert "Nothing to be done" in project.run("--configfile", "other.yaml", "-n", "--", "runs")


def test_a_study_that_git_does_not_have_is_noted(tmp_path: Path) -> None:
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=x + seed / 10)\n")
    project.git("init", "-q", "-b", "main")
    project.git("add", "train.py")
    project.git("commit", "-qm", "One")
    (project.folder / "train.py").write_text(WRITES + "seedwise.result(loss=2 * x + seed / 10)\n")
    printed = project.run("--", REPORT)
    assert "Note: git does not have config.yaml, without which" in printed
    origin = json.loads(project.record("other", 1).read_text())["provenance"]
    assert origin["uncommitted"] == ["config.yaml", "train.py"]
    report = (project.results / "results.md").read_text()
    assert "does not contain `config.yaml` and `train.py` as these runs used them" in report
    assert "git checkout" not in report
    head = ["git", "-C", str(project.folder), "rev-parse", "HEAD"]
    first = subprocess.check_output(head, text=True).strip()
    project.git("add", "config.yaml", "train.py")
    project.git("commit", "-qm", "Two")
    second = subprocess.check_output(head, text=True).strip()
    printed = project.run("--", REPORT)
    assert "git does not have" not in printed
    assert origin == json.loads(project.record("other", 1).read_text())["provenance"]
    report = (project.results / "results.md").read_text()
    contains = (
        f"Commit `{second}` contains the study and its code as used here; the runs were made from commit `{first}`"
    )
    assert f"{contains}, before `config.yaml` and `train.py` were committed." in report
    assert f"git checkout {second}" in report
    (project.folder / "notes.txt").write_text("something else")
    project.git("add", "notes.txt")
    project.git("commit", "-qm", "Three")
    assert "Nothing to be done" in project.run("--", REPORT)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=x)\n")
    project.results.parent.write_text("a file in the place of the folder")
    answer = project.attempt("-n")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == "results/tiny: Not a directory"
    assert "Traceback" not in answer.stdout
    assert "File " not in answer.stdout


def test_a_study_of_a_function_that_cannot_be_called_says_so(tmp_path: Path) -> None:
    project = small(tmp_path / "p", "def run(settings, seed, run):\n    return [1]\n")
    text = project.config.read_text().replace(
        "command:\n  run: python train.py {x} {seed}\n", "function:\n  call: train:run\n"
    )
    project.config.write_text(text)
    answer = project.attempt("--", "runs")
    assert "train:run returned list; return a mapping of metrics, or nothing" in answer.stdout
    project.config.write_text(text.replace("train:run", "train:runn"))
    answer = project.attempt("--", "runs")
    assert "train:runn: train.py, there is no function or class runn; it has run" in answer.stdout


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_runs_are_mirrored_in_wandb_where_the_study_says_so(tmp_path: Path, mode: str) -> None:
    tracking = f"tracking: {{wandb: {{mode: {mode}}}}}\n"
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=x + seed / 10)\n", study=tracking)
    project.edit("config.yaml", "seeds: [0, 1, 2]", "seeds: [0]")
    project.run("--", "runs")
    record = json.loads(project.record("baseline", 0).read_text())
    assert (list(project.results.glob("wandb/offline-run-*")) != []) == (mode == "offline")
    assert ("wandb" in record["tracking"]) == (mode == "offline")


def test_a_missing_reader_of_results_is_named_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Command.model_validate({"run": "python train.py", "results": {"tensorboard": "{out}"}})
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(
        UserError, match=r"^command\.results: .* needs the package tensorboard.*: pip install tensorboard$"
    ):
        _require_readers(program)


def test_what_take_best_chooses_and_what_diverged_follow_the_plan(tmp_path: Path) -> None:
    program = WRITES + (
        "import os\nfrom pathlib import Path\n"
        "rows = [(0, 0.1 * x, 1.0), (1, 0.9 - 0.1 * x + seed / 100, float('nan'))]\n"
        "text = 'epoch,loss,other\\n' + ''.join(f'{a},{b},{c}\\n' for a, b, c in rows)\n"
        "Path(os.environ['SEEDWISE_OUT'], 'm.csv').write_text(text)\n"
    )
    project = small(tmp_path / "p", program, command="  results: {csv: '{out}/m.csv', take: best}\n")
    project.run("--", "runs")
    assert json.loads(project.record("baseline", 0).read_text())["metrics"]["loss"] == 0.1
    project.edit("config.yaml", "higher_is_better: false", "higher_is_better: true")
    assert project.planned("--", "runs")["train_run"] == 6, "the best is another row now"


def test_a_run_is_finished_or_diverged_by_the_metric_that_decides_now(tmp_path: Path) -> None:
    project = small(tmp_path / "p", WRITES + "seedwise.result(loss=float('nan'), other=x + seed / 10)\n")
    project.run("--", "runs")
    assert "6 diverged" in seedwise(project, "status", "config.yaml")
    project.edit("config.yaml", "metric: loss", "metric: other")
    assert "6 of 6 runs finished" in seedwise(project, "status", "config.yaml")
    assert "6 finished, 0 diverged" in (project.run("--", REPORT) and (project.results / "results.md").read_text())
    project.edit("config.yaml", "metric: other", "metric: third")
    assert "6 outdated" in seedwise(project, "status", "config.yaml")


def test_a_file_that_a_setting_names_is_code_and_data_that_change_meanwhile_are_refused(tmp_path: Path) -> None:
    program = (
        "import sys, seedwise\nfrom pathlib import Path\n"
        "seedwise.result(loss=float(Path(sys.argv[1]).read_text()) + int(sys.argv[2]))\n"
    )
    project = small(tmp_path / "p", program)
    project.edit("config.yaml", "settings: {x: 1}", "settings: {x: one.cfgx}")
    project.edit("config.yaml", "{x: 2}", "{x: two.cfgx}")
    for name, value in (("one.cfgx", "1"), ("two.cfgx", "2")):
        (project.folder / name).write_text(value)
    project.run("--", "runs")
    (project.folder / "two.cfgx").write_text("3")
    assert project.planned("--", "runs")["train_run"] == 3
    changes = (
        "import seedwise, sys\nfrom pathlib import Path\n"
        "Path('data.txt').write_text(sys.argv[2])\nseedwise.result(loss=1)\n"
    )
    (project.folder / "train.py").write_text(changes)
    project.edit("config.yaml", "  settings:", "  data: [data.txt]\n  settings:")
    answer = project.attempt("--cores", "1", "--", "runs")
    assert "the program's data has changed since this command was started (data.txt)" in answer.stdout


def test_reserved_names_formats_and_unpassable_texts_are_mistakes(tmp_path: Path) -> None:
    project = make_program(tmp_path / "p")
    text = project.config.read_text()
    for old, new, message in (
        (
            "steps: 1}",
            "steps: 1, seed: 3}",
            "{seed} is a placeholder that every study has; give the setting another name",
        ),
        ("{seed}", "{seed:03d}", 'found "{seed:03d}"; values have no format here: write {seed}'),
        ("  data:", '  env: {"A=B": x}\n  data:', 'found "A=B"; need the name of an environment variable'),
        ("  data:", '  env: {A: "x\\0"}\n  data:', "a character that cannot be passed to a program"),
    ):
        project.config.write_text(text.replace(old, new, 1))
        printed = seedwise(project, "check", "config.yaml")
        assert message in printed, printed
        assert "Traceback" not in printed
    resume = "  isolate: copy\n  data: [data.txt]\n  resume: {checkpoint: '{variant}-{seed}.pt'}\n"
    project.config.write_text(re.sub(r"  data:.*\n  resume:.*\n", resume, text))
    assert "which goes with the copy of each attempt" in seedwise(project, "check", "config.yaml")
    project.config.write_text("study: [tiny\n")
    assert "config.yaml:2: not valid YAML" in seedwise(project, "run", "config.yaml", "-n")
