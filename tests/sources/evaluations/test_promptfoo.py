"""Results of promptfoo, in the form in which `promptfoo eval --output` writes them (version 3 of its format)."""

import json

import pytest

TESTS = [{"question": f"What is {n} + {n}?", "topic": f"sums {n // 4}"} for n in range(12)]


def row(test, success, *, provider="openai:small", prompt="{{question}}", position=0, test_idx=0, **more):
    score = float(success)
    return {
        "cost": 0.001,
        "gradingResult": {"pass": success, "score": score, "reason": "", "componentResults": []},
        "id": f"{provider}-{test_idx}-{position}",
        "latencyMs": 100 + test_idx,
        "namedScores": {"Short": score / 2},
        "prompt": {"raw": prompt.replace("{{question}}", test["question"]), "label": prompt, "config": {}},
        "promptId": f"hash of {prompt}",
        "promptIdx": position,
        "provider": {"id": provider, "label": ""},
        "response": {"output": "4"},
        "score": score,
        "success": success,
        "testCase": {"vars": test, "assert": [{"type": "contains", "value": "4"}], "metadata": {"level": "easy"}},
        "testIdx": test_idx,
        "vars": test,
        "metadata": {},
        "failureReason": 0 if success else 1,
        "error": None if success else "Expected output to contain 4",
        **more,
    }


def failed(test, **more):
    """A row whose provider failed."""
    return row(test, False, **more) | {
        "failureReason": 2,
        "error": "API error: 429\n  at fetch",
        "gradingResult": None,
        "response": None,
    }


@pytest.fixture
def output(tmp_path):
    def write(rows, name="output.json"):
        whole = {
            "evalId": "eval-abc-2026-01-02T03:04:05",
            "results": {
                "version": 3,
                "timestamp": "2026-01-02T03:04:05.678Z",
                "prompts": [{"raw": "{{question}}", "label": "{{question}}"}],
                "results": rows,
                "stats": {"successes": 1, "failures": 0, "errors": 0},
            },
            "config": {"tests": [{"vars": test} for test in TESTS]},
            "shareableUrl": None,
        }
        path = tmp_path / name
        path.write_text(json.dumps(whole, indent=2))
        return path

    return write


def two_providers():
    return [
        row(test, bool(n % (2 + position)), provider=provider, position=position, test_idx=n)
        for n, test in enumerate(TESTS)
        for position, provider in enumerate(("openai:small", "openai:large"))
    ]


def test_two_providers_are_compared_without_naming_a_column(output, analyse):
    status, said = analyse(output(two_providers()), "success", "openai:small")
    assert status == 0
    assert "success, higher is better; the question is new examples" in said
    assert "openai:large 0.6667 +0.1667" in said
    assert "was read as results of promptfoo" in said
    assert "compared on" not in said


def test_rows_are_those_of_the_file(output, answers):
    rows = two_providers()
    found, _ = answers(output(rows), "success", cluster="topic")
    assert found.variant.tolist() == [r["provider"]["id"] for r in rows]
    assert found.example.tolist() == [json.dumps(r["vars"], sort_keys=True) for r in rows]
    assert found.score.tolist() == [float(r["success"]) for r in rows]
    assert found.cluster.tolist() == [r["vars"]["topic"] for r in rows]
    assert "repeat" not in found


def test_other_scores(output, answers, analyse):
    path = output(two_providers())
    assert answers(path, "Short")[0].score.max() == 0.5
    status, said = analyse(path, "latencyMs", "openai:small")
    assert status == 0
    assert "latencyMs, lower is better" in said
    status, said = analyse(path, "Shrt", "openai:small", "--higher-is-better")
    assert status == 2
    assert 'no score "Shrt"; choose one of success, score, latencyMs, cost, Short' in said


