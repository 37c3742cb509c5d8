"""Evaluations as users bring them: a long table in, verdicts about new examples out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seedwise.analysis.example_findings import ALL_DATASETS
from seedwise.analysis.examples import analyse_examples
from seedwise.basics.errors import UserError
from tests.plans import accuracy_plan

PLAN = accuracy_plan("a")
CASE = Path(__file__).with_name("llm_per_question.csv")
"""Two models, 200 questions about 20 passages: inspect_ai#1251."""


def passages():
    table = pd.read_csv(CASE)
    return table.rename(columns={"seed": "example", "passage": "cluster", "acc": "score"})


def evaluation(examples=60, *, gains=(0.0, 0.3), noise=0.3, repeats=0, level="repeat", seed=0):
    """Variants a, b, … on shared examples; with repeats, so many rows of each example, or of each seed."""
    generator = np.random.default_rng(seed)
    difficulty = generator.normal(0, 1, examples)
    rows = []
    for place, gain in enumerate(gains):
        for repeat in range(max(repeats, 1)):
            scores = difficulty + gain + generator.normal(0, noise, examples)
            rows += [("abcdef"[place], f"q{i}", repeat, score) for i, score in enumerate(scores)]
    table = pd.DataFrame(rows, columns=["variant", "example", level, "score"])
    return table if repeats else table.drop(columns=level)


def only(table, **plan):
    (row,) = analyse_examples(table, PLAN.model_copy(update=plan)).comparisons
    return row


def test_200_questions_about_20_passages_are_20_independent_units():
    row = only(passages(), baseline="m1")

    assert row.difference / row.standard_error == pytest.approx(1.69, abs=0.005)
    assert (row.df, row.n_examples, row.n_clusters) == (pytest.approx(19), 200, 20)
    assert row.verdict == "NOT_SUPPORTED"


def test_without_its_clusters_the_same_table_claims_too_much():
    row = only(passages().drop(columns="cluster"), baseline="m1")

    assert row.verdict == "BETTER"
    assert row.mcnemar_p == pytest.approx(0.0460, abs=0.0005)


def test_the_order_of_rows_changes_nothing():
    table = evaluation(repeats=3)
    first, second = only(table), only(table.sample(frac=1, random_state=1))

    # The baseline, not the first row, decides which way differences go.
    assert {**vars(first), "fragile_because": ""} == pytest.approx({**vars(second), "fragile_because": ""})


def test_repeats_are_never_counted_as_examples():
    once = evaluation()
    copied = pd.concat([once.assign(repeat=repeat) for repeat in range(5)])
    few, many = only(once), only(copied)

    assert (few.standard_error, few.df, few.p_value) == pytest.approx((many.standard_error, many.df, many.p_value))


def test_repeats_say_what_more_of_them_would_buy():
    row = only(evaluation(gains=(0.0, 0.05), noise=1.0, repeats=4))

    assert row.verdict == "NOT_SUPPORTED"
    assert row.variance_seed == 0
    assert row.variance_example + row.variance_residual == pytest.approx(row.standard_error**2)
    assert row.exhausted_error < row.standard_error
    assert row.both_low == row.ci_low


def test_seeds_are_another_question_than_examples():
    generator = np.random.default_rng(2)
    table = evaluation(300, gains=(0.0, 0.15), repeats=3, level="seed")
    luck = {key: generator.normal(0, 0.4) for key in zip(table["variant"], table["seed"], strict=True)}
    table["score"] += [luck[key] for key in zip(table["variant"], table["seed"], strict=True)]
    row = only(table)

    assert row.verdict in ("BETTER", "WORSE")  # these checkpoints do differ
    assert row.both_low < 0 < row.both_high  # models that are trained again need not
    assert row.variance_seed > row.variance_example
    assert row.seeds_needed > 3


def test_an_example_that_lacks_a_seed_is_left_out_and_counted():
    table = evaluation(40, repeats=3, level="seed")
    row = only(table.drop(index=table.index[5]))

    assert (row.n_examples, row.n_dropped) == (39, 1)


