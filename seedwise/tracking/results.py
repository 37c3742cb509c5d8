"""A study's results as an artifact of one W&B run: results.md, the tables and the figures."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.tracking import TrackerError, send_later
from seedwise.tracking.settings import WandbSettings
from seedwise.tracking.sync import check_server, send_run
from seedwise.tracking.weights_and_biases import WandbRun, goes_online

ANALYSIS = "analysis"
SEND_SHARE = 0.8  # of the timeout


def analysis_id(study: str) -> str:
    """Return the id of a study's analysis run, of which there is one: new results replace the old."""
    return hashlib.sha256(f"{study}\0{ANALYSIS}".encode()).hexdigest()[:16]


def upload_results(settings: WandbSettings, study: str, folder: Path, files: Sequence[Path]) -> str:
    """Record files offline as an artifact of the study's analysis run, and send it if runs are sent; return its id.

    Args:
        settings: of the study.
        study: its name.
        folder: of the study; in the artifact the files have their paths relative to it.
        files: those to log.

    Raises:
        TrackerError: W&B does not have it; the message says why and how to send it later.
    """
    # An artifact's files wait here until they are sent; by default wandb keeps them in the user's home.
    waiting = (folder / "wandb" / "artifacts").resolve()
    shutil.rmtree(waiting, ignore_errors=True)  # left by the run that this one replaces
    os.environ.update(WANDB_DATA_DIR=str(waiting), WANDB_CACHE_DIR=str(waiting))
    session = WandbRun(
        settings.model_copy(update={"mode": "offline"}),
        folder,
        analysis_id(study),
        name=f"{study}-{ANALYSIS}",
        group=settings.group or study,
        job_type=ANALYSIS,
        config={"study": study},
    )
    session.open()
    import wandb

    artifact = wandb.Artifact(f"{study}-results", type="results", description=f"Results of the study {study}")
    for file in files:
        artifact.add_file(str(file), name=file.relative_to(folder).as_posix())
    session.run.log_artifact(artifact)
    session.close()
    if goes_online(settings):
        try:
            check_server()
            refused = send_run(session.folder, SEND_SHARE * settings.timeout)
        except UserError as error:
            refused = str(error)
        if refused:
            raise TrackerError(
                f"the results were recorded offline because W&B could not be used ({refused}). "
                f"{send_later('sync_wandb')}"
            )
    return session.id
