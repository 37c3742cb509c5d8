"""Whether a study's function can be imported, asked of the interpreter that will call it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.trainers.command.request import Request, command_of, program_variables

_LONGEST = 300.0


def check_import(request: Request) -> None:
    """Import the function of a study as its run does, without calling it.

    Args:
        request: a run of it.

    Raises:
        UserError: it cannot be imported.
    """
    call = request.settings.words[3]
    words = [*command_of(request, None)[0][:-1], "--check"]
    try:
        done = subprocess.run(
            words,
            cwd=request.there.folder,
            env=program_variables(request, None, Path(request.there.folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"function: {call} could not be imported within {_LONGEST:.0f} s") from None
    except OSError as error:
        raise UserError(f"function: {words[0]} cannot be started ({error.strerror or error})") from error
    if done.returncode:
        lines = [line.strip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
        why = lines[-1] if lines else f"exit status {done.returncode}"
        raise UserError(
            f"function: {call} cannot be imported in {request.there.folder}: {why}. It is imported there, with "
            f"the packages of {request.there.environment.words or words[0]}"
        )