def test_answers_without_a_score_are_left_out_counted_and_tried_at_the_worst():
    table = evaluation(100, gains=(0.0, 0.5))
    table["score"] = (table["score"] > 0).astype(float)
    lost = table[(table["variant"] == "b") & (table["score"] == 0)].index[:30]
    table.loc[lost, "score"] = np.nan
    found = analyse_examples(table, PLAN)
    row = found.comparisons[0]

    assert (row.n_examples, row.n_dropped) == (70, 30)
    assert found.summaries[1].n_missing == 30
    assert row.verdict == "BETTER"
    assert row.verdict_if_worst
    assert any("30 of 100 answers of b have no score" in warning.sentence for warning in found.warnings)


def test_lower_is_better_turns_the_difference():
    row = only(evaluation(), higher_is_better=False)

    assert row.verdict == "WORSE"
    assert row.difference == pytest.approx(row.mean_baseline - row.mean)


def test_the_question_can_be_non_inferiority_on_new_examples():
    table = evaluation(400, gains=(0.0, -0.01), noise=0.1)
    row = only(table, margin=0.05, question="non-inferiority")
    assert (row.verdict, row.examples_for_equivalence) == ("NON_INFERIOR", None)
    assert row.non_inferiority_low == pytest.approx(row.ci_low)
    assert only(table, margin=0.001, question="non-inferiority").verdict in ("NOT_SUPPORTED", "WORSE")
    assert only(table, margin=0.05).non_inferiority_low is None


def test_equal_variants_are_equivalent_within_a_margin():
    row = only(evaluation(400, gains=(0.0, 0.0), noise=0.1), margin=0.05)

    assert row.verdict == "EQUIVALENT"
    assert row.examples_for_equivalence < 400


def test_nine_examples_or_two_clusters_are_too_few():
    assert only(evaluation(9)).verdict == "TOO_FEW_EXAMPLES"
    table = evaluation(40)
    assert only(table.assign(cluster=table["example"].isin(["q1", "q2"]))).verdict == "TOO_FEW_EXAMPLES"


def test_the_same_answers_twice_are_undefined_and_pointed_out():
    found = analyse_examples(evaluation(gains=(0.0, 0.0), noise=0.0), PLAN)

    assert found.comparisons[0].verdict == "UNDEFINED"
    assert any("the same score on every example" in warning.sentence for warning in found.warnings)


def test_judges_are_averaged_and_a_verdict_that_needs_one_of_them_is_fragile():
    table = evaluation(80, gains=(0.0, 0.0))
    kind = table.assign(judge="kind", score=table["score"] + 0.6 * (table["variant"] == "b"))
    found = analyse_examples(pd.concat([table.assign(judge="strict"), kind]), PLAN)
    row = found.comparisons[0]

    assert row.verdict == "BETTER"
    assert "by judge strict alone" in row.fragile_because
    assert found.judges.disagreement == pytest.approx(0.5)
    assert found.judges.spread == pytest.approx(0.3 / np.sqrt(2))
    assert [own.verdict for own in found.judges.findings] == ["NOT_SUPPORTED", "BETTER"]


def test_an_answer_that_one_judge_did_not_score_favours_nobody():
    table = evaluation(40, gains=(0.0, 0.0), noise=0.0)
    kind = table.assign(judge="kind", score=table["score"] + 1)
    both = pd.concat([table.assign(judge="strict"), kind], ignore_index=True)
    # The strict judge misses ten answers of b: with the kind judge's scores alone, b would look better.
    both = both.drop(index=both[(both["judge"] == "strict") & (both["variant"] == "b")].index[:10])
    found = analyse_examples(both, PLAN)

    assert (found.comparisons[0].n_examples, found.judges.incomplete) == (30, 10)
    assert found.comparisons[0].difference == pytest.approx(0)
    split = both[(both["judge"] == "kind") == (both["variant"] == "a")]
    with pytest.raises(UserError, match="only 0 of 30 answers of b were scored by all 2 judges"):
        analyse_examples(split, PLAN)


