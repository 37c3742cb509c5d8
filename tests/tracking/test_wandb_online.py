"""W&B online against a fake server: what arrives, what remains local, and what is sent later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from seedwise.tracking.settings import WandbSettings
from seedwise.tracking.sync import sync, unsent
from seedwise.tracking.weights_and_biases import goes_online
from tests.tracking.conftest import LIMIT, ROOT, clean, train
from tests.tracking.wandb_server import KEY, WandbServer

ONLINE = {"wandb": {"mode": "online", "project": "demo", "job_type": "train", "tags": ["a", "b"], "notes": "why"}}
OFFLINE = {"wandb": {"mode": "offline", "project": "demo"}}


def sync_command(study):
    return [sys.executable, str(ROOT / "workflow/scripts/sync_wandb.py"), "--folder", str(study), "--timeout", "8"]


def send(study, environment):
    return subprocess.run(
        sync_command(study),
        env=clean(environment),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        cwd=study,
    )


def check_arrived(server, trained):
    (run,) = server.runs.values()
    assert run.name == trained.record.tracking["wandb"]
    assert run.state == "finished"
    assert run.config["variant"] == "baseline"
    assert run.config["seed"] == 0
    assert run.config["settings"] == trained.record.settings
    assert run.summary["status"] == "finished"
    for metric, value in trained.record.metrics.items():
        assert run.summary[f"final/{metric}"] == value
    lines = (trained.study / "runs/baseline/seed0/history.csv").read_text().splitlines()
    names = lines[0].split(",")[1:]
    rows = [[int(row["_step"]), *(row[name] for name in names)] for _, row in sorted(run.history.items())]
    assert rows == [[float(cell) for cell in line.split(",")] for line in lines[1:]]
    return run


@pytest.mark.slow
def test_an_online_run_arrives_completely_and_leaves_no_key(tmp_path, tiny_data):
    with WandbServer() as server:
        trained = train(tmp_path, tiny_data, ONLINE, server.environment())
        assert trained.stderr == ""
        run = check_arrived(server, trained)
        again = train(tmp_path, tiny_data, ONLINE, server.environment())
        check_arrived(server, again)
    known = {"project": "demo", "groupName": "tiny", "jobType": "train", "displayName": "baseline-seed0"}
    assert {key: run.fields[key] for key in known} == known
    assert run.fields["tags"] == ["a", "b"]
    assert run.fields["notes"] == "why"
    assert unsent(trained.study) == []
    assert len(list(trained.study.glob("wandb/run-*"))) == 1, "a rerun replaces the run and never doubles it"
    assert not {"requirements.txt", "diff.patch", "wandb-metadata.json"} & set(run.files), "no code unless asked"
    assert "commit" not in run.fields
    check_no_key(tmp_path, KEY)
    assert KEY not in trained.stdout


def check_no_key(folder, key):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if key.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_a_run_recorded_offline_is_sent_once(tmp_path, tiny_data):
    with WandbServer() as server:
        trained = train(tmp_path, tiny_data, OFFLINE, server.environment())
        train(tmp_path, tiny_data, OFFLINE, server.environment(), seed=1)
        assert server.calls == []
        first = send(trained.study, server.environment())
        assert first.returncode == 0, first.stdout + first.stderr
        assert "1/2 offline-run-" in first.stdout
        assert "2 of 2 runs sent" in first.stdout
        assert len(server.runs) == 2
        server.runs = {name: run for name, run in server.runs.items() if run.config["seed"] == 0}
        check_arrived(server, trained)
        calls = len(server.calls)
        again = send(trained.study, server.environment())
        assert "nothing to send" in again.stdout
        assert len(server.calls) == calls
    check_no_key(tmp_path, KEY)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "after"), [("hang", 0), ("dead", 2), (401, 2), (500, 2)])
def test_what_a_failing_server_missed_can_be_sent_later(fault, after, tmp_path, tiny_data):
    tracking = {"wandb": {**ONLINE["wandb"], "timeout": 6}}
    with WandbServer(fault, after) as server:
        trained = train(tmp_path, tiny_data, tracking, server.environment())
    assert len(unsent(trained.study)) == 1
    with WandbServer() as server:
        answer = send(trained.study, server.environment())
        assert answer.returncode == 0, answer.stdout + answer.stderr
        check_arrived(server, trained)
    assert unsent(trained.study) == []
    check_no_key(tmp_path, KEY)


@pytest.mark.slow
def test_a_run_that_cannot_be_sent_is_listed_with_the_reason_and_can_be_retried(tmp_path, tiny_data):
    with WandbServer(fault=401) as server:
        trained = train(tmp_path, tiny_data, OFFLINE, server.environment())
        refused = send(trained.study, server.environment())
    assert refused.returncode == 1
    assert "Error: 1 run not sent; run the same command again to retry:" in refused.stderr
    assert "made to answer 401" in refused.stderr
    with WandbServer(fault=500) as server:
        slow = send(trained.study, server.environment())
    assert "the server did not take it within 8 s" in slow.stderr
    gone = send(trained.study, server.environment())
    assert f"Error: no W&B server answers at {server.url}" in gone.stderr
    keyless = send(trained.study, {"WANDB_BASE_URL": server.url})
    assert "Error: no W&B API key; set WANDB_API_KEY, or run: wandb login" in keyless.stderr
    assert "Traceback" not in refused.stderr + slow.stderr + gone.stderr + keyless.stderr
    with WandbServer() as server:
        assert send(trained.study, server.environment()).returncode == 0
        check_arrived(server, trained)


@pytest.mark.slow
def test_sending_resumes_after_an_interruption(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom seedwise.tracking import Mirrors, TrackedRun\n"
        "from seedwise.tracking.settings import WandbSettings\n"
        "from seedwise.tracking.weights_and_biases import WandbTracker\n"
        "for seed in range(3):\n"
        "    mirrors = Mirrors([WandbTracker(WandbSettings())])\n"
        "    mirrors.start(TrackedRun('tiny', 'a', seed, {}, '0', Path(sys.argv[1])))\n"
        "    mirrors.log({'loss': 0.5}, 1)\n    mirrors.finish({'test_accuracy': 0.75}, 'finished')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=clean({}), timeout=LIMIT, check=True)
    assert len(unsent(tmp_path)) == 3
    with WandbServer() as server:
        process = subprocess.Popen(
            sync_command(tmp_path),
            env=clean(server.environment()),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("1/3 offline-run-")
        assert first.endswith(": sent\n")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=LIMIT)
        done = {name for name, run in server.runs.items() if run.state == "finished"}
    left = len(unsent(tmp_path))
    assert left == 2
    with WandbServer() as later:
        again = send(tmp_path, later.environment())
        assert again.returncode == 0, again.stdout + again.stderr
        assert "2 of 2 runs sent" in again.stdout
        assert not done & set(later.runs), "what was sent is not sent again"
        assert [run.summary["final/test_accuracy"] for run in later.runs.values()] == [0.75, 0.75]


def test_after_three_failures_in_a_row_sending_stops(tmp_path):
    tried, said = [], []

    def refuse(run):
        tried.append(run.name)
        return "refused"

    runs = [tmp_path / str(number) for number in range(5)]
    sent, failures = sync(runs, said.append, refuse)
    assert (sent, len(failures), tried) == (0, 5, ["0", "1", "2"])
    assert said[-1] == "5/5 4: not tried after 3 failures in a row"


@pytest.mark.parametrize(
    ("mode", "environment", "netrc", "online"),
    [
        ("auto", {}, "", False),
        ("auto", {"WANDB_API_KEY": KEY}, "", True),
        ("auto", {}, "machine api.wandb.ai login user password secret", True),
        ("auto", {"WANDB_BASE_URL": "https://my.server"}, "machine api.wandb.ai login user password secret", False),
        ("auto", {}, "this is no netrc", False),
        ("offline", {"WANDB_API_KEY": KEY}, "", False),
        ("online", {}, "", True),
    ],
)
def test_auto_is_online_if_there_is_a_key(mode, environment, netrc, online, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text(netrc)
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name, value in {"NETRC": str(tmp_path / "netrc"), **environment}.items():
        monkeypatch.setenv(name, value)
    assert goes_online(WandbSettings(mode=mode)) is online


def test_the_settings_have_no_field_for_a_key():
    assert not [name for name in WandbSettings.model_fields if "key" in name or "token" in name]
    assert "WANDB" not in json.dumps(WandbSettings().model_dump())
