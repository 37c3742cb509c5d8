"""Samples of lm-evaluation-harness: what a user gets from the files as the harness writes them."""

import gzip
import hashlib
import io
import json
from pathlib import Path

import pytest

from seedwise.basics.errors import UserError
from seedwise.sources.open import open_table
from seedwise.sources.options import Options
from seedwise.sources.runs import read_runs

DATE = "2026-03-04T05-06-07.891011"
FILES = f"out/*/samples_*_{DATE}.jsonl"


def hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()


def sample(number, score, *, filters="none", metric="acc", doc="question", prompt="Q: ", **more):
    """A line as the harness writes it, with a document of its usual size."""
    text = f"{doc} {number}"
    return {
        "doc_id": number,
        "doc": {"query": text * 20, "passage": number // 5, "gold": 1},
        "target": str(number),
        "arguments": {"gen_args_0": {"arg_0": prompt + text, "arg_1": " a"}},
        "resps": [[["-1.5", "False"]]],
        "filtered_resps": [["-1.5", "False"]],
        "filter": filters,
        "metrics": [metric],
        "doc_hash": hashed(text),
        "prompt_hash": hashed(prompt + text),
        "target_hash": hashed(str(number)),
        metric: score,
        **more,
    }


@pytest.fixture
def harness(write_lines, tmp_path):
    """Write what the harness leaves of a model and task; `results` adds the file of results beside it."""

    def write(model, rows, task="arc_easy", results=None, date=DATE):
        write_lines(f"out/{model}/samples_{task}_{date}.jsonl", rows)
        if results is not None:
            (tmp_path / f"out/{model}/results_{date}.json").write_text(json.dumps(results))

    return write


def two_models(harness, **more):
    harness("org__base", [sample(n, float(n % 2), **more) for n in range(20)])
    harness("org__tuned", [sample(n, float(n % 4 > 0), **more) for n in range(20)])


def test_two_models_are_compared_without_naming_a_column(harness, analyse):
    two_models(harness)
    status, said = analyse(FILES, "acc", "org__base")
    assert status == 0
    assert "the question is new examples" in said
    assert "org__tuned 0.7500 +0.2500" in said
    assert "was read as samples logged by lm-evaluation-harness" in said


def test_rows_are_those_of_the_files(harness, answers):
    two_models(harness)
    found, _ = answers(FILES, "acc", cluster="passage")
    assert len(found) == 40
    tuned = found[found.variant == "org__tuned"]
    assert tuned.example.tolist() == [str(n) for n in range(20)]
    assert tuned.score.tolist() == [float(n % 4 > 0) for n in range(20)]
    assert tuned.cluster.tolist() == [str(n // 5) for n in range(20)]


def test_case_of_the_clustered_questions(answers, analyse):
    case = Path(__file__).parents[1] / "cases" / "20-llm-per-question"
    status, said = analyse(case / "samples_m*.jsonl", "acc", "m1", "--cluster", "passage")
    assert status == 0
    assert "p m1 0.5500 baseline m2 0.6550 +0.1050 [−0.0252, 0.2352] 0.1077 NOT_SUPPORTED" in said.replace(
        "verdict ", ""
    )


def test_several_filters_must_be_chosen_from(harness, analyse):
    for model in ("base", "tuned"):
        rows = [sample(n, n % 2, filters=name) for name in ("strict-match", "flexible-extract") for n in range(12)]
        harness(model, rows)
    status, said = analyse(FILES, "acc", "base")
    assert status == 2
    assert "--where filter=strict-match or --where filter=flexible-extract" in said
    status, said = analyse(FILES, "acc", "base", "--where", "filter=strict-match")
    assert status == 0
    assert "24 rows that do not meet filter=strict-match left out, as asked" in said


def test_a_filter_is_chosen_without_losing_tasks_that_lack_it(harness, analyse):
    for model in ("base", "tuned"):
        harness(model, [sample(n, n % 2, filters=f) for f in ("strict", "flexible") for n in range(12)], "gsm8k")
        harness(model, [sample(n, n % 2) for n in range(12)], "arc_easy")
    status, said = analyse(FILES, "acc", "base")
    assert status == 2
    assert "--where 'filter!=strict'" in said
    status, said = analyse(FILES, "acc", "base", "--where", "filter!=strict")
    assert status == 0
    assert "arc_easy" in said
    assert "gsm8k" in said


def test_a_condition_that_leaves_several_filters_does_not_choose(harness, analyse):
    names = ("strict", "flexible", "regex")
    harness("base", [sample(n, n % 2, filters=name) for name in names for n in range(4)])
    status, said = analyse(FILES, "acc", "base", "--where", "filter!=regex")
    assert status == 2
    assert "there is a row for each document and filter (strict, flexible)" in said


def test_another_version_of_the_documents_is_refused(harness, analyse):
    harness("base", [sample(n, n % 2) for n in range(12)])
    harness("tuned", [sample(n, n % 2, doc="question" if n > 3 else "corrected question") for n in range(12)])
    status, said = analyse(FILES, "acc", "base")
    assert status == 2
    assert "4 examples of base and tuned have the same name but another hash" in said


def test_another_version_can_be_compared_all_the_same(harness, analyse):
    harness("base", [sample(n, n % 2) for n in range(12)])
    harness("tuned", [sample(n, n % 2, doc="corrected question") for n in range(12)])
    assert analyse(FILES, "acc", "base", "--ignore", "digest")[0] == 0


def test_another_prompt_is_allowed_and_said(harness, analyse):
    harness("base", [sample(n, n % 2) for n in range(12)])
    harness("tuned", [sample(n, n % 3 > 0, prompt="Think first. Q: ") for n in range(12)])
    status, said = analyse(FILES, "acc", "base")
    assert status == 0
    assert "12 examples of 12 were asked with different prompts (prompt_hash)" in said


def test_each_task_is_a_data_set(harness, answers):
    for model in ("base", "tuned"):
        harness(model, [sample(n, n % 2) for n in range(5)], "arc_easy")
        harness(model, [sample(n, n % 2, doc="other") for n in range(5)], "boolq")
    found, _ = answers(FILES, "acc")
    assert set(found.dataset) == {"arc_easy", "boolq"}
    assert len(found) == 20


def test_tasks_as_clusters_do_not_mix_up_their_documents(harness, answers):
    for model in ("base", "tuned"):
        harness(model, [sample(n, n % 2) for n in range(5)], "arc_easy")
        harness(model, [sample(n, n % 2, doc="other") for n in range(5)], "boolq")
    found, _ = answers(FILES, "acc", cluster="task")
    assert "dataset" not in found
    assert found.example.nunique() == 10
    assert set(found.example) >= {"arc_easy/0", "boolq/0"}


def test_a_task_that_one_model_did_not_do_is_refused(harness, analyse):
    harness("base", [sample(n, n % 2) for n in range(12)], "arc_easy")
    harness("base", [sample(n, n % 2) for n in range(12)], "boolq")
    harness("tuned", [sample(n, n % 2) for n in range(12)], "arc_easy")
    status, said = analyse(FILES, "acc", "base")
    assert status == 2
    assert "not every variant did boolq; leave it out with --where 'task!=boolq'" in said
    assert analyse(FILES, "acc", "base", "--where", "task!=boolq")[0] == 0


def test_models_that_did_different_tasks_cannot_be_compared(harness, analyse):
    harness("base", [sample(n, n % 2) for n in range(12)], "arc_easy")
    harness("tuned", [sample(n, n % 2) for n in range(12)], "boolq")
    status, said = analyse(FILES, "acc", "base")
    assert status == 2
    assert "no task was done by every variant" in said


def test_a_torn_last_line_is_named(harness, analyse, tmp_path):
    two_models(harness)
    path = tmp_path / f"out/org__tuned/samples_arc_easy_{DATE}.jsonl"
    path.write_bytes(path.read_bytes()[:-200])
    status, said = analyse(FILES, "acc", "org__base")
    assert status == 2
    assert f"samples_arc_easy_{DATE}.jsonl, line 20: not JSON; was the file cut off?" in said


def test_a_key_that_a_line_has_twice_is_refused(harness, analyse, tmp_path):
    two_models(harness)
    path = tmp_path / f"out/org__tuned/samples_arc_easy_{DATE}.jsonl"
    path.write_text(path.read_text().replace('"acc": ', '"acc": 1.0, "acc": ', 1))
    status, said = analyse(FILES, "acc", "org__base")
    assert status == 2
    assert f'samples_arc_easy_{DATE}.jsonl, line 1: an object has the key "acc" twice' in said


def test_a_document_twice_is_refused(harness, analyse):
    harness("base", [sample(n, n % 2) for n in range(12)])
    harness("tuned", [sample(n % 11, n % 2) for n in range(12)])
    status, said = analyse(FILES, "acc", "base")
    assert status == 2
    assert "example 0 of tuned is there 2 times" in said


def test_two_evaluations_of_one_model_are_told_apart_by_their_date(harness, analyse):
    two_models(harness)
    later = DATE.replace("2026-03-04", "2026-03-05")
    harness("org__tuned", [sample(n, 1.0) for n in range(20)], date=later)
    everything = "out/*/samples_*.jsonl"
    status, said = analyse(everything, "acc", "org__base")
    assert status == 2
    assert "date tells several answers of a variant to one example apart" in said
    assert analyse(FILES.replace(DATE, "*"), "acc", "org__tuned", "--repeat", "date")[0] == 0
    status, said = analyse(everything, "acc", "org__base", "--where", f"date!={DATE.replace('-04T', '-05T')}")
    assert status == 0
    assert "org__tuned 0.7500" in said


def test_one_file_has_a_mean_and_nothing_to_compare(harness, analyse):
    harness("base", [sample(n, n % 2) for n in range(12)])
    status, said = analyse(FILES, "acc", "base")
    assert status == 0
    assert "base has a mean acc of 0.5000 over 12 examples" in said


def test_results_beside_say_the_model_and_the_direction(harness, analyse):
    for name, late in (("org__base", 2), ("org__tuned", 3)):
        harness(
            name,
            [sample(n, n % late / 10, metric="brier") for n in range(12)],
            results={"model_name": name.replace("__", "/"), "higher_is_better": {"arc_easy": {"brier": False}}},
        )
    status, said = analyse(FILES, "brier", "org/base")
    assert status == 0
    assert "brier, lower is better" in said
    assert "org/tuned" in said


def test_settings_that_vary_within_a_model_make_its_variants(harness, answers, write_lines):
    for shots in (0, 5):
        date = DATE.replace("891011", f"00000{shots}")
        harness(
            "org__base",
            [sample(n, n % 2, prompt=f"{shots} shots") for n in range(3)],
            results={"model_name": "org/base", "n-shot": {"arc_easy": shots}},
            date=date,
        )
    found, notes = answers("out/*/samples_*.jsonl", "acc")
    assert set(found.variant) == {"org/base (num_fewshot=0)", "org/base (num_fewshot=5)"}
    assert "A variant is model and num_fewshot, because these vary." in notes


def test_a_metric_without_a_value_for_a_document_is_refused(harness, analyse):
    harness("base", [sample(n, [-12.5, 7], metric="word_perplexity", acc=1.0) for n in range(12)])
    status, said = analyse(FILES, "word_perplexity", "base")
    assert status == 2
    assert 'word_perplexity has no value for a single document, only "[-12.5, 7]"' in said
    assert "compare another score: acc" in said


def test_a_missing_score_stays_missing(harness, answers):
    harness("base", [sample(n, None if n == 2 else 1.0) for n in range(4)])
    found, _ = answers(FILES, "acc")
    assert found.score.isna().tolist() == [False, False, True, False]


def test_a_misspelt_score_is_answered_with_those_there_are(harness, analyse):
    harness("base", [sample(n, 1.0, acc_norm=0.5) for n in range(4)])
    status, said = analyse(FILES, "exact_match", "base", "--higher-is-better")
    assert status == 2
    assert 'no score "exact_match"; choose one of acc' in said


def test_a_metric_as_the_harness_prints_it_is_answered_with_the_filter(harness, analyse):
    harness("base", [sample(n, 1.0, filters=f, metric="exact_match") for f in ("strict", "flexible") for n in range(4)])
    status, said = analyse(FILES, "exact_match,strict", "base", "--higher-is-better")
    assert status == 2
    assert "write --metric exact_match --where filter=strict" in said


def test_answers_are_not_taken_for_runs_of_a_study(harness):
    two_models(harness)
    options = Options(metrics=("acc",), spelling="keys")
    with pytest.raises(UserError, match="whose rows are answers, not runs"):
        read_runs(open_table(FILES, options), options)


def test_a_misspelt_key_of_the_document_is_answered_with_a_guess(harness, analyse):
    two_models(harness)
    status, said = analyse(FILES, "acc", "org__base", "--cluster", "pasage")
    assert status == 2
    assert 'no column "pasage"; did you mean "passage"?' in said


def test_renamed_and_packed_files_are_named_after_themselves(write_lines, answers, tmp_path):
    for name in ("base", "tuned"):
        path = write_lines(f"samples_{name}.jsonl", [sample(n, 1.0) for n in range(3)])
        (tmp_path / f"samples_{name}.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert set(answers("samples_*.jsonl", "acc")[0].variant) == {"base", "tuned"}
    assert set(answers("samples_*.jsonl.gz", "acc")[0].variant) == {"base", "tuned"}


def test_paths_can_say_the_model(write_lines, answers):
    for name in ("base", "tuned"):
        write_lines(f"eval/{name}/step100/samples.jsonl", [sample(n, 1.0) for n in range(3)])
    found, _ = answers("eval/*/*/samples.jsonl", "acc", path_name="eval/{variant}/*/samples.jsonl")
    assert set(found.variant) == {"base", "tuned"}


def test_standard_input_asks_for_the_model(monkeypatch, analyse):
    text = "".join(f"{json.dumps(sample(n, 1.0))}\n" for n in range(3))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    status, said = analyse("-", "acc", "base")
    assert status == 2
    assert "standard input: nothing says which model gave these answers" in said


def test_the_array_of_older_versions_is_read(tmp_path, answers):
    (tmp_path / "base.jsonl").write_text(json.dumps([sample(n, 1.0) for n in range(3)], indent=2))
    found, notes = answers("base.jsonl", "acc")
    assert len(found) == 3
    assert "lm-evaluation-harness" in notes


def test_other_files_among_them_are_named(harness, tmp_path, analyse):
    two_models(harness)
    (tmp_path / "out/org__base/notes.jsonl").write_text('{"variant": "a", "seed": 1, "acc": 0.5}\n')
    status, said = analyse("out/*/*.jsonl", "acc", "org__base")
    assert status == 2
    assert "the files of a pattern must be of one kind" in said
