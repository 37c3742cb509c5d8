import json

import pytest

from seedwise.cli import main
from seedwise.sources.answers import read_answers
from seedwise.sources.evaluations.whole import as_evaluation
from seedwise.sources.open import open_table
from seedwise.sources.options import Options


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def analyse(capsys):
    """Analyse a source; return the exit status, and what was printed on one line."""

    def run(source, metric, baseline, *flags):
        status = main(["analyse", str(source), "--metric", metric, "--baseline", baseline, *flags])
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return run


@pytest.fixture
def answers():
    """Read the answers of a source, one row each, and the notes about them."""

    def read(source, metric, **said):
        options = Options(metrics=(metric,), **said)
        table = open_table(str(source), options)
        found = read_answers(table, as_evaluation(options, table))
        return found.answers, " ".join(found.notes)

    return read


@pytest.fixture
def write_lines(tmp_path):
    """Write a file of JSON lines."""

    def write(name, rows):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return path

    return write
