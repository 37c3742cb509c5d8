"""The command line: its output, its files and its cost."""

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from seedwise.cli import GROUPS, main
from seedwise.sources.choices import LAYOUTS
from seedwise.sources.layouts import NAMES

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs/examples"
REPORTS = sorted(path.parent.name for path in EXAMPLES.glob("*/results.md"))
A, B, C = (0.842, 0.838, 0.851), (0.861, 0.855, 0.858), (0.845, 0.840, 0.849)


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text, name="results.csv"):
    Path(name).write_text(text, encoding="utf-8")
    return name


def table(separator=",", **scores):
    lines = ["variant,seed,score"]
    lines += [f"{variant},{seed},{value}" for variant, values in scores.items() for seed, value in enumerate(values)]
    return "\n".join(lines).replace(",", separator) + "\n"


def run(capsys, *flags, text=None, metric="score", baseline="A"):
    """Analyse a table; return (exit status, stdout, stderr)."""
    source = write(table(A=A, B=B) if text is None else text)
    status = main(["analyse", source, "--metric", metric, "--baseline", baseline, *flags])
    return (status, *capsys.readouterr())


# Output


def test_two_variants_print_the_numbers_of_the_specification(capsys):
    status, out, err = run(capsys, "--out", "report")
    found = pd.read_csv("report/comparisons.csv").iloc[0]

    assert (status, err) == (0, "")
    assert "B        3  0.8580  0.0030     +0.0143  [0.0003, 0.0284]  0.0476  BETTER*\n* fragile\n" in out
    assert "(Δ = +0.0143, 95% CI [0.0003, 0.0284], p = 0.0476)" in " ".join(out.split())
    expected = {
        "difference": 0.0143333,
        "p_value": 0.0476372,
        "ci_low": 0.000293,
        "ci_high": 0.028373,
        "permutation_p": 0.10,
        "bootstrap_low": 0.007,
        "bootstrap_high": 0.0206667,
        "rule_separate_threshold": 0.014606,
        "rule_pooled_threshold": 0.010328,
        "hedges_g": 2.21464,
        "hedges_g_high": 5.162,
        "wins": 9,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected, rel=2e-4, abs=5e-7)
    assert (found["rule_separate"], found["rule_pooled"], found["fragile"]) == (False, True, True)


def test_pairing_prints_the_paired_numbers(capsys):
    _, out, _ = run(capsys, "--pairing", "seed", "--out", "report")
    found = pd.read_csv("report/comparisons.csv").iloc[0]

    assert "0.0610  NOT_SUPPORTED*\n* fragile\n" in out
    assert found["p_value"] == pytest.approx(0.0609921, abs=1e-7)
    assert found["permutation_p"] == 0.25


def test_three_variants_print_the_numbers_of_the_specification(capsys):
    text = table(A=A, B=B, C=C)
    _, holm, _ = run(capsys, text=text)
    _, dunnett, _ = run(capsys, "--variance", "pooled", text=text)

    assert "0.0953  NOT_SUPPORTED\n" in holm
    assert "0.8414  NOT_SUPPORTED" in holm
    assert re.search(r"^B .* 0\.021\d +BETTER", dunnett, re.MULTILINE)
    assert re.search(r"^C .* 0\.95\d\d +NOT_SUPPORTED", dunnett, re.MULTILINE)
    assert "Dunnett p" in dunnett


def test_a_loss_is_better_when_lower_and_a_margin_can_show_equivalence(capsys):
    _, out, _ = run(capsys, "--lower-is-better")
    tight = table(A=(0.9, 0.9001, 0.8999, 0.9002), B=(0.9, 0.9001, 0.8998, 0.9002))
    _, same, _ = run(capsys, "--margin", "0.01", text=tight)

    assert "WORSE" in out
    assert "score, lower is better" in out
    assert "EQUIVALENT" in same


