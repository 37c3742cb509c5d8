"""`seedwise watch`: a live page of a study while it runs."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedwise.watch.live import Live

DESCRIPTION = """\
Show a page in the browser that follows a study while it runs: which runs are finished, running,
failed or missing, how far they are, why they failed, and the time left. It only reads.

It shows no score and no verdict, because seeing them before the end is a look; `seedwise interim`
looks on purpose. The page is served to this machine only. The command ends with Ctrl-C, or by itself
a few minutes after every run has ended."""
EXAMPLE = """\
examples:
  seedwise watch study.yaml
  seedwise watch --port 8000             # always at the same port, for ssh -L 8000:127.0.0.1:8000
  seedwise watch --once progress.html    # the page as it is now, in a file"""
LINGER = 5.0
CHECK = 5.0


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(commands, "watch", "follow a study in the browser", DESCRIPTION, EXAMPLE)
    add_study(parser, last=True)
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port of the page; default: any free one")
    parser.add_argument("--once", type=Path, metavar="PATH", help="write the page to a file instead, and end")
    parser.add_argument("--no-open", action="store_true", help="open no browser; only print the address")
    parser.add_argument(
        "--linger",
        type=float,
        default=LINGER,
        metavar="MINUTES",
        help=f"how long to go on once every run has ended; default: {LINGER:g}",
    )
    parser.set_defaults(run=run, flags=["--port", "--once", "--no-open", "--linger", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Serve the page until the study has ended, or write it once.

    Raises:
        UserError: a mistake in the study, or the port cannot be used.
    """
    from seedwise.basics.errors import UserError
    from seedwise.commands import studies

    studies.require_posix()
    study = studies.find_study(arguments.study, "seedwise watch", last=True)
    from seedwise.watch.live import Live
    from seedwise.workflow.asked import read_asked

    folder = studies.RESULTS / studies.study_name(study)
    live = Live(lambda: read_asked(study), [study, folder / "looks.json"], studies.RESULTS)
    if arguments.once:
        if arguments.once.suffix in studies.SUFFIXES:
            raise UserError(
                f"--once {arguments.once}: the page would be written over a YAML file; name the page first: "
                f"seedwise watch --once progress.html {arguments.once}"
            )
        from seedwise.basics.files import write_text
        from seedwise.watch.page import render_snapshot

        shown = render_snapshot(live)
        try:
            write_text(arguments.once, shown)
        except OSError as error:
            raise UserError(f"--once {arguments.once}: {error.strerror or error}") from error
        print(arguments.once)
        return 0
    _serve(live, study, arguments)
    return 0


def _serve(live: Live, study: Path, arguments: argparse.Namespace) -> None:
    from seedwise.basics.interrupts import interrupt_imports_too
    from seedwise.commands.next_step import say_next, to
    from seedwise.commands.open_report import has_display
    from seedwise.watch.server import Server

    server = Server(live, arguments.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        interrupt_imports_too()  # from here on, Ctrl-C is the usual end
        print(f"Watching study {live.name} ({study}): {live.summary()}")
        print(f"  {server.address}")
        print(f"Ctrl-C ends it; {arguments.linger:g} minutes after every run has ended it ends by itself.", flush=True)
        if has_display() and not arguments.no_open:
            import webbrowser

            webbrowser.open(server.address)
        wait_for_end(live, 60 * arguments.linger)
        print(f"Study {live.name} has ended: {live.summary()}.", flush=True)
    except KeyboardInterrupt:
        print()
    finally:
        server.shutdown()
        server.server_close()
    say_next(to("open" if live.report() else "status", study))


def wait_for_end(live: Live, linger: float) -> None:
    """Return once every run has ended and nothing has changed for so many seconds."""
    pause = threading.Event()
    while not (live.has_ended() and live.quiet_seconds() >= linger):
        pause.wait(min(CHECK, max(linger, 1.0)))
