"""`seedwise init`: the study that it writes is valid, and its baseline is the user's own command line."""

from __future__ import annotations

import math
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seedwise.cli import main
from seedwise.config.draft import draft_study
from seedwise.config.reading import load_study, read_study
from seedwise.config.study import Study
from seedwise.trainers.command.command_line import fill_command, text_of
from seedwise.trainers.command.recognition import recognise

OUT = "/run/out"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "char-lm").mkdir()
    monkeypatch.chdir(tmp_path / "char-lm")


def drafted(*words: str) -> Study:
    """The study that is drafted from a command line."""
    found = recognise(words, Path())
    text = draft_study(found, words, study="s", folder=".", metric=None, lower_is_better=False)
    return load_study(yaml.safe_load(text))


def baseline(study: Study) -> list[str]:
    """The command of the baseline with the first seed."""
    chosen = study.program_settings("baseline")
    values = {key: text_of(value) for key, value in chosen.settings.items()}
    values |= {"seed": str(study.seeds[0]), "out": OUT}
    return fill_command(chosen.words, values, chosen.settings, **chosen.args)


def init(line: str, *options: str) -> int:
    return main(["init", *options, "--", *shlex.split(line)])


def test_options_become_settings_seed_and_out() -> None:
    assert init("python train.py --lr 0.001 --layers=4 --amp True --model resnet --seed 7 --out runs/a") == 0
    study = read_study("study.yaml")
    assert study.command is not None
    assert study.command.run == (
        "python train.py --lr {lr} --layers={layers} --amp {amp} --model {model} --seed {seed} --out {out}"
    )
    assert study.command.settings == {"lr": 0.001, "layers": 4, "amp": True, "model": "resnet"}
    assert [type(value) for value in study.command.settings.values()] == [float, int, bool, str]
    assert study.seeds == (7, 8, 9)
    assert study.study == "char-lm"
    assert study.variant("changed").overrides == {"lr": 0.003}


def test_hydra() -> None:
    study = drafted(
        *shlex.split("python -m my.train optim.lr=1e-3 model=vit +fast=True seed=0 hydra.run.dir=outputs/${now}")
    )
    assert study.command is not None
    assert study.command.run == (
        "python -m my.train optim.lr={optim.lr} model={model} +fast={fast} seed={seed} hydra.run.dir={out}"
    )
    assert study.command.settings == {"optim.lr": 0.001, "model": "vit", "fast": True}


@pytest.mark.parametrize(
    "option",
    [
        "--seed 3",
        "--seed=3",
        "--random-seed 3",
        "--random_state 3",
        "--manualSeed 3",
        "seed=3",
        "trainer.seed=3",
        "-s 3",
    ],
)
def test_seeds_are_recognised(option: str) -> None:
    study = drafted("python", "train.py", "--lr", "0.1", *option.split())
    assert "{seed}" in " ".join(study.program.words)  # type: ignore[union-attr]
    assert study.seeds == (3, 4, 5)


def test_of_two_seeds_the_likelier_counts_and_the_other_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    init("python train.py --data_seed 1 --seed 2")
    study = read_study("study.yaml")
    assert study.program is not None
    assert study.program.settings == {"data_seed": 1}
    assert "EDIT: a second seed" in Path("study.yaml").read_text()
    assert "data_seed is kept as a setting" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--seed_everything_else x", "--seeds 0,1", "--seedling 4", "--seed-file s.txt"])
def test_what_is_no_seed(option: str) -> None:
    study = drafted("python", "train.py", *option.split())
    assert "{seed}" not in " ".join(study.program.words)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("option", "becomes"),
    [
        ("--out runs/a", "--out {out}"),
        ("--output_dir=out", "--output_dir={out}"),
        ("--save-dir /x/y/", "--save-dir {out}"),
        ("--log_dir logs", "--log_dir {out}"),
        ("hydra.run.dir=outputs/a", "hydra.run.dir={out}"),
        ("trainer.default_root_dir=.", "trainer.default_root_dir={out}"),
        ("-o out", "-o {out}"),
        ("--save model.pt", "--save {out}/model.pt"),
        ("--results-file a/b.json", "--results-file {out}/b.json"),
        ("--out runs/v1.5", "--out {out}"),
        ("--log info", "--log {log}"),
        ("--output json", "--output {output}"),
        ("--save_freq 10", "--save_freq {save_freq}"),
        ("--out_features 10", "--out_features {out_features}"),
        ("--model_path m.pt", "--model_path {model_path}"),
        ("--out 5", "--out {out_value}"),
    ],
)
def test_outputs_are_recognised(option: str, becomes: str) -> None:
    words = drafted("./train", *option.split()).program.words  # type: ignore[union-attr]
    assert " ".join(words[1:]) == becomes