def test_the_question_can_be_whether_a_variant_is_not_worse_by_more_than_a_margin(capsys, tmp_path):
    text = table(A=(0.9, 0.901, 0.899, 0.9), B=(0.897, 0.898, 0.896, 0.8972), C=(0.85, 0.93, 0.9, 0.92))
    flags = ("--question", "non-inferiority", "--margin", "0.01")
    _, printed, _ = run(capsys, *flags, text=text)
    words = " ".join(printed.split())
    assert re.search(r"^B .* NON_INFERIOR", printed, re.MULTILINE)
    assert "B is worse than A, but no more than 0.01000 worse than it" in words
    assert "The data do not show that C is no more than 0.01000 worse than A" in words
    assert "This is not evidence that it is worse: with 4 seeds, variants as good as the baseline pass 80%" in words

    run(capsys, *flags, "--out", str(tmp_path), text=text)
    assert (tmp_path / "comparisons.csv").read_text().splitlines()[0].endswith(",non_inferiority_low,non_inferiority_p")
    page = (tmp_path / "page.html").read_text()
    assert 'class="verdict non_inferior" title="NON_INFERIOR"' in page
    answers = (tmp_path / "results.md").read_text()
    assert (
        "**Asked:** Are **B** and **C** no more than 0.01000 worse than **A** in score (higher is better)?" in answers
    )
    assert "| `question` | `non-inferiority` |" in answers

    found = json.loads(run(capsys, *flags, "--json", text=text)[1])
    assert found["plan"]["question"] == "non-inferiority"
    assert found["results"][0]["comparisons"][0]["non_inferiority_low"] > -0.01


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_where_an_encoding_lacks_a_letter_the_rest_is_printed(encoding):
    """As on Windows into a file, where ± is known and Δ is not."""
    command = [sys.executable, "-m", "seedwise.cli", "analyse", write(table(A=A, B=B)), "--metric", "score"]
    printed, into_a_file = (
        subprocess.run(
            [*command, "--baseline", "A"],
            env=os.environ | {"PYTHONIOENCODING": given, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout.decode(given)
        for given in ("utf-8", encoding)
    )
    assert "Δ" in printed
    assert into_a_file == printed.encode(encoding, "backslashreplace").decode(encoding)


def test_json_is_ascii_so_that_no_name_steers_a_terminal(capsys):
    """As that of `gate`, `status` and `verify`."""
    name = "Größe\u202e\x9b2J"
    text = table(A=(0.9, 0.901, 0.899), B=(0.8, 0.801, 0.799)).replace("B,", f"{name},")
    printed = run(capsys, "--json", text=text)[1]
    assert printed.isascii()
    assert json.loads(printed)["results"][0]["comparisons"][0]["variant"] == name


def test_confidence_names_every_interval(capsys):
    _, out, _ = run(capsys, "--confidence", "0.99")
    assert "99% CI" in out
    assert "NOT_SUPPORTED" in out


def test_lost_runs_are_counted_and_missing_seeds_reported(capsys):
    text = "variant,seed,status,score\nA,0,finished,1\nA,1,finished,2\nA,2,Finished,3\n"
    text += "B,0,finished,4\nB,1,diverged,\nB,3,failed,n/a\n"
    status, out, _ = run(capsys, text=text)

    assert status == 0
    assert "1 of 2 runs of B diverged" in out
    assert "TOO_FEW_SEEDS" in out
    _, out, _ = run(capsys, text="variant,seed,score\nA,0,1\nA,1,2\nA,2,3\nB,0,1.5\nB,1,2.2\n")
    assert "a run that crashed belongs in the table" in " ".join(out.split())


def test_pairing_with_unequal_seeds_is_allowed_with_a_warning(capsys):
    text = table(A=A, B=B) + "B,7,0.9\n"
    status, out, _ = run(capsys, "--pairing", "seed", text=text)

    assert status == 0
    assert "Some seeds have a usable run in one arm only" in " ".join(out.split())


@pytest.mark.parametrize(
    "text",
    [
        table(A=A, B=B, separator="\t"),
        table(A=A, B=B, separator=";"),
        "\ufeff" + table(A=A, B=B).replace("\n", "\r\n"),
        "\n" + table(A=A, B=B).replace(",", ", "),
        table(A=A, B=B).replace("A,0", '"A","0"'),
        table(A=A, B=B).replace(",0,", ",first,"),
    ],
    ids=["tab", "semicolon", "Windows", "spaces", "quotes", "seeds in words"],
)
def test_other_ways_to_write_the_same_table(capsys, text):
    _, plain, _ = run(capsys)
    assert run(capsys, text=text) == (0, plain, "")


def test_standard_input(capsys, monkeypatch):
    _, plain, _ = run(capsys)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table(A=A, B=B).encode())))

    assert main(["analyse", "-", "--metric", "score", "--baseline", "A"]) == 0
    assert capsys.readouterr().out == plain


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e4, 1e9])
def test_lines_fit_a_terminal(capsys, scale):
    names = ["A", "B", "a very long name of a variant that says all its settings, lr=0.1, wd=5e-4"]
    scores = {name: [scale * (value + 0.3 * index) for value in A] for index, name in enumerate(names)}
    text = "variant\tseed\tscore\n" + "".join(
        f"{name}\t{seed}\t{value}\n" for name, values in scores.items() for seed, value in enumerate(values)
    )
    _, out, _ = run(capsys, text=text)

    assert max(map(len, out.splitlines())) <= 80
    lines = out.splitlines()
    rows = [place for place, line in enumerate(lines) if re.search(r"  (BETTER|WORSE|NOT_|baseline)", line)]
    assert len(rows) == 3
    assert [lines[place - 1] for place in rows] == names, "all rows have one layout"


