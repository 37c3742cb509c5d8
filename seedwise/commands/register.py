"""`seedwise register`: registers a study alone, before its first run, and anchors its ledger in a git tag."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError

if TYPE_CHECKING:
    from seedwise.config.study_file import StudyFile
    from seedwise.registration.ledger import Entry, Ledger

DESCRIPTION = """\
Register a study before its first run: its plan, variants, seeds, settings and code go into the ledger
results/<study>/registration.jsonl, to which lines are only added. `seedwise run` does it by itself; this
command does it alone and earlier. --tag puts the ledger's hash into a git tag: push it, and others can
tell that nothing was rewritten later. Nothing is run."""
EXAMPLES = """\
examples:
  seedwise register study.yaml
  seedwise register study.yaml --tag                 the tag seedwise/<study>/<hash>
  seedwise register study.yaml --tag submission-1"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(commands, "register", "register a study before its first run", DESCRIPTION, EXAMPLES)
    add_study(parser)
    parser.add_argument("--tag", metavar="NAME", nargs="?", const=True, help="anchor the ledger in a git tag")
    parser.set_defaults(run=run, flags=["--tag", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Register a study, and say what that means.

    Raises:
        UserError: a mistake in the study, or the tag cannot be made.
    """
    from seedwise.commands import studies
    from seedwise.commands.next_step import say_next, to

    studies.require_posix()
    if isinstance(arguments.tag, str) and arguments.study is None and arguments.tag.endswith(studies.SUFFIXES):
        raise UserError(f"--tag {arguments.tag}: the study comes first: seedwise register {arguments.tag} --tag")
    study = studies.find_study(arguments.study, "seedwise register")
    from seedwise.registration.change import coming_change
    from seedwise.registration.ledger import read_ledger
    from seedwise.registration.register import register
    from seedwise.workflow.asked import read_asked

    asked = read_asked(study)
    if arguments.tag:
        _refuse_uncommitted(study)
    folder = asked.study.folder()
    change = coming_change(folder, asked)
    before = read_ledger(folder).registration()
    ledger = register(folder, asked)
    print("\n".join(_said(folder, ledger, before)))
    if change.warning:
        print(f"Caution: {change.warning}")
    if arguments.tag:
        name = arguments.tag if isinstance(arguments.tag, str) else None
        print("\n".join(_tagged(asked, ledger, name)))
    say_next(to("run", study))
    return 0


def _said(folder: Path, ledger: Ledger, before: Entry | None) -> Iterator[str]:
    from seedwise.basics.words import quantity
    from seedwise.registration.facts import in_words
    from seedwise.registration.ledger import NAME
    from seedwise.registration.results import count, known_results

    entry = ledger.registration()
    assert entry
    content = entry.content
    known = count(known_results(ledger, entry.number))
    when = f"when {quantity(known, 'run')} had a result" if known else "before any result"
    again = "already registered" if before and before.hash == entry.hash else "registered"
    yield f"{content['study']}: {again} on {in_words(entry.at)}, {when}"
    runs = [quantity(len(content["variants"]), "variant")]
    if content["seeds"]:
        runs.append(quantity(len(content["seeds"]), "seed"))
    yield f"Plan      {content['plan_hash']}: {' × '.join(runs)}, {content['analysis']['metric']}"
    yield f"Line      {entry.number + 1} of {folder / NAME}"
    yield f"Hash      {ledger.entries[-1].hash}"
    for fault in ledger.faults:
        yield f"Caution: {folder / NAME}: {fault}"


def _refuse_uncommitted(study: Path) -> None:
    """Refuse to tag a commit without the study, before anything is written: a tag stays where it is.

    Raises:
        UserError: there is no repository, git refuses, or its commit does not have the study as it is now.
    """
    from seedwise.basics.git import GitError, repository
    from seedwise.runs.commit import not_committed

    try:
        top = repository(Path())
    except GitError as error:
        raise UserError(f"--tag: {error}") from error
    if top is None:
        raise UserError("--tag: this folder is in no git repository; make one (git init), and commit the study first")
    lacking = not_committed(Path(), [study])
    if lacking is None:
        raise UserError(f"--tag: there is no commit here yet that a tag could name; commit {study} first")
    if lacking:
        raise UserError(f"--tag: the last commit does not have {study} as it is now; commit it, and tag then")


def _tagged(asked: StudyFile, ledger: Ledger, name: str | None) -> Iterator[str]:
    """Make the tag, and yield what it is worth.

    Raises:
        UserError: git refuses.
    """
    from seedwise.basics.git import GitError
    from seedwise.registration.tags import default_name, make_tag, tags_of

    head, registration = ledger.entries[-1], ledger.registration()
    assert registration
    named = asked.study.study
    there = [tag for tag in tags_of(Path(), named) or () if tag.head == head.hash and name in (None, tag.name)]
    if there:
        yield f"Tag       {there[0].name} has this hash already"
        return
    name = name or default_name(named, head)
    try:
        make_tag(Path(), name, named, registration.content["plan_hash"], head)
    except GitError as error:
        raise UserError(f"--tag {name}: {error}") from error
    yield f"Tag       {name}; send it to others: git push origin {name}"