def test_several_data_sets_have_a_verdict_each_and_one_together():
    tables = [
        evaluation(50, gains=(0.0, 0.4, 0.0), seed=1).assign(dataset="x"),
        evaluation(200, gains=(0.0, 0.0, 0.0), seed=2).assign(dataset="y"),
    ]
    found = analyse_examples(pd.concat(tables), PLAN)
    rows = {(row.dataset, row.variant): row for row in found.comparisons}

    assert len(rows) == 6
    # Each counts the same, however many examples it has, although both name theirs q0, q1, …
    assert rows[ALL_DATASETS, "b"].difference == pytest.approx(
        (rows["x", "b"].difference + rows["y", "b"].difference) / 2
    )
    assert rows["x", "b"].p_holm == pytest.approx(min(4 * rows["x", "b"].p_value, 1))
    assert rows[ALL_DATASETS, "b"].p_holm == pytest.approx(2 * rows[ALL_DATASETS, "b"].p_value)
    assert [row.dataset for row in found.main] == [ALL_DATASETS] * 2


def test_pass_at_k_of_repeated_right_or_wrong_answers():
    table = evaluation(30, noise=1.0, repeats=4)
    table["score"] = (table["score"] > 0).astype(float)
    found = analyse_examples(table, PLAN).passes
    shares = table[table["variant"] == "b"].groupby("example")["score"]

    assert [(row.variant, row.k) for row in found] == [(name, k) for name in "ab" for k in (1, 2, 4)]
    assert found[3].any_of_k == found[3].all_of_k == pytest.approx(table[table["variant"] == "b"]["score"].mean())
    assert found[5].any_of_k == pytest.approx(shares.max().mean())
    assert found[5].all_of_k == pytest.approx(shares.min().mean())
    assert not analyse_examples(evaluation(repeats=4), PLAN).passes  # scores that are not right or wrong


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="example"), "needs the columns variant, example, score; missing: example"),
        (lambda t: t[t["variant"] == "b"], "there is no variant a; it has b"),
        (lambda t: pd.concat([t, t]), r"example q0 of a is there 2 times .* --repeat .* --seed"),
        (lambda t: t.assign(example=t["variant"] + t["example"]), "b and a share 0 of 120 examples"),
        (lambda t: t.assign(cluster=range(len(t))), "example q0 is in cluster 0 and in cluster 60"),
        (lambda t: t.assign(hash=t["variant"]), "60 examples of a and b have the same name but another hash"),
        (lambda t: t.assign(example=None), "row 1 has no example"),
        (lambda t: t.iloc[:0], "has no rows"),
        (lambda t: t.assign(score=np.inf), "row 1 has the score inf"),
        (lambda t: t.assign(score="good"), "a score is not a number"),
        (lambda t: t.assign(score=np.nan), "no row has a score"),
        (
            lambda t: pd.concat([t.assign(repeat=0), t.assign(repeat=0)]),
            r"example q0 of a, repeat 0 is there 2 times .* leave one out",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_way_on(change, message):
    with pytest.raises(UserError, match=f"^t.csv: .*{message}"):
        analyse_examples(change(evaluation()), PLAN, place="t.csv")


def test_few_or_very_unequal_clusters_are_pointed_out():
    table = evaluation(60)
    number = table["example"].str[1:].astype(int)
    few = analyse_examples(table.assign(cluster=number % 6), PLAN).warnings
    uneven = analyse_examples(table.assign(cluster=np.where(number < 30, 0, number)), PLAN).warnings
    even = analyse_examples(table.assign(cluster=number % 20), PLAN).warnings

    assert any("only 6 clusters" in warning.sentence for warning in few)
    assert any("One cluster has 50% of the examples" in warning.sentence for warning in uneven)
    assert not even


def test_a_million_answers_keep_their_means():
    generator = np.random.default_rng(0)
    examples, repeats, variants = 20_000, 5, 10
    size = examples * repeats * variants
    table = pd.DataFrame(
        {
            "variant": np.repeat([f"m{i}" for i in range(variants)], examples * repeats),
            "example": np.tile(np.repeat(np.arange(examples), repeats), variants),
            "repeat": np.tile(np.arange(repeats), examples * variants),
            "score": (generator.random(size) < 0.5).astype(float),
        }
    )
    found = analyse_examples(table, accuracy_plan("m0"))

    expected = table.groupby("variant", sort=False)["score"].mean()
    assert [row.mean for row in found.summaries] == pytest.approx(expected.tolist())


def random_table(number):
    """A table with any of the columns, holes, ties, and numbers of any size."""
    generator = np.random.default_rng(number)
    examples, repeats, level = int(generator.choice([1, 3, 12, 40])), 3, str(generator.choice(["repeat", "seed"]))
    frames = [
        evaluation(
            examples, gains=(0.0, 0.2, 0.0), noise=0.5, repeats=repeats, level=level, seed=number + place
        ).assign(dataset=place)
        for place in range(1 + number % 3 // 2)
    ]
    table = pd.concat(frames, ignore_index=True)
    table["score"] *= float(generator.choice([1.0, 1e-160, 1e140]))
    if number % 2:
        table["score"] = (table["score"] > 0).astype(float)
    if number % 5 == 0:
        table["cluster"] = table["example"].str[1:].astype(int) % 7
    table.loc[generator.random(len(table)) < generator.choice([0.0, 0.1, 0.6]), "score"] = np.nan
    return table[generator.random(len(table)) < generator.choice([0.8, 1.0])]


def test_a_table_is_analysed_without_a_word_from_numpy_or_refused():
    analysed = 0
    for number in range(120):
        try:
            found = analyse_examples(random_table(number), PLAN.model_copy(update={"margin": 0.1}))
        except UserError:
            continue
        analysed += 1
        for row in found.comparisons:
            assert row.wins + row.ties + row.losses == row.n_examples
            assert row.p_value is None or 0 < row.p_value <= 1
            assert row.p_holm is None or row.p_holm >= row.p_value
            assert row.ci_low is None or row.ci_low <= row.difference <= row.ci_high
    assert analysed > 100


def test_one_answer_passes_alike_by_either_measure_whatever_the_number_of_repeats():
    # 49 answers, because 1/49 · 49 is less than 1 in floats.
    rows = [
        (variant, f"q{example}", repeat, int(repeat < example % 3))
        for variant in "ab"
        for example in range(12)
        for repeat in range(49)
    ]
    table = pd.DataFrame(rows, columns=["variant", "example", "repeat", "score"])

    single = [row for row in analyse_examples(table, PLAN).passes if row.k == 1]

    assert [(row.any_of_k, row.all_of_k) for row in single] == [(pytest.approx(1 / 49), pytest.approx(1 / 49))] * 2


def test_a_dataset_without_spread_is_said_to_count_as_known_exactly():
    same = evaluation(30, gains=(0.0, 0.0), noise=0.0).assign(dataset="y")
    found = analyse_examples(pd.concat([evaluation().assign(dataset="x"), same]), PLAN)
    said = [warning for warning in found.warnings if "counts it as known exactly" in warning.sentence]
    assert len(said) == 1
    assert said[0].sentence.startswith("All examples of y have the same difference between b and a")


def test_the_mean_over_datasets_can_hang_on_one_example():
    generator = np.random.default_rng(3)
    rows = []
    for dataset in "xy":
        for example in range(12):
            base, gain = generator.normal(), 0.05 + generator.normal(0, 0.08)
            name = f"{dataset}{example}"
            rows += [("a", name, base, dataset), ("b", name, base + gain, dataset)]
    table = pd.DataFrame(rows, columns=["variant", "example", "score", "dataset"])
    found = []
    for shift in np.linspace(-0.05, 0.05, 21):  # somewhere in between, the verdict turns
        moved = table.assign(score=table["score"] + shift * (table["variant"] == "b"))
        row = next(row for row in analyse_examples(moved, PLAN).comparisons if row.dataset == ALL_DATASETS)
        found.append((row.fragile, "without example" in row.fragile_because))
    assert (True, True) in found
    assert (False, False) in found


@pytest.mark.parametrize("few", ["a", "b"])
def test_more_repeats_are_counted_from_the_variant_that_has_more(few):
    table = evaluation(30, gains=(0.0, 0.3), noise=1.0, repeats=6)
    row = only(table[(table["variant"] != few) | (table["repeat"] < 2)], margin=0.3)
    assert row.repeats_needed > 6  # these do not do, whichever of the two has but 2