@pytest.mark.parametrize(
    ("metric", "way", "verdict"), [("accuracy", "higher", "BETTER"), ("val_loss", "lower", "WORSE")]
)
def test_a_direction_that_nobody_gave_is_read_from_the_name_and_said(capsys, metric, way, verdict):
    text = table(A=A, B=B).replace("score", metric)
    _, out, _ = run(capsys, "--out", "report", text=text, metric=metric)
    other = {"higher": "lower", "lower": "higher"}[way]
    assert f"{way} is better (assumed from its name; --{other}-is-better says otherwise)" in " ".join(out.split())
    assert f"0.0476  {verdict}" in out
    report = Path("report/results.md").read_text(encoding="utf-8")
    assert f"That {way} is better was assumed from the name of the metric." in report

    run(capsys, f"--{way}-is-better", "--out", "report", text=text, metric=metric)
    assert "assumed" not in Path("report/results.md").read_text(encoding="utf-8")


def test_undefined_numbers_are_never_shown(capsys):
    _, out, _ = run(capsys, text=table(A=(0.9, 0.9, 0.9), B=(0.9, 0.9, 0.9), C=(0.9, "nan", 0.8, 0.7), D=(0.9,)))
    assert " nan " not in out.lower()
    assert out.count("UNDEFINED") == 1
    assert "1 run counted as diverged: its score is not finite: C seed 1 (line 9)." in " ".join(out.split())


def test_one_variant_has_nothing_to_be_compared_with(capsys):
    status, out, _ = run(capsys, "--out", "report", text=table(A=A))

    assert status == 0
    assert "No other variant is compared with it." in " ".join(out.split())
    assert "Is the gap larger" not in Path("report/results.md").read_text()


# Files


def test_out_gets_tables_figures_and_a_report(capsys):
    run(capsys, "--out", "deep/report")
    out = Path("deep/report")
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    figures = {
        f"figures/{name}.{end}" for name in ("means", "differences", "power", "pairing") for end in ("png", "svg")
    }
    text = (out / "results.md").read_text(encoding="utf-8")

    assert files == {"results.md", "page.html", "findings.json", "summary.csv", "comparisons.csv"} | figures
    assert "seedwise analyse results.csv --metric score --baseline A --out deep/report\n" in text
    for unknown in ("## Setup", "Differs from the baseline", "Commit", "Versions", "Decided beforehand", "runs.csv"):
        assert unknown not in text
    assert "From the table `results.csv`" in text
    page = (out / "page.html").read_text(encoding="utf-8")
    assert "The compared metric has all the digits that it has in results.csv." in page
    assert "| A | 0 | finished | 0.842 |" in text
    assert "\n\n\n" not in text
    assert text.endswith("```\n")


