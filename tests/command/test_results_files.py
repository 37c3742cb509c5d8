"""Results from JSON, JSONL and CSV files as real programs write them."""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path

import pandas as pd
import pytest

from seedwise.trainers.command.outputs.place import noted
from tests.command.places import make_place, problems, read

# pytorch-lightning 2.6.6, CSVLogger: fit for three epochs, then test.
LIGHTNING = """\
epoch,step,test_acc,train_loss,val_acc,val_loss
0,3,,0.5233983993530273,,
0,7,,0.44338127970695496,,
0,7,,,0.9765625,0.34418463706970215
1,11,,0.3199394941329956,,
1,15,,0.36560001969337463,,
1,15,,,1.0,0.26880544424057007
2,19,,0.2603573799133301,,
2,23,,0.3271903097629547,,
2,23,,,0.984375,0.2320534586906433
3,24,0.96875,,,
"""
# Stable-Baselines3's Monitor: a comment before the header.
MONITOR = """\
#{"t_start": 1700000000.1, "env_id": "CartPole-v1"}
r,l,t
11.0,11,0.5
21.0,21,0.7
13.0,13,0.9
"""
# Hugging Face's Trainer.
TRAINER_STATE = {
    "best_metric": 0.91,
    "best_model_checkpoint": None,
    "epoch": 2.0,
    "log_history": [
        {"epoch": 0.5, "learning_rate": 1e-05, "loss": 0.61, "step": 50},
        {"epoch": 1.0, "eval_accuracy": 0.91, "eval_loss": 0.3, "step": 100},
        {"epoch": 2.0, "eval_accuracy": 0.88, "eval_loss": 0.35, "step": 200},
        {"epoch": 2.0, "step": 200, "train_loss": 0.5, "train_runtime": 3.1},
    ],
}


