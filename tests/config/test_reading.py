"""Mistakes in a config: errors.yaml lists each kind and its exact message."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seedwise.basics.errors import UserError
from seedwise.config.reading import ConfigError, load_study, read_study
from seedwise.config.study import Study

ROOT = Path(__file__).parents[2]
TABLE = yaml.safe_load((Path(__file__).parent / "errors.yaml").read_text(encoding="utf-8"))
STUDY: str = TABLE["study"]
JARGON = ("Input should", "validation error", "Extra inputs", "pydantic", "type=", "Traceback", "valid tuple")


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "config.yaml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def errors(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_study(write(text))
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return list(caught.value.problems)


def test_the_table_starts_from_a_valid_study() -> None:
    assert read_study(write(STUDY)).study == "demo"


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["case"])
def test_each_mistake_is_reported_with_file_line_and_remedy(case: dict[str, Any]) -> None:
    assert STUDY.count(case["replace"]) == 1
    lines = errors(STUDY.replace(case["replace"], case["by"]))
    assert lines == case["errors"]
    assert not [word for word in JARGON for line in lines if word in line]


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in TABLE["cases"]
        if not re.search("not valid YAML|forbids|put it in quotes if|__use_yte__", case["errors"][0])
    ],
    ids=lambda case: case["case"],
)
def test_a_config_that_snakemake_has_read_gets_the_same_message(case: dict[str, Any]) -> None:
    path = write(STUDY.replace(case["replace"], case["by"]))
    config = OrderedDict(yaml.safe_load(path.read_text(encoding="utf-8")))
    with pytest.raises(ConfigError) as caught:
        load_study(config, [path])
    assert list(caught.value.problems) == case["errors"]


def test_a_number_of_seeds_stands_for_that_many_from_0_on() -> None:
    study = read_study(write(STUDY.replace("seeds: [0, 1, 2]", "seeds: 5")))
    assert study.seeds == (0, 1, 2, 3, 4)
    assert study == read_study(write(STUDY.replace("seeds: [0, 1, 2]", "seeds: [0, 1, 2, 3, 4]")))
    assert Study.model_validate_json(study.model_dump_json(by_alias=True)).seeds == study.seeds


def test_5e_4_is_a_number_wherever_one_is_needed_and_text_elsewhere() -> None:
    text = STUDY.replace("title: Demo", "title: 1e3").replace("learning_rate: 0.05", "learning_rate: 2.5e3")
    text = text.replace("epochs: 3", "epochs: 3\n  weight_decay: 5e-4\n  ema: 9E-1")
    text = text.replace("{training.augmentation: [random_crop]}", "{model.dropout: 1e-1}")
    for study in (read_study(write(text)), load_study(yaml.safe_load(text), [Path("config.yaml")])):
        training = study.training
        assert (training.learning_rate, training.weight_decay, training.ema) == (2500, 0.0005, 0.9)
        assert study.image_settings("augment").model.dropout == 0.1
        assert study.title == "1e3"


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = STUDY.replace("learning_rate: 0.05", "learning_rate: fast\n  momentum: 2").replace("title: Demo\n", "")
    text = text.replace("seeds: [0, 1, 2]", "seeds: [0, 1, 1, x]").replace(
        "{baseline: baseline}", "{baseline: basline}"
    )
    text = text.replace("{name: baseline}", "{name: baseline, set: {model.dropout: 3}}")
    assert errors(text + "trackin: {}\ntracking: {}\n") == [
        "config.yaml:1: title: missing; for example title: 'Ablation: dropout on Fashion-MNIST'",
        'config.yaml:6: training.learning_rate: found the text "fast"; need a number > 0',
        "config.yaml:7: training.momentum: found 2; need a number ≥ 0 and < 1",
        "config.yaml:10: variants[0].set.model.dropout: found 3; need a number ≥ 0 and < 1",
        "config.yaml:12: seeds[2]: found 1 twice; seeds must be unique",
        'config.yaml:12: seeds[3]: found the text "x"; need a whole number ≥ 0 and < 2^63',
        'config.yaml:13: analysis.baseline: found "basline"; did you mean "baseline"? Variants: baseline, augment',
        'config.yaml:15: trackin: unknown key; did you mean "tracking"? Valid keys: study, title, dataset, model, '
        "training, command, function, variants, factors, design, seeds, analysis, tracking, resources, runs",
        "config.yaml:16: tracking: given twice in lines 14 and 16; YAML keeps only the last: delete one",
    ]


def test_a_missing_file_is_reported_with_the_nearest_name() -> None:
    write(STUDY, "quick.yaml")
    with pytest.raises(ConfigError) as caught:
        read_study("qick.yaml")
    assert str(caught.value) == 'qick.yaml: no such file; did you mean "quick.yaml"?'
    with pytest.raises(ConfigError, match=r"^nowhere/study\.yaml: no such file$"):
        read_study("nowhere/study.yaml")


def test_files_without_a_mapping_are_refused() -> None:
    empty = "config.yaml: the file is empty; copy config.yaml and change it"
    assert errors("") == [empty]
    assert errors("# only a comment\n") == [empty]
    need = "need a mapping of keys to values, as in config.yaml"
    assert errors("- study: demo\n") == [f"config.yaml:1: found a list; {need}"]
    assert errors("study\n") == [f'config.yaml:1: found "study"; {need}']


def test_binary_files_are_refused(tmp_path: Path) -> None:
    Path("config.yaml").write_bytes(b"study: \xff\xfe")
    with pytest.raises(ConfigError, match=r"^config\.yaml:1: not a UTF-8 text file$"):
        read_study("config.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        read_study(tmp_path)


def test_an_alias_of_itself_is_reported_and_not_followed_forever() -> None:
    assert errors(STUDY.replace("seeds: [0, 1, 2]", "seeds: &s [0, *s]")) == [
        "config.yaml:12: *s stands inside what it stands for"
    ]


BOMB = "".join(f"b{level}: &b{level} [{', '.join([f'*b{level - 1}'] * 10)}]\n" for level in range(1, 10))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"b0: &b0 [{'x, ' * 10}]\n{BOMB}", "5: more than 100000 keys and values, with what aliases repeat"),
        (f"m0: &b0 {{a: 1}}\n{BOMB.replace('[', '{<<: [').replace(']', ']}')}", "6: more than 100000 keys"),
        (f"deep: {'[' * 300}{']' * 300}", "1: nested more than 50 deep"),
        (f"deep: {'{a: ' * 100_000}", "1: nested more than 50 deep"),
        (
            "".join(f"a{n}: &a{n} [{f'*a{n - 1}' if n else ''}]\n" for n in range(99)),
            "51: nested more than 50 deep, with",
        ),
        (f"huge: {'9' * 5000}", '1: "9999'),
        (f"huge: 0x{'f' * 50_000}", "1: a number of more than 300 digits"),
        (f"a: {'x' * 1_000_001}", " more than 1000000 bytes, which no study needs"),
    ],
    ids=["alias bomb", "merge bomb", "lists", "mappings", "chain of aliases", "decimal", "hexadecimal", "large file"],
)
def test_what_would_take_the_memory_or_the_stack_is_refused_before_it_does(text: str, line: str) -> None:
    tracemalloc.start()
    try:
        (said,) = errors(text)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    assert said.startswith(f"config.yaml:{line}")


def test_a_device_is_not_read_without_end() -> None:
    with pytest.raises(ConfigError, match=r"^/dev/zero: more than 1000000 bytes"):
        read_study("/dev/zero")


def test_merge_keys_and_aliases_work_and_are_located_where_they_are_written() -> None:
    text = STUDY.replace("{name: baseline}", "&base {name: baseline, set: {model.dropout: 0.1}}")
    text = text.replace("{name: augment, set: {training.augmentation: [random_crop]}}", "{<<: *base, name: other}")
    assert read_study(write(text)).settings("other").model.dropout == 0.1
    line = "found 2; need a number ≥ 0 and < 1"
    assert errors(text.replace("0.1}}", "2}}")) == [
        f"config.yaml:10: variants[0].set.model.dropout: {line}",
        f"config.yaml:10: variants[1].set.model.dropout: {line}",
    ]


def test_mistakes_in_merged_files_are_located_in_the_file_that_sets_the_value() -> None:
    base = write(STUDY.replace("epochs: 3", "epochs: 0").replace("seeds: [0, 1, 2]", "seeds: [0, 0]"))
    more = write("# more\nseeds: [5, 5]\ntraining: {batch_size: 0}\n", "more.yaml")
    config = yaml.safe_load(base.read_text(encoding="utf-8"))
    config["training"]["batch_size"], config["seeds"] = 0, [5, 5]
    with pytest.raises(ConfigError) as caught:
        load_study(config, [base, more])
    assert list(caught.value.problems) == [
        "config.yaml:6: training.epochs: found 0; need a whole number ≥ 1 and ≤ 1000000",
        "more.yaml:2: seeds[1]: found 5 twice; seeds must be unique",
        "more.yaml:3: training.batch_size: found 0; need a whole number ≥ 1 and ≤ 1000000",
    ]


def test_a_mistake_on_the_command_line_is_located_there() -> None:
    path = write(STUDY)
    config = yaml.safe_load(STUDY) | {"seeds": "[0,1]", "epochs": 3}
    with pytest.raises(ConfigError) as caught:
        load_study(config, [path])
    assert list(caught.value.problems) == [
        "--config: epochs: unknown key; it belongs in training. Valid keys: study, title, dataset, model, training, "
        "command, function, variants, factors, design, seeds, analysis, tracking, resources, runs",
        '--config: seeds: found "[0,1]"; need a list that is not empty or a whole number ≥ 1 and ≤ 1000',
    ]
    with pytest.raises(ConfigError, match=r"^config: epochs: unknown key"):
        load_study(yaml.safe_load(STUDY) | {"epochs": 3})


def test_strange_characters_never_break_a_line() -> None:
    assert errors(STUDY.replace("{baseline: baseline}", '{baseline: "base\\nline", "a\\rb": 1}')) == [
        'config.yaml:13: analysis.baseline: found "base\\nline"; did you mean "baseline"? Variants: baseline, augment',
        'config.yaml:13: analysis."a\\rb": unknown key. Valid keys: metric, higher_is_better, baseline, confidence, '
        "pairing, variance, question, margin, lost_value, looks, tuned_on",
    ]


def test_the_error_is_a_user_error_and_contains_every_problem() -> None:
    error = ConfigError(["a: b", "c: d"])
    assert isinstance(error, UserError)
    assert error.problems == ("a: b", "c: d")
    assert str(error) == "a: b\nc: d"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=5,
)
RIGHT = yaml.safe_load(STUDY)
PATHS = [(), *[(key,) for key in RIGHT], ("training", "epochs"), ("variants", 1, "set"), ("variants", 0), ("seeds", 1)]
PATHS += [("variants", 1, "name"), ("training", "learning_rate"), ("analysis", "baseline"), ("analysis", "metric")]


@given(path=st.sampled_from(PATHS), value=values)
def test_any_value_gives_a_study_or_plain_messages(path: tuple[Any, ...], value: object) -> None:
    config: Any = yaml.safe_load(STUDY)
    if path:
        inner = config
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
    else:
        config = value if isinstance(value, dict) else {}
    try:
        runs, lines = load_study(config).runs(), ()
    except ConfigError as error:
        runs, lines = [], error.problems
    assert bool(runs) != bool(lines)
    for line in lines:
        assert line.startswith("config: ")
        assert len(line.splitlines()) == 1
        assert not [word for word in JARGON if word in line]


def test_importing_is_light() -> None:
    heavy = {"torch", "numpy", "scipy", "pandas", "snakemake"}
    code = f"import sys, seedwise.config.reading; print(*{heavy} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


def test_strange_paths_survive_reading_and_messages(tmp_path: Path) -> None:
    folder = "data {x} a: b/%s #1"
    text = STUDY.replace("name: fashion_mnist", f"name: fashion_mnist, folder: {folder!r}")
    study = read_study(write(text, "my {study}: 1.yaml"))
    assert study.dataset.folder == folder
    assert Study.model_validate_json(study.model_dump_json(by_alias=True)).dataset.folder == folder
    text = text.replace("title: Demo", "title: {x}")
    for read in (read_study, lambda path: load_study(yaml.safe_load(text), [path])):
        with pytest.raises(ConfigError) as caught:
            read(write(text, "my {study}: 1.yaml"))
        assert caught.value.problems == ("my {study}: 1.yaml:2: title: found a mapping; need text that is not empty",)
    with pytest.raises(ConfigError, match=r"^no \{x\} file: 1\.yaml: no such file"):
        read_study("no {x} file: 1.yaml")


def test_a_name_with_braces_is_shown_unchanged() -> None:
    assert errors(STUDY.replace("{baseline: baseline}", '{baseline: "{message} {0}"}')) == [
        'config.yaml:13: analysis.baseline: found "{message} {0}". Variants: baseline, augment'
    ]


def test_the_example_in_the_readme_of_the_config_is_a_study() -> None:
    example = (ROOT / "config" / "README.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert read_study(write(example)).study == "dropout"
