"""Weights & Biases: offline by default, without account or telemetry; online for a bounded time, or else offline."""

from __future__ import annotations

import hashlib
import json
import logging
import netrc
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seedwise.basics.secrets import hide
from seedwise.tracking import TrackedRun, TrackerError, send_later
from seedwise.tracking.settings import WandbSettings

# Shares of the timeout; the rest is for starting again offline and for ending.
START_SHARE = 0.5
FINISH_SHARE = 0.35
PROBE_BYTES = 1 << 16


class WandbRun:
    """A run in W&B that takes a bounded time: if the server cannot be used, it is recorded offline."""

    def __init__(self, settings: WandbSettings, folder: Path, run_id: str, **described: Any) -> None:
        """Describe a run without starting it.

        Args:
            settings: of the study.
            folder: the study's, which holds wandb/.
            run_id: deterministic, so that a rerun replaces the run instead of adding one.
            described: further arguments of `wandb.init`.
        """
        self.id = run_id
        self.run: Any = None
        self.online = False
        self._settings, self._study_folder, self._described = settings, folder, described
        self._not_online = ""  # why a run that should be online is not

    def open(self) -> None:
        """Begin. If the server cannot be used, record the run offline; `close` says so."""
        # wandb's own log file is in the same folder: on a full disk, logging would print a traceback for each line.
        logging.raiseExceptions = False
        self._study_folder.mkdir(parents=True, exist_ok=True)
        remove_stale(self._study_folder, self.id)
        self.online = goes_online(self._settings)
        if self.online:
            try:
                self.run = self._init("online")
            except (Exception, SystemExit) as error:
                self.online, self._not_online = False, _reason(error)
                remove_stale(self._study_folder, self.id)
        if not self.online:
            self.run = self._init("offline")

    def _init(self, mode: str) -> Any:
        # Only the environment silences telemetry, because settings given to init() come too late.
        os.environ.update(quiet_environment(), WANDB_MODE=mode)
        import wandb

        chosen, hidden = self._settings, not self._settings.upload_code
        # Each run imports W&B's launcher of jobs to look for inputs from it, which takes half a second. None has any.
        setattr(wandb.Run, "_detect_and_apply_job_inputs", lambda _: None)  # noqa: B010 -- mypy refuses an assignment
        wandb.teardown()  # otherwise it keeps the mode of a first attempt
        return wandb.init(
            project=chosen.project,
            entity=chosen.entity,
            tags=chosen.tags or None,
            notes=chosen.notes,
            id=self.id,
            dir=self._study_folder,
            settings=wandb.Settings(
                console="off",
                disable_git=hidden,
                disable_code=hidden,
                save_code=not hidden,
                x_save_requirements=not hidden,
                init_timeout=START_SHARE * chosen.timeout,
                finish_timeout=FINISH_SHARE * chosen.timeout,
                finish_timeout_raises=True,
                x_disable_meta=hidden,
                x_disable_stats=True,
                x_disable_machine_info=True,
            ),
            **self._described,
        )

    @property
    def folder(self) -> Path:
        """The directory in which W&B keeps this run."""
        return Path(self.run.dir).parent

    def close(self, exit_code: int = 0) -> None:
        """End.

        Raises:
            TrackerError: the mirror is incomplete, or not where it should be.
        """
        folder = self.folder
        try:
            self.run.finish(exit_code=exit_code)
        except TimeoutError:
            kept = f"It is kept in {folder}."
            raise TrackerError(
                f"the server did not take all of this run in time. {kept} {send_later('sync_wandb')}"
            ) from None
        finally:
            _check_space(folder)
        if self._not_online:
            raise TrackerError(
                f"this run was recorded offline because W&B could not be used ({self._not_online}). "
                f"{send_later('sync_wandb')}"
            )
        if self.online:
            if refused := upload_error(folder):
                kept = f"It is kept in {folder}."
                raise TrackerError(
                    f"the server did not take all of this run ({refused}). {kept} {send_later('sync_wandb')}"
                )
            mark_sent(folder)


