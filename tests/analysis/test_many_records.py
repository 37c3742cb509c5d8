"""Ten thousand records of which one in a hundred is damaged: each is named, none is dropped, and it takes seconds."""

import json
import subprocess
import time
from dataclasses import replace

import pytest

from seedwise.analysis.collect import REFUSED, collect_records
from seedwise.basics.errors import UserError
from seedwise.config.study import Study
from seedwise.config.study_file import Expected, StudyFile
from seedwise.runs.record import write_record
from tests.runs.test_record import record

SEEDS = 5000
LIMIT = 5.0  # seconds of processor time
CODE, DATA = "c" * 12, "e" * 12


@pytest.fixture(scope="module")
def asked():
    study = Study.model_validate(
        {
            "study": "s",
            "title": "A study",
            "command": {"run": "python train.py --rate {rate} --seed {seed}", "settings": {"rate": 0.1}},
            "variants": [{"name": "baseline"}, {"name": "other", "set": {"rate": 0.2}}],
            "seeds": list(range(SEEDS)),
            "analysis": {"metric": "loss", "higher_is_better": False, "baseline": "baseline"},
        }
    )
    expected = {
        variant.name: Expected(settings=study.settings(variant.name).digest(), code=CODE, data=DATA)
        for variant in study.variants
    }
    return StudyFile(study=study, config="study.yaml", seeds=study.seeds, expected=expected)


@pytest.fixture(scope="module")
def folder(asked, tmp_path_factory):
    """Ten thousand finished runs, written without waiting for the disk."""
    results = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        for variant in ("baseline", "other"):
            settings = json.loads(asked.study.settings(variant).canonical())
            for seed in range(SEEDS):
                made = record(variant, seed)
                digests = {"settings_digest": asked.expected[variant].settings, "code_digest": CODE, "data": DATA}
                made = replace(made, provenance=replace(made.provenance, **digests), epochs=None, sizes=None)
                made = replace(made, settings=settings, command=["python"], metrics={"loss": 1 + seed / SEEDS})
                write_record(asked.study.record_path(variant, seed, results), made)
    return results / "s"


def damage(folder, number):
    """Spoil a record in one of ten ways; return its path and what should be said."""
    way, seed = number % 10, 40 * number
    path = folder / f"runs/baseline/seed{seed}/metrics.json"
    found, neighbour = json.loads(path.read_text()), (folder / f"runs/baseline/seed{seed + 1}/metrics.json").read_text()
    edited = {
        3: found | {"study": "another"},
        4: found | {"metrics": {"loss": found["metrics"]["loss"] - 0.5}},
        5: found | {"status": "diverged", "reason": "so it is"},
        6: json.loads(neighbour) | {"seed": seed},
    }
    if way in edited:
        path.write_text(json.dumps(edited[way]))
    elif way == 7:
        path.write_text(neighbour)
    elif way == 8:
        path.write_text((folder / f"runs/other/seed{seed}/metrics.json").read_text())
    elif way == 9:
        path.write_text("[]")
    else:
        whole = path.read_bytes()
        path.write_bytes([b"", whole[: len(whole) // 2], whole.decode().encode("utf-16")][way])
    said = {
        3: "its study is another, not s",
        4: "it was edited after the run",
        5: "it was edited after the run",
        6: "it was edited after the run",
        7: f"its seed is {seed + 1}, not {seed}",
        8: "its variant is other, not baseline; it was made with different settings",
    }
    return path, said.get(way, "it is not a run record")


@pytest.mark.slow
def test_each_damaged_record_of_ten_thousand_is_named_and_one_command_removes_them(asked, folder, tmp_path):
    assert len(collect_records(asked, folder)) == 2 * SEEDS
    damaged = dict(damage(folder, number) for number in range(100))
    began = time.process_time()
    with pytest.raises(UserError) as caught:
        collect_records(asked, folder)
    taken = time.process_time() - began
    lines = str(caught.value).splitlines()
    assert lines[0] == "100 run records of study s cannot be used, so nothing is collected:"
    assert len(lines) < 30
    assert lines[21] == f"  and 80 more: all are in {folder / REFUSED}"
    listed = dict(line.split("\t") for line in (folder / REFUSED).read_text().splitlines())
    assert listed == {str(path): reason for path, reason in damaged.items()}
    subprocess.run(lines[-1], shell=True, check=True)
    assert not any(path.exists() for path in damaged)
    with pytest.raises(UserError, match="100 run records of study s cannot be used"):
        collect_records(asked, folder)  # now they are missing
    print(f"{taken:.1f} s")
    assert taken < LIMIT
