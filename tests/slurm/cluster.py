"""A Slurm cluster of one node and one fake GPU, in its own folder and only on the loopback interface.

The daemons are Debian's (`PACKAGES`); root installs them when they are missing. Nothing outside the folder is
written: configuration, keys, sockets, state and logs lie in it, and clients find it by `SLURM_CONF`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "qsub", "qstat", "qdel")
PACKAGES = ("slurm-wlm", "slurm-wlm-torque", "munge")  # the second has PBS commands for Slurm
PATIENCE = 60
CPUS = 4  # may exceed the machine's: jobs that wait for each other need none
# Snakemake sets the comment: the rule and its wildcards.
COLUMNS = {"id": "%i", "state": "%T", "comment": "%k", "start": "%S", "end": "%e", "limit": "%l", "memory": "%m"}
CONFIGURATION = """\
ClusterName=sandbox
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={daemon_port}
# Listen on the loopback interface only.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# A record of every job that ended, which squeue forgets after MinJobAge.
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,defer
MpiDefault=none
ReturnToService=2
MinJobAge=3600
# Clients give up soon if the controller does not answer.
MessageTimeout=3
KillWait=2
SlurmctldTimeout=30
SlurmdTimeout=30
# The node reports the memory and the processors given here, whatever the machine has.
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={node} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes={node} Default=YES MaxTime=UNLIMITED State=UP
"""


class NoSlurmError(Exception):
    """Slurm's programs are missing and cannot be installed; the message says why."""


def install() -> None:
    """Make sure that Slurm's programs exist; root installs them from Debian packages.

    Raises:
        NoSlurmError: they are missing and cannot be installed.
    """
    if not (missing := _missing()):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoSlurmError(f"{', '.join(missing)} not found; as root: apt-get install {' '.join(PACKAGES)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        answer = subprocess.run(
            ["apt-get", "-q", *command], capture_output=True, text=True, timeout=300, env=environment, check=False
        )
        if answer.returncode:
            raise NoSlurmError(f"apt-get {' '.join(command)} failed: {answer.stderr.strip()}")
    if missing := _missing():
        raise NoSlurmError(f"{', '.join(missing)} not found in Debian's packages {' '.join(PACKAGES)}")


def _missing() -> list[str]:
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    return [program for program in PROGRAMS if shutil.which(program, path=path) is None]


class Cluster:
    """The three daemons, and what tests do to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = socket.gethostname().split(".")[0]
        self.environment = {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"], "/usr/sbin"]),
        }
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Write the configuration, start the daemons, and wait until the node accepts jobs."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        controller_port, daemon_port = _free_ports(2)
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                node=self.node,
                folder=self.folder,
                user=pwd.getpwuid(os.geteuid()).pw_name,
                cpus=CPUS,
                controller_port=controller_port,
                daemon_port=daemon_port,
            )
        )
        # Slurm requires a device file for each GPU; any file will do.
        (self.folder / "gres.conf").write_text(f"NodeName={self.node} Name=gpu File=/dev/null\n")
        # The plugin removes all variables that begin with SLURM_ from srun's environment, including SLURM_CONF.
        srun = self.folder / "bin/srun"
        srun.parent.mkdir()
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)
        self._launch(
            "munged",
            "--foreground",
            "--force",
            f"--socket={self.folder}/munge.socket",
            f"--key-file={key}",
            f"--pid-file={self.folder}/munged.pid",
            f"--seed-file={self.folder}/munged.seed",
            f"--log-file={self.folder}/munged.log",
        )
        self._wait((self.folder / "munge.socket").exists, "munged opens its socket")
        self.start_controller()
        self._launch("slurmd", "-D")
        self._wait(lambda: self.node_state() == "idle", "the node is idle")

    def stop(self) -> None:
        """Stop the jobs and then the daemons, each by its own pid."""
        if self._daemons.get("slurmctld"):
            self.call("scancel", "--state=PENDING,RUNNING,SUSPENDED", "--partition=main", check=False)
            deadline = time.monotonic() + PATIENCE / 2
            while time.monotonic() < deadline and self.call("squeue", "--noheader", check=False).strip():
                time.sleep(0.2)
        for name in ("slurmd", "slurmctld", "munged"):
            self._end(name)

    def start_controller(self) -> None:
        """Start slurmctld, which restores the state that an earlier one saved."""
        self._launch("slurmctld", "-D")
        self._wait(lambda: "UP" in self.call("scontrol", "ping", check=False), "the controller answers")

    def stop_controller(self) -> None:
        """Stop slurmctld; jobs continue, but no client gets an answer."""
        self._end("slurmctld")

    def drain(self) -> None:
        """Drain the node: it finishes its jobs and accepts no more."""
        self.call("scontrol", "update", f"nodename={self.node}", "state=drain", "reason=test")

    def resume(self) -> None:
        """Let the node accept jobs again."""
        self.call("scontrol", "update", f"nodename={self.node}", "state=resume")

    def node_state(self) -> str:
        """The node's state, for example `idle`, `mixed` or `draining`; empty if the controller does not answer."""
        return self.call("sinfo", "--noheader", "--format=%T", check=False).strip()

    def jobs(self) -> list[dict[str, str]]:
        """Return all jobs since the cluster was started, the oldest first."""
        rows = self.call("squeue", "--noheader", "--states=all", "--sort=i", f"--format={'|'.join(COLUMNS.values())}")
        return [dict(zip(COLUMNS, row.split("|"), strict=True)) for row in rows.splitlines()]

    def call(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's clients against this cluster; return its output."""
        answer = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, **self.environment},
            check=False,
        )
        assert not check or answer.returncode == 0, f"{' '.join(command)}: {answer.stdout}"
        return answer.stdout

    def _launch(self, name: str, *options: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(
                [shutil.which(name, path=self.environment["PATH"]) or name, *options],
                stdout=out,
                stderr=out,
                env={**os.environ, **self.environment},
            )

    def _end(self, name: str) -> None:
        process = self._daemons.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(20)

    def _wait(self, condition, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            dead = [name for name, process in self._daemons.items() if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                said = "\n".join(
                    f"{path.name}: {path.read_text(errors='replace')[-2000:]}"
                    for path in [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
                )
                raise AssertionError(f"waited in vain until {what} (ended: {dead})\n{said}")
            time.sleep(0.1)


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