class WandbTracker:
    """Mirrors a run to W&B: per-epoch metrics as history, final ones under `final/…` in the summary."""

    name = "wandb"

    def __init__(self, settings: WandbSettings) -> None:
        self._settings = settings

    def start(self, run: TrackedRun) -> str:
        """Begin the W&B run."""
        chosen = self._settings
        self._wandb = WandbRun(
            chosen,
            run.folder,
            wandb_id(run),
            name=chosen.name.format(study=run.study, variant=run.variant, seed=run.seed),
            group=chosen.group or run.study,
            job_type=chosen.job_type,
            config={"study": run.study, "variant": run.variant, "seed": run.seed, "settings": dict(run.settings)},
        )
        self._wandb.open()
        return self._wandb.id

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log the metrics of one epoch, under their names in the settings."""
        names = self._settings.metric_names
        row = {"epoch": step, **metrics}
        self._wandb.run.log({names.get(key, key): value for key, value in row.items()}, step=step)

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Write final metrics explicitly, because W&B's own summary keeps whatever was logged last."""
        for key, value in summary.items():
            self._wandb.run.summary[f"final/{key}"] = value
        self._wandb.run.summary["status"] = status
        self._wandb.close(exit_code=0 if status == "finished" else 1)


def quiet_environment() -> dict[str, str]:
    """Return the environment in which wandb prints nothing and reports nothing about its use."""
    return {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true"}


def goes_online(settings: WandbSettings) -> bool:
    """Whether runs are to be sent while they train."""
    return settings.mode == "online" or (settings.mode == "auto" and key_is_there())


def key_is_there() -> bool:
    """Whether an API key is in the environment, or in netrc for the server."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    named = os.environ.get("NETRC")
    for file in [Path(named)] if named else [Path.home() / ".netrc", Path.home() / "_netrc"]:
        try:
            entry = netrc.netrc(str(file)).authenticators(host)
        except (OSError, netrc.NetrcParseError):
            continue
        if entry and entry[2]:
            return True
    return False


def wandb_id(run: TrackedRun) -> str:
    """Return the deterministic run id: 16 hex digits of study, variant, seed and settings."""
    text = "\0".join((run.study, run.variant, str(run.seed), run.settings_digest))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def remove_stale(folder: Path, run_id: str) -> None:
    """Remove what earlier runs of this id left, because `wandb sync` fails on a partial directory."""
    for pattern in (f"wandb/offline-run-*-{run_id}", f"wandb/run-*-{run_id}"):
        for stale in folder.glob(pattern):
            shutil.rmtree(stale, ignore_errors=True)


def mark_sent(folder: Path) -> None:
    """Mark a run's directory as sent, as `wandb sync` does."""
    for file in folder.glob("run-*.wandb"):
        file.with_name(f"{file.name}.synced").touch()


def upload_error(folder: Path) -> str | None:
    """Return the error that ended an upload, about which wandb itself says nothing; None if there is none."""
    try:
        lines = (folder / "logs" / "debug-internal.log").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("{") and '"filestream: fatal error' in line:
            return str(json.loads(line)["msg"]).removeprefix("filestream: fatal error: ").split(" url=")[0]
    return None


def _check_space(folder: Path) -> None:
    """Raise TrackerError if the disk is full, because wandb silently drops what it cannot write."""
    probe = folder / ".space"
    try:
        probe.write_bytes(bytes(PROBE_BYTES))
    except OSError as error:
        said = error.strerror or str(error)
        raise TrackerError(
            f"{folder} cannot be written ({said}), so W&B has only a part of this run. Free some space; to have all "
            "of it there, delete its record and run the study again."
        ) from None
    finally:
        probe.unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    """Write an error in one line, without the API key."""
    text = " ".join(str(error).split()).split(" Consider increasing")[0] or type(error).__name__
    return hide(text).rstrip(".")
