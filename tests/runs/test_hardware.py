"""How many cores there are for a study."""

import os

import pytest

from seedwise.runs import hardware

V1 = "4:cpu,cpuacct:/docker/a\n3:memory:/docker/a\n"


@pytest.mark.parametrize(
    ("cgroup", "files", "share"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/jobs/one\n", {"jobs/cpu.max": "200000 100000\n", "jobs/one/cpu.max": "max 100000\n"}, 2),
        ("0::/of/the/host\n", {"cpu.max": "100000 100000\n"}, 1),
        (V1, {"cpu,cpuacct/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, 0.5),
        (V1, {"cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, None),
        ("", {}, None),
        (None, {}, None),
    ],
)
def test_a_container_may_have_fewer_cores_than_its_machine(tmp_path, monkeypatch, cgroup, files, share):
    for name, text in files.items():
        (tmp_path / "mounted" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mounted" / name).write_text(text)
    if cgroup is not None:
        (tmp_path / "cgroup").write_text(cgroup)
    found = hardware._cpu_share(tmp_path / "cgroup", tmp_path / "mounted")
    assert found == share
    monkeypatch.setattr(hardware, "_cpu_share", lambda: found)
    usable = len(os.sched_getaffinity(0))
    assert hardware.available_cores() == (usable if share is None else max(1, min(usable, int(share))))


def test_only_cores_that_this_process_may_run_on_count(monkeypatch):
    monkeypatch.setattr(hardware, "_cpu_share", lambda: None)
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert hardware.available_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_without_a_driver_a_variable_that_names_gpus_makes_none(tmp_path, monkeypatch):
    """Many set it in their shell on every machine; a run on a CPU waited for a GPU, and its record named one."""
    (tmp_path / "null").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    found = []
    for device in ("tty", "nvidiactl"):  # in a container there may be a driver without nvidia-smi
        (tmp_path / device).touch()
        monkeypatch.setattr(hardware, "DEVICES", tmp_path)
        hardware.gpus.cache_clear()
        found.append([gpu.name for gpu in hardware.gpus()])
    hardware.gpus.cache_clear()
    assert found == [[], ["0", "1"]]
