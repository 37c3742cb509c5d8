"""Ways to cheat, as docs/registration.md lists them: those that are seen, and those that nothing in a folder shows.

Each is done as somebody would do it who knows Seedwise, so that what was changed fits together as far as it can.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import replace

import pytest

from seedwise.basics.files import short_digest
from seedwise.basics.git import git
from seedwise.cli import main
from seedwise.registration.ledger import append, read_ledger, registration_of_runs
from seedwise.registration.register import look_at, note_results, register, take_look
from seedwise.registration.standing import was_seen
from seedwise.runs.attempt import attempt
from seedwise.runs.record import read_record, write_record
from tests.conftest import ROOT
from tests.registration.studies import SCORES, Demo, render, rewrite, score_again

REWRITTEN = "Whether all of it was rewritten"
ELSEWHERE = "Whether there were other runs, in another folder or on another machine"
CLOCK = "Whether the clock of the machine was right"


def exploratory(demo, capsys, because):
    """Whether the report says why it confirms nothing, and `verify` that it does, having found no fault."""
    states, text = demo.verify(capsys)
    assert "FAILED" not in states.values()
    assert re.match(rf"results/{demo.name}: study \w+, EXPLORATORY, ", text)
    assert "What this shows: - Its verdicts are EXPLORATORY, and confirm nothing" in text
    assert "registered before" not in text or ", but what is reported departs from that" in text
    return "EXPLORATORY" in demo.results and re.search(because, demo.results) is not None


def commit(demo):
    """Make the project a repository with a commit."""
    git(demo.root, "init", "--quiet")
    for key, value in (("user.name", "Somebody"), ("user.email", "somebody@mail.example"), ("tag.gpgsign", "false")):
        git(demo.root, "config", key, value)
    git(demo.root, "add", "study.yaml", "train.py")
    git(demo.root, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "Study")


def rewrite_everything(demo, change, at="2026-01-01T10:00:00Z"):
    """Register the study as it is now at another time, with records, ledger and report that fit."""
    (demo.folder / "registration.jsonl").unlink()
    asked = demo.asked()
    content = register(demo.folder, asked).registration().content
    (demo.folder / "registration.jsonl").unlink()
    append(demo.folder, lambda _: [("registration", content)], at=at)
    for path in demo.folder.glob("runs/*/*/metrics.json"):
        with attempt(path.parent, registration_of_runs(demo.folder)):
            write_record(path, change(read_record(path)))
    demo.report()


def test_nothing_is_wrong_with_an_honest_study(demo, capsys):
    states, text = demo.verify(capsys)
    assert {name for name, state in states.items() if state != "ok"} == {"tag"}
    assert "EXPLORATORY" not in demo.results + text
    assert "Every verdict and number of results.md and page.html follows from the runs by that plan." in text


def test_another_metric_after_the_results(demo, capsys):
    demo.change("metric: score, higher_is_better: true", "metric: other, higher_is_better: false")
    demo.run()
    assert exploratory(demo, capsys, r'analysis\.metric was "score" when .* is now "other"')


def test_another_margin_after_an_interim_look(blank, capsys):
    demo = blank
    register(demo.folder, demo.asked())
    for seed in (0, 1):
        for variant in SCORES:
            path = demo.record(variant, seed)
            with attempt(path.parent, registration_of_runs(demo.folder)):
                write_record(path, demo.made(demo.asked(), variant, seed))
    take_look(demo.folder, demo.asked(), "interim", "0" * 16, 4)
    demo.change("baseline: low", "baseline: low, margin: 0.02")
    demo.run()
    assert exploratory(demo, capsys, r"analysis\.margin was null .* is now 0\.02")
    assert "Interim report on 4 runs." in demo.results


def test_failed_runs_counted_after_an_interim_look(demo, capsys):
    take_look(demo.folder, demo.asked(), "interim", "0" * 16, 6)
    demo.change("settings:", "failures: count, settings:")
    demo.run()
    assert exploratory(demo, capsys, r'command\.failures was "stop" when .* is now "count"')
    assert "| `command.failures` | `count` |" in demo.results, "the plan says so"


def test_other_rows_of_a_table_chosen_after_a_look(blank, capsys):
    demo = blank
    rows = [
        f"{variant},{seed},{score},{seed}\n" for variant in SCORES for seed, score in enumerate(SCORES[variant][:3])
    ]
    (demo.root / "table.csv").write_text("variant,seed,score,batch\n" + "".join(rows))
    command = demo.study.read_text().splitlines()[2]
    demo.change(command, "runs: {from: table, path: table.csv}")
    demo.change(", set: {rate: 0.1}", "")
    before = demo.asked()
    assert before.study.plan_hash == before.study.analysis.digest([0, 1, 2], ["low", "high"]), "as ever"
    take_look(demo.folder, before, "analysis", "0" * 16, 6)
    demo.change("table.csv}", "table.csv, where: [batch<2]}")
    reasons, _ = look_at(demo.folder, demo.asked(), "analysis", demo.root / "table.csv", [], 4)
    assert reasons == ['runs.where was [] when this study was registered and is now ["batch<2"].']


def test_more_seeds_until_it_is_significant(demo, capsys):
    assert "BETTER" not in (demo.folder / "summary.txt").read_text()
    demo.change("seeds: [0, 1, 2]", "seeds: [0, 1, 2, 3, 4]")
    demo.run()
    assert exploratory(demo, capsys, "Seeds 3 and 4 were added after there were results")


def test_bad_seeds_dropped(demo, capsys):
    demo.change("seeds: [0, 1, 2]", "seeds: [0, 1]")
    demo.run()
    assert exploratory(demo, capsys, "Seed 2 was removed after there were results")


def test_a_bad_variant_dropped(demo, capsys):
    demo.change("variants: [", "variants: [{name: third, set: {rate: 0.5}}, ")
    register(demo.folder, demo.asked())
    demo.change("{name: third, set: {rate: 0.5}}, ", "")
    demo.run()
    states, _ = demo.verify(capsys)
    assert "FAILED" not in states.values()
    assert "EXPLORATORY" not in demo.results  # back to what was registered before the results; the ledger has both
    assert "Variant third was added" in demo.results


def test_a_run_rolled_again_until_it_is_good(demo, capsys, monkeypatch):
    demo.record("high", 0).unlink()
    monkeypatch.setitem(SCORES, "high", (0.9, *SCORES["high"][1:]))
    demo.run()
    assert exploratory(demo, capsys, "The result of high seed 0 was replaced by another")


def lose(demo, variant, seed):
    """Have a run fail that counts as lost."""
    path = demo.record(variant, seed)
    with attempt(path.parent, registration_of_runs(demo.folder)):
        made = demo.made(demo.asked(), variant, seed)
        write_record(path, replace(made, status="failed", reason="exit status 1", metrics={}))
    note_results(demo.folder)


def test_a_lost_run_rolled_again_until_it_has_a_result(blank, capsys):
    demo = blank
    demo.change("settings:", "failures: count, settings:")
    register(demo.folder, demo.asked())
    lose(demo, "high", 0)
    assert not was_seen(read_ledger(demo.folder)), "nobody knows a score yet"
    demo.record("high", 0).unlink()
    demo.run()
    assert "EXPLORATORY" not in demo.results, "nobody had looked when it was done again"
    demo.record("low", 1).unlink()
    lose(demo, "low", 1)
    demo.report()
    assert "The result of low seed 1 was replaced by another" in demo.results
    shutil.rmtree(demo.folder)

    register(demo.folder, demo.asked())
    lose(demo, "high", 0)
    demo.run()
    assert "1 failed" in demo.results
    assert demo.verify(capsys)[0]["results"] == "ok"
    demo.record("high", 0).unlink()
    demo.run()
    assert exploratory(demo, capsys, "The run high seed 0 was lost when results were looked at, and was")


def test_all_runs_rolled_again_under_another_plan(demo, capsys):
    """Without any result a study begins again; if it then has the same results, they were known."""
    demo.change("metric: score, higher_is_better: true", "metric: other, higher_is_better: false")
    for _ in range(2):
        shutil.rmtree(demo.folder / "runs")
        demo.run()
    assert exploratory(demo, capsys, "6 results were known, with the same numbers, before all runs were begun again")


def test_all_runs_rolled_again_until_they_are_good(demo, capsys, monkeypatch):
    """By the same plan that is not exploratory, but the report has it, and `verify` says it."""
    shutil.rmtree(demo.folder / "runs")
    monkeypatch.setitem(SCORES, "high", (0.85, 0.86, 0.855))
    demo.run()
    _, text = demo.verify(capsys)
    assert "All runs begun again: none of the 6 results is left." in demo.results
    assert "All runs were begun again once" in text


def test_the_folder_of_a_study_copied_under_another_name(demo, capsys):
    """The copy has a ledger, but nothing was registered for it."""
    copy = Demo(demo.root, "copy")
    shutil.copytree(demo.folder, copy.folder)
    states, text = copy.verify(capsys)
    assert "FAILED" not in states.values()
    assert "its ledger, by which all this is judged, is that of the study demo." in text
    demo.change("study: demo", "study: copy")
    for path in copy.folder.glob("runs/*/*/metrics.json"):
        path.unlink()  # as Snakemake does, because they are of another study
    copy.run()
    assert exploratory(copy, capsys, "The ledger is that of the study demo, whose folder was copied or renamed")
    text = copy.verify(capsys)[1]
    assert "study copy, EXPLORATORY, registered as the study demo on" in text
    assert "before line 4 it is that of demo, and then of copy" in text


def test_a_number_of_a_record_edited(demo, capsys):
    path = demo.record("high", 0)
    path.write_text(path.read_text().replace("0.812", "0.912"))
    assert demo.failures(capsys) == {"records", "results", "runs.csv"}


def test_a_number_of_a_record_edited_with_all_that_follows_from_it(demo, capsys):
    ledger = (demo.folder / "registration.jsonl").read_bytes()
    score_again(demo.record("high", 0), 0.912)
    demo.report()
    assert "was replaced by another" in demo.results
    (demo.folder / "registration.jsonl").write_bytes(ledger)  # that has no trace of it
    assert demo.failures(capsys) == {"results", "analysis"}


def test_a_number_of_runs_csv_edited(demo, capsys):
    path = demo.folder / "runs.csv"
    path.write_text(path.read_text().replace("0.812", "0.912"))
    assert demo.failures(capsys) == {"runs.csv", "analysis", "tables", "results.md", "page.html"}


def test_a_verdict_edited_in_the_tables(demo, capsys):
    path = demo.folder / "comparisons.csv"
    path.write_text(path.read_text().replace("NOT_SUPPORTED", "BETTER"))
    assert demo.failures(capsys) == {"tables", "page.html"}
    findings = demo.folder / "findings.json"
    told = json.loads(findings.read_text())
    told.pop("digest", None)
    told["tables"]["comparisons.csv"] = short_digest(path)
    findings.write_text(json.dumps(told))
    assert demo.failures(capsys) == {"tables", "page.html"}


def test_a_verdict_edited_in_findings_json(demo, capsys):
    path = demo.folder / "findings.json"
    told = json.loads(path.read_text())
    told["comparisons"][0]["verdict"] = "BETTER"
    path.write_text(json.dumps(told))
    assert "findings.json" in demo.failures(capsys)
    told.pop("digest")
    path.write_text(json.dumps(told))
    assert demo.failures(capsys) == {"tables"}


@pytest.mark.parametrize(("factor", "failures"), [(1 + 1e-15, set()), (1 + 1e-4, {"tables"})])
def test_numbers_of_findings_json_may_be_rounded_otherwise_on_another_machine(demo, capsys, factor, failures):
    path = demo.folder / "findings.json"
    told = json.loads(path.read_text())
    was = told["comparisons"][0]["difference"]
    told["comparisons"][0]["difference"] *= factor
    assert told["comparisons"][0]["difference"] != was
    told.pop("digest")
    path.write_text(json.dumps(told))
    assert demo.failures(capsys) == failures


@pytest.mark.parametrize(
    ("old", "new"), [("not settled", "better"), ("0.8147", "0.8947"), ("before there was any result", "long before")]
)
def test_results_md_edited(demo, capsys, old, new):
    assert old in demo.results
    (demo.folder / "results.md").write_text(demo.results.replace(old, new))
    assert demo.failures(capsys) == {"results.md"}


@pytest.mark.parametrize("records", [True, False])
def test_page_html_edited(demo, capsys, records):
    if not records:
        shutil.rmtree(demo.folder / "runs")
    assert demo.verify(capsys)[0]["page.html"] == "ok"
    path = demo.folder / "page.html"
    page = path.read_text()
    for old, new in (("not settled", "better"), ('"value":0.81,', '"value":0.91,')):
        assert old in page
        path.write_text(page.replace(old, new))
        assert demo.failures(capsys) == {"page.html"}
    path.write_text(page.replace('id="vega">', 'id="vega">x'))
    states, text = demo.verify(capsys)
    assert states["page.html"] == "not checked"
    assert "what draws its plots is another program" in text


def test_images_are_not_compared_and_that_is_said(demo, capsys):
    (demo.folder / "figures").mkdir()
    states, text = demo.verify(capsys)
    assert states["figures"] == "not checked"
    assert "`seedwise report` draws them again" in text


def test_the_word_exploratory_taken_out_of_the_report(demo, capsys):
    demo.change("seeds: [0, 1, 2]", "seeds: [0, 1, 2, 3, 4]")
    demo.run()
    path = demo.folder / "findings.json"
    told = json.loads(path.read_text()) | {"exploratory": []}
    told.pop("digest")
    path.write_text(json.dumps(told))
    render(demo, next(demo.folder.glob("study-*.json")), demo.record("low", 0))
    assert "EXPLORATORY" not in demo.results
    states, text = demo.verify(capsys)
    assert {name for name, state in states.items() if state == "FAILED"} == {"exploratory", "tables"}
    assert "Seeds 3 and 4 were added after there were results." in text


def test_the_ledger_deleted(demo, capsys):
    ledger = demo.folder / "registration.jsonl"
    ledger.unlink()
    assert {"ledger", "analysis"} <= demo.failures(capsys)
    demo.run()
    assert "This study was registered when 6 runs had a result: nothing shows that" in demo.results
    assert demo.failures(capsys) == {"registered"}


@pytest.mark.parametrize("what", [r'"at": "\d{4}', r'"metric": "score', r'"low": {"0": "....', r'"runs": 6'])
def test_a_line_of_the_ledger_edited(demo, capsys, what):
    path = demo.folder / "registration.jsonl"
    text = path.read_text()
    part = re.search(what, text)[0]
    path.write_text(text.replace(part, f"{part[:-1]}{'8' if part[-1] != '8' else '7'}", 1))
    states, text = demo.verify(capsys)
    assert states["ledger"] == "FAILED"
    assert "was changed after it was written" in text


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_line_of_the_ledger_removed(demo, capsys, line):
    path = demo.folder / "registration.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:line] + lines[line + 1 :]))
    assert demo.failures(capsys) & {"ledger", "analysis"}


def test_all_lines_after_one_written_again(demo, capsys):
    """The chain is whole, but runs and report name lines that are gone."""
    rewrite(demo.folder, lambda entry: ("2020-01-01T00:00:00Z" if entry.number == 0 else entry.at, entry.content))
    assert demo.failures(capsys) == {"registered", "analysis", "exploratory"}


def test_records_of_another_study_of_the_same_name(demo, capsys):
    other = demo.root / "elsewhere"
    shutil.move(demo.folder / "runs", other)
    shutil.rmtree(demo.folder)
    register(demo.folder, demo.asked())
    shutil.copytree(other, demo.folder / "runs")
    demo.run()
    assert "6 runs belong to a registration that is not in this ledger" in demo.results
    assert "registered" in demo.failures(capsys)


def test_records_that_started_before_their_registration(demo, capsys):
    path = demo.record("high", 1)
    write_record(path, replace(read_record(path), started=time.time() - 3600))
    assert demo.failures(capsys) == {"started"}


def test_numbers_edited_in_a_clone_without_run_records(demo, capsys):
    shutil.rmtree(demo.folder / "runs")
    states, text = demo.verify(capsys)
    assert "FAILED" not in states.values()
    assert states["results"] == states["tables"] == states["results.md"] == "ok"
    assert states["records"] == states["started"] == "not checked"
    assert "The reported runs started after that" not in text
    path = demo.folder / "runs.csv"
    path.write_text(path.read_text().replace("0.812", "0.912"))
    assert "results" in demo.failures(capsys)


def test_a_clone_without_the_study_file_takes_the_config(demo, capsys):
    shutil.rmtree(demo.folder / "runs")
    next(demo.folder.glob("study-*.json")).unlink()
    states, text = demo.verify(capsys)
    assert (states["tables"], states["results.md"]) == ("ok", "not checked")
    assert "--config" in text
    assert demo.verify(capsys, "--config", "study.yaml")[0]["results.md"] == "ok"
    (demo.folder / "results.md").write_text(demo.results.replace("not settled", "better"))
    assert demo.verify(capsys, "--config", "study.yaml")[0]["results.md"] == "FAILED"


@pytest.mark.parametrize("file", ["study.yaml", "results/demo/results.md", "results/demo/runs/low/seed0/metrics.json"])
def test_the_folder_of_results_is_named_to_those_who_name_a_file(demo, capsys, file):
    for command in (["verify", file], ["compare", file, "results/demo"]):
        assert main(command) == 2
        assert "results/demo\n" in capsys.readouterr().err
    assert main(["gate", "study.yaml"]) == 2
    assert "name the folder of its results, results/demo, instead of" in capsys.readouterr().err


def test_a_folder_that_was_renamed_takes_the_config_of_its_ledger(demo, capsys):
    next(demo.folder.glob("study-*.json")).unlink()
    demo.folder.rename(demo.folder.with_name("sent"))
    sent = replace(demo, name="sent")
    states, text = sent.verify(capsys, "--config", "study.yaml")
    assert states["results.md"] == "ok"
    assert "its ledger, by which all this is judged, is that of the study demo." in text
    demo.change("study: demo", "study: sent")
    assert main(["verify", "results/sent", "--config", "study.yaml"]) == 2
    assert "study.yaml: it is the study sent, and results/sent has the results of demo" in capsys.readouterr().err


def test_the_clock_set_back_for_a_line(demo, capsys):
    take_look(demo.folder, demo.asked(), "table", "0" * 16, 6)
    append(demo.folder, lambda _: [("reason", {"why": "asked by a reviewer"})], at="2020-01-01T00:00:00Z")
    assert demo.failures(capsys) == {"clock"}


def test_not_seen_everything_rewritten(demo, capsys):
    """After the results another metric is declared, and all is made to fit: only a tag knows better."""
    demo.change("metric: score, higher_is_better: true", "metric: other, higher_is_better: false")
    rewrite_everything(demo, lambda record: record)
    states, text = demo.verify(capsys)
    assert {name for name, state in states.items() if state != "ok"} == {"tag"}
    assert "EXPLORATORY" not in demo.results + text
    assert REWRITTEN in text


def test_everything_rewritten_is_seen_with_a_tag(blank, capsys):
    commit(blank)
    assert main(["register", "study.yaml", "--tag"]) == 0
    blank.run()
    states, text = blank.verify(capsys)
    assert set(states.values()) == {"ok"}
    assert "The hash in a git tag shows that the plan was not rewritten" in text
    blank.change("metric: score, higher_is_better: true", "metric: other, higher_is_better: false")
    rewrite_everything(blank, lambda record: record)
    states, text = blank.verify(capsys)
    assert {name for name, state in states.items() if state == "FAILED"} == {"tag"}
    assert "it was written again since" in text


def test_a_tag_made_after_the_runs(demo, capsys):
    commit(demo)
    for path in demo.folder.glob("runs/*/*/metrics.json"):
        write_record(path, replace(read_record(path), started=time.time() - 30))
    assert main(["register", "study.yaml", "--tag", "late"]) == 0
    states, text = demo.verify(capsys)
    assert states["tag"] == "not checked"
    assert re.search(r"late of .* is younger than the start of the first run", text)


def test_not_seen_the_clock_set_back_for_everything(demo, capsys):
    """The runs are known when the study is registered, by a clock that says that it is earlier."""
    rewrite_everything(demo, lambda record: replace(record, started=1767263400.0), at="2026-01-01T10:00:00Z")
    states, text = demo.verify(capsys)
    assert "FAILED" not in states.values()
    assert CLOCK in text


def test_not_seen_runs_in_a_copy_then_the_winner_declared(blank, demo, capsys):
    """What won elsewhere is declared here, and run once more: these numbers come from nowhere else."""
    shutil.rmtree(demo.root / "results")
    demo.change("baseline: low", "baseline: low, margin: 0.02")
    demo.run()
    states, text = demo.verify(capsys)
    assert "FAILED" not in states.values()
    assert "EXPLORATORY" not in demo.results + text
    assert ELSEWHERE in text


def test_every_row_of_the_page_names_a_test_of_this_file():
    page = (ROOT / "docs/registration.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    tests = {name for name in globals() if name.startswith("test_")}
    assert len(named) >= 10
    assert named <= tests


def test_what_the_folder_says_cannot_steer_the_terminal(demo, capsys):
    append(demo.folder, lambda _: [("reason", {"why": "\x1b[2J"})])
    path = demo.record("high", 0)
    plain = json.loads(path.read_text())
    path.write_text(json.dumps(plain | {"status": "\x1b[2Jfinished"}))
    _, text = demo.verify(capsys)
    assert "\x1b" not in text


def test_the_default_study_that_the_repository_ships_was_registered_before_its_runs(capsys):
    assert main(["verify", str(ROOT / "results/fashion-mnist"), "--config", str(ROOT / "config.yaml"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    states = {check["name"]: check["state"] for check in told["checks"]}
    assert told["registered"].endswith("before there was any result")
    assert {states[name] for name in ("ledger", "clock", "results", "analysis", "exploratory", "tables")} == {"ok"}


@pytest.mark.parametrize("study", ["baseline", "fashion-mnist-long", "finetune-vs-features", "precision"])
def test_the_other_studies_of_the_repository_are_older_than_ledgers_and_contradict_nothing(capsys, study):
    config = ROOT / f"studies/{study}.yaml"
    assert main(["verify", str(ROOT / "results" / study), "--config", str(config), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["registered"] == "never registered"
    assert "recorded by the first analysis" in (ROOT / "results" / study / "results.md").read_text().lower()
    assert f"`results/{study}`" in (ROOT / "docs/registration.md").read_text()
