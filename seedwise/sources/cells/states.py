"""How a run ended, in the words of the tools that record it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

State = Literal["finished", "diverged", "failed", "running"]
STATES: tuple[State, ...] = ("finished", "diverged", "failed", "running")

_WORDS: dict[State, str] = {
    "finished": "finished finish complete completed success successful succeeded done ok passed terminated ended true",
    "diverged": "diverged nan exploded",
    # A run that was cut off, and one that a scheduler stopped because it looked bad, have no result that counts.
    "failed": "failed fail failure crashed crash error errored killed aborted abort cancelled canceled timeout "
    "timed_out "
    "out_of_memory oom node_fail boot_fail deadline interrupted preempted stopped pruned skipped lost revoked false",
    "running": "running run pending preempting scheduled queued waiting unfinished in_progress started created active "
    "paused suspended requeued resizing configuring completing submitted",
}
MEANING: Mapping[str, State] = {word: state for state, words in _WORDS.items() for word in words.split()}
COLUMNS = ("status", "state", "run_status", "run_state", "trial_state", "job_status", "job_state", "done")
"""Names of a column that says how runs ended, in lower case with _ for blanks."""
HINTS = frozenset(
    """
    exit_code exitcode exit_status returncode return_code outcome finished completed complete crashed failed is_finished
    is_complete is_failed failure error error_message error_type exception traceback lifecycle_stage result_status
    run_outcome final_state final_status progress_status stop_reason termination zustand etat estado
    """.split()  # noqa: SIM905 - one list of words
)
"""Other names, in the same form, of a column that may say it."""
GRAVEST: tuple[State, ...] = ("running", "diverged", "failed", "finished")
"""Which word counts where several columns have one: the first of these."""


_FAILURES = frozenset({"crashed", "failed", "is_failed", "failure", "error", "errored"})
_CODES = frozenset({"exit_code", "exitcode", "exit_status", "returncode", "return_code"})


def meaning(word: str, own: Mapping[str, State], column: str = "") -> State | None:
    """Return what a word says, by the user's own meanings first; None if it is not known.

    Args:
        word: the text of a cell.
        own: what words mean, as the user says.
        column: its name, in lower case with _ for blanks; in `crashed` true means the opposite of what it means in
            `done`, and in `exit_code` 0 is the word for a run that ended well.
    """
    if word in own:
        return own[word]
    if column in _FAILURES and word.lower() in ("true", "false", "yes", "no"):
        return "failed" if word.lower() in ("true", "yes") else "finished"
    if column in _CODES and word.removeprefix("-").removesuffix(".0").isdecimal():
        return "finished" if word in ("0", "0.0") else "failed"
    simple = word.strip().lower().replace(" ", "_").replace("-", "_")
    simple = simple.rsplit(".", 1)[-1]  # Optuna writes TrialState.COMPLETE
    if simple.startswith("cancelled_by"):  # sacct of Slurm: CANCELLED by 1000
        simple = "cancelled"
    return MEANING.get(simple)