@pytest.mark.parametrize("name", REPORTS)
def test_examples_are_up_to_date(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "matplotlib.figure.Figure.savefig", lambda *_, **__: None
    )  # other tests draw them; this one compares texts
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("figures", "*.md"))
    monkeypatch.chdir(folder)
    stored = (EXAMPLES / name / "results.md").read_text(encoding="utf-8")
    command = re.search(r"^seedwise (analyse .*)$", stored, re.MULTILINE).group(1)

    assert f"seedwise {command}\n" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert main(shlex.split(command)) == 0
    assert (folder / name / "results.md").read_text(encoding="utf-8") == stored
    for file in ("summary.csv", "comparisons.csv"):  # whose last digits are those of the processor
        made, kept = (pd.read_csv(place / name / file) for place in (folder, EXAMPLES))
        pd.testing.assert_frame_equal(made, kept, rtol=1e-9, atol=1e-12)


def test_there_are_four_examples():
    assert REPORTS == ["clear-win", "diverged-run", "three-variants", "two-variants"]


# Help


def test_help_of_analyse_names_what_is_required_the_layouts_and_each_kind_of_table(capsys):
    with pytest.raises(SystemExit):
        main(["analyse", "--help"])
    text = capsys.readouterr().out
    usage, _, rest = text.partition("\n\n")
    assert usage == "usage: seedwise analyse RESULTS --metric COLUMN --baseline VARIANT [flags]"
    options, _, examples = rest.partition("examples:\n")
    titles = [line for line in options.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert len(titles) == 9
    assert set(LAYOUTS) == set(NAMES)
    # A layout may be broken at its hyphen where the line ends.
    assert set(NAMES) <= set(re.sub(r"-\s+", "-", options).replace(",", " ").replace(";", " ").split())
    for flag in ("--pairing seed", "--number-runs", "--example question_id --repeat sample"):
        assert flag in examples


def test_help_shows_the_way_with_an_example_of_each_command(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in (command for commands in GROUPS.values() for command in commands):
        assert re.search(rf"^  {command.name} +\w.*\n +seedwise {command.name} ", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 115
    assert main([]) == 2
    assert capsys.readouterr().err == text


@pytest.mark.parametrize("command", [command.name for commands in GROUPS.values() for command in commands])
def test_each_command_explains_itself(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: seedwise {command} ")
    assert f"  seedwise {command} " in text.split("example", 1)[1]


def test_the_help_says_what_a_first_user_asks(capsys):
    main(["--help"])
    text = capsys.readouterr().out
    assert "What to send to others, of results/<study>: page.html, one file" in text
    assert "Snakemake, which `run` calls, is the workflow engine" in text
    assert "`try` if something has to be changed" in text
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    options = capsys.readouterr().out.split("\noptions:\n")[1].split("\nexamples:\n")[0]
    assert re.findall(r"^  (--\w+)", options, re.MULTILINE) == ["--revisions", "--replace", "--exploratory"]


# Cost


def python(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_the_command_line_itself_imports_nothing_heavy():
    heavy = "{'numpy', 'pandas', 'scipy', 'pydantic', 'yaml', 'snakemake', 'fcntl'}"
    program = f"import sys; from seedwise.cli import main; main(['--help']); print(sorted({heavy} & set(sys.modules)))"

    assert python(program).endswith("\n[]\n")


def test_matplotlib_is_imported_only_for_figures():
    write(table(A=A, B=B))
    flags = "['analyse', 'results.csv', '--metric', 'score', '--baseline', 'A']"
    program = f"import sys, seedwise.cli; seedwise.cli.main({flags}); print('matplotlib' in sys.modules)"

    assert python(program).endswith("False\n")