def test_prompts_are_variants_where_they_vary(output, answers):
    prompts = ("{{question}}", "Think first. {{question}}")
    rows = [
        row(test, True, prompt=prompt, position=place, test_idx=n)
        for n, test in enumerate(TESTS)
        for place, prompt in enumerate(prompts)
    ]
    found, _ = answers(output(rows), "success")
    assert set(found.variant) == set(prompts)
    both = [*rows, *(r | {"provider": {"id": "x", "label": "X"}, "promptIdx": r["promptIdx"] + 2} for r in rows)]
    found, notes = answers(output(both), "success")
    assert "A variant is provider and prompt, because these vary." in notes
    assert "X (prompt={{question}})" in set(found.variant)
    assert found.variant.nunique() == 4


def test_long_prompts_that_begin_alike_stay_apart(output, answers):
    start = "You are a helpful assistant, and you answer in one short sentence"
    rows = [
        row(test, True, prompt=f"{start} {end}", position=place, test_idx=n)
        for n, test in enumerate(TESTS)
        for place, end in enumerate(("politely", "rudely"))
    ]
    variants = set(answers(output(rows), "success")[0].variant)
    assert len(variants) == 2
    assert max(map(len, variants)) <= 43


def test_provider_errors_are_missing_but_failed_assertions_are_zero(output, answers, analyse):
    rows = two_providers()
    rows[0] = failed(TESTS[0])
    path = output(rows)
    found, notes = answers(path, "score")
    assert found.score.isna().tolist() == [True] + [False] * 23
    assert (found.score == 0).sum() == 9
    assert "output.json: 1 answer of 24 ended with an error; counted as missing." in notes


def test_an_error_for_each_sample_is_reported_with_the_first(output, analyse):
    status, said = analyse(output([failed(test) for test in TESTS]), "success", "openai:small")
    assert status == 2
    assert "not one answer was scored; the first error: API error: 429" in said


def test_repeats_are_repeats(output, answers):
    rows = [row(test, n < 12, test_idx=n) for n, test in enumerate([*TESTS, *TESTS])]
    found, _ = answers(output(rows), "success")
    assert found["repeat"].tolist() == ["1"] * 12 + ["2"] * 12
    assert found.example.nunique() == 12


def test_tests_with_the_same_variables_and_other_assertions_are_examples_of_their_own(output, answers):
    rows = [row(TESTS[0], True), row(TESTS[0], False, test_idx=1)]
    rows[1]["testCase"] = {"vars": TESTS[0], "assert": [{"type": "is-json"}], "description": "as JSON"}
    found, _ = answers(output(rows), "success")
    assert found.example.tolist()[1] == f"{found.example.tolist()[0]} (as JSON)"
    assert "repeat" not in found


def test_two_files_of_two_models_are_paired_by_their_variables(output, answers, analyse):
    output(two_providers()[::2], "a.json")
    output([r | {"provider": "anthropic:large"} for r in reversed(two_providers()[1::2])], "b.json")
    found, _ = answers("?.json", "success")
    assert found.example.nunique() == 12
    assert set(found.variant) == {"openai:small", "anthropic:large"}


def test_json_lines_are_read(write_lines, answers):
    path = write_lines("output.jsonl", two_providers())
    found, notes = answers(path, "success")
    assert len(found) == 24
    assert "results of promptfoo" in notes


def test_a_file_that_was_cut_off_is_refused(output, analyse):
    path = output(two_providers())
    path.write_bytes(path.read_bytes()[:-300])
    status, said = analyse(path, "success", "openai:small")
    assert status == 2
    assert "output.json: not whole JSON" in said


def test_other_variables_of_two_models_are_refused(output, analyse):
    rows = two_providers()
    for n, found in enumerate(rows[1::2]):
        found["vars"] = {"question": f"other {n}"}
    status, said = analyse(output(rows), "success", "openai:small")
    assert status == 2
    assert "share 0 of 24 examples" in said


def test_a_table_with_results_in_it_is_not_taken_for_promptfoo(tmp_path, answers):
    rows = [{"variant": v, "seed": s, "acc": 0.5} for v in "ab" for s in range(3)]
    (tmp_path / "runs.json").write_text(json.dumps({"evalId": "x", "results": rows}))
    found, notes = answers("runs.json", "acc", example="seed")
    assert len(found) == 6
    assert "promptfoo" not in notes
