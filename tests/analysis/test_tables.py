"""Tables keep names as text, whatever they look like."""

import math
import re
import subprocess

import pytest

from seedwise.analysis.tables import made_again, read_table
from seedwise.basics.errors import UserError


def test_names_that_look_like_numbers_or_missing_values_are_text(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("variant,seed,test_accuracy\n16,0,0.5\n1.10,1,\nnull,2,0.25\nNA,3,nan\n")
    table = read_table(path)
    assert table["variant"].tolist() == ["16", "1.10", "null", "NA"]
    assert table["seed"].tolist() == [0, 1, 2, 3]
    assert [math.isnan(value) for value in table["test_accuracy"]] == [False, True, False, True]


def test_a_folder_in_the_place_of_a_table_is_moved_and_not_removed(tmp_path):
    kept = tmp_path / "runs.csv" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    (tmp_path / "summary.csv").write_text("damaged")
    with pytest.raises(UserError, match=r"runs\.csv: cannot be read .*; move it out of the way: mv ") as caught:
        read_table(kept.parent)
    assert "rm" not in str(caught.value).replace(str(tmp_path), "")
    command = made_again(kept.parent, tmp_path / "summary.csv").splitlines()[-1]
    subprocess.run(command, shell=True, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs.csv.aside"]
    assert (tmp_path / "runs.csv.aside" / "mine.txt").read_text() == "mine"


def test_a_table_that_cannot_be_opened_is_not_said_to_be_damaged(tmp_path):
    with pytest.raises(UserError, match="cannot be read") as caught:
        read_table(tmp_path / ("x" * 300))
    assert not re.search(r"damaged|rm ", str(caught.value))