def test_a_second_output_folder_lies_in_the_first() -> None:
    study = drafted(*["./train", "--out", "runs/a", "--log_dir", "runs/a/tb", "--ckpt", "best.pt"])
    assert " ".join(study.program.words) == "./train --out {out} --log_dir {out}/tb --ckpt {ckpt}"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-3", 0.001), ("5e-5", 5e-5), ("0.5", 0.5), ("-1", -1), ("True", True)],
        *[(text, text) for text in ("1.10", "007", "true", "None", "", "1e999", "nan", "a: b", "[1,2]")],
    ],
)
def test_values_are_typed_if_that_writes_them_again(text: str, value: object) -> None:
    study = drafted("./train", f"--x={text}")
    found = study.program.settings["x"]  # type: ignore[union-attr]
    assert (found, type(found)) == (value, type(value))


def test_flags_lists_and_positional_arguments_stay() -> None:
    Path("corpus.txt").write_text("a")
    Path("src").mkdir()
    Path("src/a.py").write_text("")
    line = "torchrun --nproc 2 train.py corpus.txt src --fast --betas 0.9 0.99 --tag a --tag b -v -- --lr 3"
    study = drafted(*line.split())
    assert baseline(study) == line.split()
    assert study.program is not None
    assert study.program.settings == {"betas": 0.9, "betas_2": 0.99, "tag": "a", "tag_2": "b"}
    assert study.program.data == ("corpus.txt",)  # src holds code, which data would not be


@pytest.mark.parametrize(
    ("line", "length"),
    [
        ("python train.py --a 1", 2),
        ("python3.11 -u -m pkg.train a=1", 4),
        ("python -m torch.distributed.run --n 2 train.py 3", 6),
        ("uv run python train.py --a", 4),
        ("uv run my-train --a", 3),
        ("env A=1 ./prog x=2", 3),
        ("./prog --a 1", 1),
        ("Rscript --vanilla fit.R 3", 3),
        ("python -c pass --a 1", 3),
        ("bash run.sh 0.1", 2),
    ],
)
def test_where_the_arguments_of_the_program_begin(line: str, length: int) -> None:
    from seedwise.trainers.command.recognition import program_length

    assert program_length(line.split()) == length


