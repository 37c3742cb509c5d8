"""Logs of inspect_ai: those in `logs`, which inspect_ai wrote, and the same with one thing changed."""

import gzip
import json
import shutil
import sys
from pathlib import Path

import pytest

LOGS = Path(__file__).parent / "logs"
FILES = "*.json"
BASE = "mockllm/small"


@pytest.fixture
def log(tmp_path):
    """Write one of the logs, changed by a function."""

    def write(name, change=lambda read: None, file=None):
        read = json.loads(gzip.decompress((LOGS / f"{name}.json.gz").read_bytes()))
        change(read)
        path = tmp_path / (file or f"{name}.json")
        path.write_text(json.dumps(read, indent=2))
        return path

    return write


def test_two_models_are_compared_without_naming_a_column(log, analyse):
    log("small")
    log("large")
    status, said = analyse(FILES, "includes", BASE)
    assert status == 0
    assert "includes, higher is better; the question is new examples" in said
    assert "mockllm/large 0.9167 +0.3333" in said
    assert "repeats are averaged within an example" in said
    assert "read as a log of inspect_ai" in said


def test_rows_are_those_of_the_log(log, answers):
    path = log("large")
    found, _ = answers(path, "match", cluster="metadata.passage")
    samples = json.loads(path.read_text())["samples"]
    assert found.example.tolist() == [sample["id"] for sample in samples]
    assert found["repeat"].tolist() == [str(sample["epoch"]) for sample in samples]
    assert found.score.tolist() == [{"C": 1.0, "I": 0.0}[sample["scores"]["match"]["value"]] for sample in samples]
    assert found.cluster.tolist() == [str(sample["metadata"]["passage"]) for sample in samples]


def test_packed_logs_are_read(answers):
    found, _ = answers(LOGS / "*.json.gz", "match")
    assert set(found.variant) == {BASE, "mockllm/large"}


def test_metrics_of_a_log_have_the_means_that_inspect_ai_reports(log, answers):
    path = log("large")
    reported = {score["name"]: score["metrics"] for score in json.loads(path.read_text())["results"]["scores"]}
    for scorer in ("match", "includes"):
        assert answers(path, scorer)[0].score.mean() == pytest.approx(reported[scorer]["accuracy"]["value"])


