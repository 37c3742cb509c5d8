"""Scores of runs on each test example: one table per variant; an unreadable file is named."""

from __future__ import annotations

import numpy as np
import pytest

from seedwise.basics.errors import UserError
from seedwise.runs.scores import SCORES_FILE, read_scores


def put(folder, seed, correct):
    home = folder / "a" / f"seed{seed}"
    home.mkdir(parents=True)
    np.savez_compressed(home / SCORES_FILE, correct=np.array(correct, dtype=bool))
    return home / SCORES_FILE


def test_rows_are_the_requested_seeds(tmp_path):
    put(tmp_path, 0, [1, 1, 0])
    put(tmp_path, 7, [0, 1, 0])
    assert read_scores(tmp_path, "a", [7, 0]).tolist() == [[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]


@pytest.mark.parametrize("damage", ["missing", "truncated", "of another kind"])
def test_unreadable_scores_are_named_with_the_remedy(tmp_path, damage):
    path = put(tmp_path, 0, [1, 0])
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:50])
    else:
        np.savez(path, other=np.zeros(2))
    with pytest.raises(UserError, match=r"seed0/predictions\.npz: no readable scores .*; delete .*/a/seed0 and run"):
        read_scores(tmp_path, "a", [0])


def test_runs_with_different_test_sets_are_refused(tmp_path):
    put(tmp_path, 0, [1, 0])
    put(tmp_path, 1, [1, 0, 1])
    with pytest.raises(UserError, match="scores of 2 and 3 examples"):
        read_scores(tmp_path, "a", [0, 1])