def test_without_a_word_the_programs_own_file_counts(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.results.write_text('{"val_bpb": 1.47, "loss": "nan", "top": "inf", "name": "x", "ok": true}')
    found = read("logged", place)
    assert math.isnan(found.pop("loss"))
    assert found == {"val_bpb": 1.47, "top": math.inf}


def test_a_program_that_reports_nothing_is_told_how(tmp_path: Path) -> None:
    (line,) = problems("logged", make_place(tmp_path))
    assert line.startswith(f"results: the program has not written {tmp_path / 'results.json'} ($SEEDWISE_RESULTS)")
    assert "call seedwise.result, or say where the numbers are" in line


def test_numbers_of_a_json_file_by_name_and_by_dotted_key(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    content = {"acc": 0.9, "eval": {"bpb": 1.5, "a.b": [1, {"c": NAN}]}, "eval.f1": "0.8", "n": None}
    (place.out / "final.json").write_text(json.dumps(content))
    assert read({"json": "{out}/final.json"}, place) == {"acc": 0.9}
    keys = {"bpb": "eval.bpb", "last": "eval.a.b.-1.c", "first": "eval.a.b.0", "f1": "eval.f1"}
    found = read({"json": "{out}/final.json", "keys": keys}, place)
    assert math.isnan(found.pop("last"))
    assert found == {"bpb": 1.5, "first": 1, "f1": 0.8}


NAN = math.nan


def test_all_that_is_wrong_with_keys_is_said_at_once(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "final.json").write_text('{"eval": {"bpb": 1.5, "n": null}, "history": [{"a": 1}]}')
    keys = {"bpb": "eval.bpc", "n": "eval.n", "eval": "eval"}
    path = place.out / "final.json"
    assert problems({"json": "{out}/final.json", "keys": keys}, place) == [
        f'results.json: bpb: no key "eval.bpc"; did you mean "eval.bpb"? There are: eval.bpb, in {path}',
        f"results.json: n (eval.n): is null, not a number, in {path}",
        f"results.json: eval: is a mapping, not a number, in {path}",
    ]
    (line,) = problems({"json": "{out}/final.json"}, place)
    assert line.endswith("has no number at its top level; name what you want: keys: [eval.bpb]")


def test_files_that_are_not_json(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    for content, said in [
        (b"", "is empty"),
        (b'{"a": 1', "is not JSON: Expecting"),
        (b"\xff\xfea", "not UTF-8 text"),
        (b"3", "holds no mapping"),
        (b'{"a": 1, "b": {"c": 2, "c": 3}}', 'an object has the key "c" twice'),
    ]:
        (place.out / "a.json").write_bytes(content)
        (line,) = problems({"json": "{out}/a.json"}, place)
        assert line.startswith("results.json: ")
        assert said in line


def test_a_missing_file_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    source = {"json": "{out}/final.json"}
    (line,) = problems(source, place)
    assert (
        line
        == f"results.json: there is no file {place.out}/final.json; the program has written no file into {place.out}"
    )
    (place.out / "sub").mkdir()
    (place.out / "sub" / "finals.json").touch()
    (place.out / "model.pt").touch()
    (line,) = problems(source, place)
    assert line.endswith(f"in {place.out} there are: sub/finals.json, model.pt")
    (line,) = problems({"json": "{out}/sub"}, place)
    assert "is a folder; name the file in it" in line


def test_a_star_stands_for_exactly_one_file(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    for name in ("2026-01-31_10-00-00", "2026-01-31_11-00-00"):
        (place.out / "runs" / name).mkdir(parents=True)
        (place.out / "runs" / name / "m.json").write_text('{"acc": 1}')
        if name.endswith("10-00-00"):
            assert read({"json": "{out}/runs/*/m.json"}, place) == {"acc": 1}
            assert read({"json": "{out}/**/m.json"}, place) == {"acc": 1}
    (line,) = problems({"json": "{out}/runs/*/m.json"}, place)
    assert "stands for 2 files, need one: " in line
    assert line.count("2026-01-31") == 2
    (line,) = problems({"json": "{out}/runs/*/n.json"}, place)
    assert "no file matches" in line


def test_characters_of_a_folder_are_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "lr[1]*").mkdir()
    place = make_place(tmp_path / "lr[1]*")
    (place.out / "seed3.json").write_text('{"acc": 1}')
    assert read({"json": "{out}/seed{seed}.json"}, place) == {"acc": 1}
    assert read({"json": "{out}/s*{seed}.json"}, place) == {"acc": 1}


def test_a_file_of_an_earlier_run_does_not_count(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    shared = place.folder / "shared.json"
    shared.write_text('{"acc": 1}')
    place = place._replace(before=noted(["shared.json"], place))
    (line,) = problems({"json": "shared.json"}, place)
    assert "was there before this run and has not changed, so it is another run's" in line
    later = shared.stat().st_mtime_ns + 1
    os.utime(shared, ns=(later, later))
    assert read({"json": "shared.json"}, place) == {"acc": 1}


@pytest.mark.parametrize(
    ("take", "value"),
    [
        (None, 0.984375),
        ("first", 0.9765625),
        ("max", 1.0),
        ("min", 0.9765625),
        ("best", 1.0),
        ({"mean_last": 2}, (1 + 0.984375) / 2),
        ({"at_min": "val_loss"}, 0.984375),
        ({"at_max": "train_loss"}, None),
    ],
)
def test_lightning_writes_sparse_rows(take: object, value: float | None, tmp_path: Path) -> None:
    place = make_place(tmp_path, "val_acc")
    (place.out / "metrics.csv").write_text(LIGHTNING)
    source = {"csv": "{out}/metrics.csv", "keys": ["val_acc"]} | ({"take": take} if take else {})
    if value is None:
        (line,) = problems(source, place)
        assert "has values only after the row that take chooses" in line
    else:
        assert read(source, place) == {"val_acc": value}


def test_one_checkpoint_is_chosen_for_all_metrics(tmp_path: Path) -> None:
    place = make_place(tmp_path, "acc")
    (place.out / "metrics.csv").write_text(LIGHTNING)
    keys = {"acc": "val_acc", "loss": "val_loss", "train": "train_loss"}
    best = {"acc": 1.0, "loss": 0.26880544424057007, "train": 0.36560001969337463}
    assert read({"csv": "{out}/metrics.csv", "keys": keys, "take": "best"}, place) == best
    assert read({"csv": "{out}/metrics.csv", "keys": keys, "take": {"at_max": "acc"}}, place) == best
    assert read({"csv": "{out}/metrics.csv", "keys": keys, "take": {"at_max": "val_acc"}}, place) == best
    lower = place._replace(metric="loss", higher_is_better=False)
    assert read({"csv": "{out}/metrics.csv", "keys": keys, "take": "best"}, lower)["acc"] == 0.984375


def test_without_keys_every_column_of_numbers_is_a_metric(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "metrics.csv").write_text(LIGHTNING)
    assert sorted(read({"csv": "{out}/metrics.csv"}, place)) == ["test_acc", "train_loss", "val_acc", "val_loss"]


def test_best_needs_the_metric_that_decides(tmp_path: Path) -> None:
    place = make_place(tmp_path, "bpb")
    (place.out / "metrics.csv").write_text(LIGHTNING)
    (line,) = problems({"csv": "{out}/metrics.csv", "keys": ["val_acc"], "take": "best"}, place)
    assert line.startswith("results.csv.take: best is where bpb is best, which this source does not have; write max")


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_tables_of_pandas_and_csv(separator: str, tmp_path: Path) -> None:
    place = make_place(tmp_path)
    frame = pd.DataFrame({"val/acc": [0.5, math.nan, 0.75], "note": ["a", "b", "c"]})
    frame.to_csv(place.out / "a.csv", sep=separator)
    assert read({"csv": "{out}/a.csv", "keys": {"acc": "val/acc"}}, place) == {"acc": 0.75}
    with (place.out / "b.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter=separator)
        writer.writerows([["acc", "return"], [0.1, "1,014.45"], [float("nan"), "612.5"]])
    assert read({"csv": "{out}/b.csv", "keys": ["return"], "take": "max"}, place) == {"return": 1014.45}
    assert math.isnan(read({"csv": "{out}/b.csv", "keys": ["acc"]}, place)["acc"])
    assert read({"csv": "{out}/b.csv", "keys": ["acc"], "take": "max"}, place) == {"acc": 0.1}


def test_the_mean_of_the_last_episodes(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "monitor.csv").write_text(MONITOR)
    source = {"csv": "{out}/monitor.csv", "keys": {"episode_return": "r"}}
    assert read({**source, "take": {"mean_last": 2}}, place) == {"episode_return": 17}
    (line,) = problems({**source, "take": {"mean_last": 10}}, place)
    assert "episode_return (r): has 3 values, fewer than mean_last: 10 in" in line
    (line,) = problems({**source, "take": "only"}, place)
    assert "has 3 values where take: only allows one (11.0, 21.0, 13.0)" in line


def test_a_header_that_is_a_comment(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "a.tsv").write_text("# made by x\n# epoch\tacc\n")
    assert "has only a header" in problems({"csv": "{out}/a.tsv"}, place)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("acc,loss\n", "has only a header, no rows below it"),
        ("0.1,0.2\n0.3,0.4\n", "has no header; its first line has only numbers"),
        ("acc,acc\n1,2\n", "has two columns that are named acc"),
        ("acc,loss\n1,2,3\n", "line 2: 3 cells where the header has 2"),
        ("acc;loss\n0,81;0,5\n", 'acc: is "0,81": its comma may be a decimal comma or separate thousands (line 2)'),
        ("acc,loss\n0.5,1\nN/A,1\n", 'acc: is "N/A", not a number (line 3)'),
        ("acc,loss\n,1\n", "acc: has no values"),
        ("accu,loss\n0.5,1\n", 'no column "acc"; did you mean "accu"? There are: accu, loss'),
    ],
)
def test_tables_that_cannot_be_read(text: str, said: str, tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "a.csv").write_text(text)
    (line,) = problems({"csv": "{out}/a.csv", "keys": ["acc"]}, place)
    assert line.startswith("results.csv: ")
    assert said in line
    assert str(place.out / "a.csv") in line


def test_only_the_value_that_counts_must_be_a_number(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (place.out / "a.csv").write_text("acc\nwarm-up\n0.5\n")
    assert read({"csv": "{out}/a.csv", "keys": ["acc"]}, place) == {"acc": 0.5}


def test_the_state_of_hugging_faces_trainer(tmp_path: Path) -> None:
    place = make_place(tmp_path, "acc")
    (place.out / "trainer_state.json").write_text(json.dumps(TRAINER_STATE))
    table = {"json": "{out}/trainer_state.json", "rows": "log_history", "keys": {"acc": "eval_accuracy"}}
    assert read(table, place) == {"acc": 0.88}
    assert read({**table, "take": "best"}, place) == {"acc": 0.91}
    assert read({**table, "take": {"at_min": "eval_loss"}}, place) == {"acc": 0.91}
    by_key = {"json": "{out}/trainer_state.json", "keys": {"acc": "log_history.-2.eval_accuracy", "b": "best_metric"}}
    assert read(by_key, place) == {"acc": 0.88, "b": 0.91}
    (line,) = problems({**table, "rows": "log_hist"}, place)
    assert line.startswith('results.json.rows: no key "log_hist"; did you mean "log_history"?')
    (line,) = problems({"json": "{out}/trainer_state.json", "take": "best"}, place)
    assert "take: best is for tables; name the list of rows: rows: log_history" in line


def test_lines_of_json(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    lines = [{"step": 1, "eval": {"acc": 0.5}}, {"step": 2, "eval": {"acc": None}}, {"step": 3, "eval": {"acc": 0.7}}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (place.out / "m.jsonl").write_text(text + '{"step": 4, "ev')
    source = {"jsonl": "{out}/m.jsonl", "keys": {"acc": "eval.acc"}, "take": {"mean_last": 2}}
    assert read(source, place) == {"acc": 0.6}, "the last line was torn by a kill"
    (place.out / "m.jsonl").write_text('{"step": 4, "ev\n' + text)
    assert "line 1: not JSON" in problems(source, place)[0]
    (place.out / "m.jsonl").write_text(text + "[1]\n")
    assert "line 4: not a JSON object" in problems(source, place)[0]
    (place.out / "m.jsonl").write_text(text + '{"step": 4, "step": 5}\n')
    assert 'line 4: an object has the key "step" twice' in problems(source, place)[0]
    (place.out / "m.json").write_text(json.dumps(lines))
    assert read({"json": "{out}/m.json", "keys": {"acc": "eval.acc"}}, place) == {"acc": 0.7}


def test_several_files_at_once(tmp_path: Path) -> None:
    place = make_place(tmp_path, "acc")
    place.results.write_text('{"acc": 0.9}')
    (place.out / "a.json").write_text('{"f1": 0.8, "acc": 0.7}')
    assert read(["logged", {"json": "{out}/a.json", "keys": ["f1"]}], place) == {"acc": 0.9, "f1": 0.8}
    assert problems(["logged", {"json": "{out}/a.json"}], place) == ["results[1]: acc comes from another source too"]
    found = problems([{"csv": "{out}/a.csv"}, {"json": "{out}/a.json", "keys": ["f2"]}], place)
    assert [line.split(":")[0] for line in found] == ["results[0].csv", "results[1].json"]


def test_the_metric_that_decides_must_be_there(tmp_path: Path) -> None:
    place = make_place(tmp_path, "val_bpb")
    place.results.write_text('{"valbpb": 0.9, "loss": 2}')
    assert problems("logged", place) == [
        'results: no metric "val_bpb"; did you mean "valbpb"? There are: valbpb, loss; analysis.metric decides, so it '
        "must be one"
    ]