names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_.-]{0,8}", fullmatch=True)
values = st.one_of(
    st.integers(-(10**6), 10**12).map(str),
    st.floats(allow_nan=False).map(repr),
    st.sampled_from(
        ["1e-3", "0.10", "True", "false", "null", "{seed}", "{{x}}", "a b", "$HOME", "'", '"', "#", ": ", ""]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
arguments = st.lists(
    st.one_of(
        st.tuples(names, values).map(lambda pair: [f"--{pair[0]}", pair[1]]),
        st.tuples(names, values).map(lambda pair: [f"--{pair[0]}={pair[1]}"]),
        st.tuples(names, values).map(lambda pair: [f"{pair[0]}={pair[1]}"]),
        names.map(lambda name: [f"--{name}"]),
        st.lists(values, min_size=1, max_size=3),
        st.just(["--seed", "5"]),
        st.just(["--"]),
    ),
    max_size=8,
).map(lambda groups: [word for group in groups for word in group])


@given(arguments)
@settings(max_examples=100, deadline=None)
def test_the_baseline_is_the_users_own_command_line(words: list[str]) -> None:
    given_words = ["python", "train.py", *words]
    found = recognise(given_words, Path("/nowhere"))
    text = draft_study(found, given_words, study="s", folder=".", metric="m", lower_is_better=True)
    filled = baseline(load_study(yaml.safe_load(text)))
    assert len(filled) == len(given_words)
    written = [output.value for output in found.outputs]
    for had, has in zip(given_words, filled, strict=True):
        if had == has:
            continue
        if OUT in has:  # the output folder is the one thing that is replaced
            assert any(had.endswith(value) for value in written)
        elif had.rpartition("=")[2].lower() in ("none", "null", "random", "-1", ""):
            assert found.seed is not None  # a seed that was left open becomes the first one
        else:  # only how a number with an exponent is written may change
            before, after = had.rpartition("="), has.rpartition("=")
            assert before[:2] == after[:2]
            assert "e" in before[2].lower()
            assert math.isclose(float(before[2]), float(after[2]), rel_tol=0)


def test_without_a_seed_the_file_says_what_the_program_must_do(capsys: pytest.CaptureFixture[str]) -> None:
    init("./train --lr 1")
    text = Path("study.yaml").read_text()
    assert 'int(os.environ["SEEDWISE_SEED"])' in text
    assert "the program has to read $SEEDWISE_SEED" in capsys.readouterr().out


def test_the_last_line_names_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    init("./train --lr 1", "--metric", "val_loss")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "next: seedwise try study.yaml"
    assert "Is a lower val_loss better? Then set higher_is_better: false in study.yaml." in lines


def test_metric_and_direction() -> None:
    init("./train --lr 1", "--metric", "val_loss", "--lower-is-better", "--out", "lr-of-train.yaml")
    study = read_study("lr-of-train.yaml")
    assert (study.analysis.metric, study.analysis.higher_is_better, study.study) == ("val_loss", False, "lr-of-train")


def test_pairing_waits_in_the_draft_as_a_comment() -> None:
    init("python train.py --lr 0.1 --seed 0")
    text = Path("study.yaml").read_text(encoding="utf-8")
    assert read_study("study.yaml").analysis.pairing == "none"
    assert (
        load_study(yaml.safe_load(text.replace("  # pairing: seed  #", "  pairing: seed  #"))).analysis.pairing
        == "seed"
    )


def test_a_file_elsewhere_leads_back_to_the_program() -> None:
    init("./train --lr 1", "--out", "studies/a.yaml")
    assert read_study("studies/a.yaml").program.folder == ".."  # type: ignore[union-attr]


def test_nothing_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("study.yaml").write_text("mine")
    assert init("./train --lr 1") == 2
    assert Path("study.yaml").read_text() == "mine"
    assert capsys.readouterr().err == (
        "seedwise: study.yaml exists and is not overwritten; name another file with --out, or give --force\n"
    )
    assert init("./train --lr 1", "--force") == 0


def test_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 2
    assert "write it after --: seedwise init -- python train.py" in capsys.readouterr().err
    assert main(["init", "--metrc", "a", "--", "./train"]) == 2
    assert "did you mean --metric?" in capsys.readouterr().err
    assert init("./train", "--out", "study.json") == 2
    assert "name it study.yaml" in capsys.readouterr().err
    assert not list(Path().glob("*.yaml"))


def test_the_dashes_may_be_forgotten() -> None:
    assert main(["init", "python", "train.py", "--lr", "0.1"]) == 0
    assert read_study("study.yaml").program.settings == {"lr": 0.1}  # type: ignore[union-attr]


def test_results_that_git_would_commit_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    init("./train --lr 1")
    assert "git" not in capsys.readouterr().out
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text("results/\n")
    init("./train --lr 1", "--force")
    assert "git does not ignore .snakemake/: add it to .gitignore" in capsys.readouterr().out


def test_what_git_is_to_ignore_leaves_ledger_report_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    init("./train --lr 1")
    _, _, proposed = capsys.readouterr().out.partition("to .gitignore, and commit ledger, report and tables:\n")
    Path(".gitignore").write_text("".join(line.strip() + "\n" for line in proposed.splitlines() if line[:2] == "  "))
    init("./train --lr 1", "--force")
    assert "git does not ignore" not in capsys.readouterr().out
    kept = ["registration.jsonl", "runs.csv", "findings.json", "results.md", "page.html", "figures/means.png"]
    kept += ["tables/results.tex", "looks.json", "pulled.json", "answers.csv"]
    large = ["runs/a/seed0/metrics.json", "logs/a.log", "benchmarks/a.tsv", "data/a.npz", "interim/results.md", ".lock"]
    large += [".try/a/log", "wandb/run-a/files", "digests/0.json", "study-0.json"]
    for name in (*kept, *large):
        path = Path("results/a", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    Path("results/.last-study").touch()
    listed = ["git", "ls-files", "--others", "--exclude-standard", "results"]
    found = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(found) == sorted(f"results/a/{name}" for name in kept)