@pytest.mark.parametrize(
    ("grade", "score"), [("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (True, 1.0), (0.25, 0.25), (3, 3.0)]
)
def test_grades_count_as_in_inspect_ai(log, answers, grade, score):
    def change(read):
        for sample in read["samples"]:
            sample["scores"]["match"]["value"] = grade

    assert answers(log("large", change), "match")[0].score.tolist() == [score] * 12


def test_a_grade_of_another_kind_is_refused(log, analyse):
    def change(read):
        read["samples"][3]["scores"]["match"]["value"] = "GOOD"

    status, said = analyse(log("large", change), "match", "mockllm/large", "--higher-is-better")
    assert status == 2
    assert 'large.json, sample 4: match is "GOOD", not a number' in said


def test_a_score_of_several_parts_has_a_column_for_each(log, answers):
    def change(read):
        for sample in read["samples"]:
            sample["scores"]["match"]["value"] = {"style": "P", "facts": 0.75}

    path = log("large", change)
    assert answers(path, "match.style")[0].score.tolist() == [0.5] * 12
    assert answers(path, "match.facts")[0].score.tolist() == [0.75] * 12


def test_several_scorers_must_be_chosen_from_and_one_need_not(log, analyse):
    log("small")
    log("large")
    status, said = analyse(FILES, "accuracy", BASE)
    assert status == 2
    assert 'no score "accuracy"; choose one of match, includes' in said

    def only_match(read):
        for sample in read["samples"]:
            del sample["scores"]["includes"]

    log("small", only_match)
    log("large", only_match)
    status, said = analyse(FILES, "accuracy", BASE)
    assert status == 0
    assert "accuracy is the mean of match." in said


def test_models_with_other_scorers_are_pointed_out(log, analyse):
    def only(scorer):
        def change(read):
            for sample in read["samples"]:
                sample["scores"] = {scorer: sample["scores"][scorer]}

        return change

    log("small", only("match"))
    log("large", only("includes"))
    status, said = analyse(FILES, "match", BASE)
    assert status == 0
    assert "mockllm/large was not scored with match, but with includes." in said
    assert "TOO_FEW_EXAMPLES" in said


def test_scorers_as_judges(log, answers, analyse):
    log("small")
    log("large")
    found, _ = answers(FILES, "score", judge="scorer")
    assert set(found.judge) == {"match", "includes"}
    assert len(found) == 48
    status, said = analyse(FILES, "score", BASE, "--judge", "scorer")
    assert status == 0
    assert "2 judges, averaged for each answer" in said


def test_samples_with_an_error_are_missing_and_counted(log, analyse, answers):
    def change(read):
        for sample in read["samples"][:3]:
            sample["error"] = {"message": "TimeoutError('no answer')", "traceback": "", "traceback_ansi": ""}
            sample["scores"] = {}

    log("small")
    path = log("large", change)
    assert answers(path, "match")[0].score.isna().sum() == 3
    status, said = analyse(FILES, "match", BASE)
    assert status == 0
    assert "large.json: 3 samples ended with an error; counted as missing." in said


def test_an_error_for_each_sample_is_reported_with_the_first(log, analyse):
    def change(read):
        read["status"] = "error"
        for sample in read["samples"]:
            sample["error"] = {"message": "TimeoutError('no answer')", "traceback": "", "traceback_ansi": ""}
            sample["scores"] = None

    status, said = analyse(log("large", change), "match", "mockllm/large")
    assert status == 2
    assert "not one answer was scored; the first error: TimeoutError('no answer')" in said


def test_unscored_and_invalidated_samples_are_missing(log, answers):
    def change(read):
        read["samples"][0]["scores"]["match"]["value"] = float("nan")
        read["samples"][1]["invalidation"] = {"timestamp": "2026-01-01T00:00:00+00:00", "author": "a", "reason": "b"}

    found, notes = answers(log("large", change), "match")
    assert found.score.isna().tolist() == [True, True] + [False] * 10
    assert "1 sample marked as invalid; counted as missing." in notes


def test_an_evaluation_that_was_cut_short_says_so(log, answers):
    def change(read):
        read["status"] = "cancelled"
        read["results"]["total_samples"] = 12
        read["samples"] = read["samples"][:5]

    _, notes = answers(log("large", change), "match")
    assert "its status is cancelled; it has 5 of 12 samples." in notes


def test_a_log_without_samples_is_refused(log, analyse):
    status, said = analyse(log("large", lambda read: read.pop("samples")), "match", "mockllm/large")
    assert status == 2
    assert "the log has no samples (its status is success)" in said


def test_a_log_that_was_cut_off_is_refused(log, analyse):
    path = log("large")
    path.write_bytes(path.read_bytes()[:-5000])
    status, said = analyse(path, "match", "mockllm/large")
    assert status == 2
    assert "large.json: not whole JSON" in said


def test_other_right_answers_are_refused_and_other_inputs_said(log, analyse):
    def change(key, value):
        def changed(read):
            for sample in read["samples"]:
                sample[key] = value

        return changed

    log("small")
    log("large", change("target", "42"))
    status, said = analyse(FILES, "match", BASE)
    assert status == 2
    assert "have the same name but another hash" in said
    log("large", change("input", "Think first."))
    status, said = analyse(FILES, "match", BASE)
    assert status == 0
    assert "6 examples of 6 were asked with different prompts" in said


def test_ids_that_look_like_numbers_stay_as_they_are(log, answers):
    ids = ["1e2", "100", "007", "7", "7.0", "12e345"]

    def change(read):
        for number, sample in enumerate(read["samples"]):
            sample["id"] = ids[number % 6]

    assert set(answers(log("large", change), "match")[0].example) == set(ids)


def test_task_arguments_that_vary_make_variants(log, answers, analyse):
    log("large")
    log("large", lambda read: read["eval"]["task_args"].update(style="stepwise"), "other.json")
    found, notes = answers(FILES, "match")
    assert set(found.variant) == {"mockllm/large (task_args.style=plain)", "mockllm/large (task_args.style=stepwise)"}
    assert "A variant is model and task_args.style, because these vary." in notes


def test_a_setting_that_only_one_log_has_makes_variants_too(log, answers):
    log("large")
    log("large", lambda read: read["eval"]["model_generate_config"].update(temperature=0.7), "other.json")
    variants = set(answers(FILES, "match")[0].variant)
    assert variants == {
        "mockllm/large (model_generate_config.temperature=default)",
        "mockllm/large (model_generate_config.temperature=0.7)",
    }


def test_two_logs_of_one_evaluation_are_told_apart_by_their_time(log, analyse):
    log("small")
    log("large")
    log("large", lambda read: read["eval"].update(created="2026-11-28T00:00:00+00:00"), "again.json")
    status, said = analyse(FILES, "match", BASE)
    assert status == 2
    assert "created tells several answers of a variant to one example apart" in said


def test_examples_that_do_not_match_are_refused(log, analyse):
    def change(read):
        for number, sample in enumerate(read["samples"]):
            sample["id"] = f"other-{number % 6}"

    log("small")
    log("large", change)
    status, said = analyse(FILES, "match", BASE)
    assert status == 2
    assert "share 0 of 12 examples" in said
    assert "check that the ids of both name the same questions" in said


def test_the_own_format_asks_for_inspect_ai(monkeypatch, analyse):
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    status, said = analyse(LOGS / "large.eval", "match", "mockllm/large")
    assert status == 2
    assert "pip install 'seedwise[inspect]'" in said
    assert "inspect log convert --to json" in said


@pytest.mark.slow
def test_the_own_format_is_read_as_json_is(answers, tmp_path):
    # It is not among our pins: inspect_ai 0.3.285 needs fsspec <= 2026.6, and ours is newer.
    pytest.importorskip("inspect_ai", reason="there is no inspect_ai: pip install 'seedwise[inspect]'")
    found, _ = answers(LOGS / "large.eval", "includes", cluster="passage")
    expected, _ = answers(LOGS / "large.json.gz", "includes", cluster="passage")
    by = ["example", "repeat"]
    assert found.sort_values(by).to_dict("list") == expected.sort_values(by).to_dict("list")
    shutil.copy(LOGS / "large.eval", tmp_path / "broken.eval")
    (tmp_path / "broken.eval").write_bytes((tmp_path / "broken.eval").read_bytes()[:2000])
    with pytest.raises(Exception, match=r"broken\.eval: inspect_ai cannot read this log"):
        answers("broken.eval", "includes")
