"""Tables keep names as text, whatever they look like."""

import math

from seedwise.analysis.tables import read_table


def test_names_that_look_like_numbers_or_missing_values_are_text(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("variant,seed,test_accuracy\n16,0,0.5\n1.10,1,\nnull,2,0.25\nNA,3,nan\n")
    table = read_table(path)
    assert table["variant"].tolist() == ["16", "1.10", "null", "NA"]
    assert table["seed"].tolist() == [0, 1, 2, 3]
    assert [math.isnan(value) for value in table["test_accuracy"]] == [False, True, False, True]
