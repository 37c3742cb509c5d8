"""Where a report comes from: its study or table, its runs, when its plan was declared, and what made the numbers."""

from __future__ import annotations

from seedwise.basics.words import capital, enumerate_words, quantity, ranges
from seedwise.report.model import Report
from seedwise.report.text import sentences
from seedwise.report.text.answers import runs_line
from seedwise.report.text.format import code, escape
from seedwise.report.text.registration_section import registered_when
from seedwise.report.wording import Wording

NAMED = 8
"""How many uncommitted files are named."""
SEEDS = 12
"""How many seeds are listed one by one."""
RANGES = 20
"""How many ranges of seeds, where they are more."""


def origin(report: Report) -> str:
    """The study and its config, or the table that was analysed."""
    if report.study is None:
        return f"From the table {code(report.config_file)}"
    return f"Study {code(report.study)} from {code(report.config_file)}"


def runs_and_seeds(report: Report) -> str:
    """How many runs there are, how they ended, and which seeds they have."""
    listed = ", ".join(map(str, report.seeds)) if len(report.seeds) <= SEEDS else ranges(report.seeds, RANGES)
    planned = len(report.planned_seeds or report.seeds) if report.study else None
    line = runs_line([run.status for run in report.run_rows], len(report.variants), planned)
    return f"{line} {'Seeds' if len(report.seeds) > 1 else 'Seed'}: {escape(listed)}."


def decided_by(report: Report, anchor: str) -> str:
    """What decides, and since when, in one line for a methods section; empty where nothing is compared.

    `anchor` is where the page has the plan.
    """
    tests = sentences.decided_by(report.comparison_rows, report.wording)
    return f"{capital(tests)}. {_declared_when(report, anchor)}" if tests else ""


def _declared_when(report: Report, anchor: str) -> str:
    """When it was decided how to judge, with a link to the plan."""
    plan = f"(#{anchor}) {code(report.plan_hash)}"
    if report.study is None:
        text = f"How this is decided was given on the command line ([the plan]{plan})."
        return f"{text} {assumed_direction(report.wording)}" if report.direction_assumed else text
    when = registered_when(report.registration)
    if not report.declared_first:
        return f"[The plan]{plan} says how this is decided. It was {when}."
    return f"How to decide was {when}: [the declared plan]{plan}."


def assumed_direction(wording: Wording) -> str:
    """That nobody said which way of the metric is better."""
    return f"That {wording.direction} was assumed from the name of the metric."


def plan_declared(report: Report) -> str:
    """Whether the plan is older than the results, as far as that is known; its hash follows."""
    if report.study is None:
        return (
            "Given on the command line; a table cannot show whether that was before the results were seen. Its hash is"
        )
    when = capital(registered_when(report.registration))
    if report.pulled:
        return f"{when}; runs recorded elsewhere cannot show whether it is older than they are. Its hash is"
    if report.exploratory:
        return f"{when}; why nothing here confirms it is said at the top. Its hash is"
    return f"{when}; its hash is"


def provenance(report: Report) -> str:
    """The commit and the versions that made the runs; empty for a table, of which they are not known."""
    if report.study is None:
        return ""
    commit = _commit(report)
    versions = ", ".join(f"{escape(name)} {escape(version)}" for name, version in report.versions.items())
    return f"{commit} Versions: {versions}." if versions else commit


def _commit(report: Report) -> str:
    if not report.commit:
        return "Not made from a git commit."
    if report.whole_commit:
        made = f"the runs were made from {_made_from(report)}"
        before = f", before {_uncommitted(report)} {_was(report)} committed" if report.uncommitted else ""
        return f"Commit {code(report.whole_commit)} contains the study and its code as used here; {made}{before}."
    if report.uncommitted:
        it = "it" if len(report.uncommitted) == 1 else "them"
        made = f"The runs were made from {_made_from(report)}. " if len(report.commits) > 1 else ""
        lacks = f"it does not contain {_uncommitted(report)} as these runs used {it}"
        return (
            f"{made}Commit {code(report.commit)} is not enough: {lacks}. "
            f"Commit {it}, so that others can repeat this study; {code('seedwise report')} then names that commit. "
            f"From the digests in the run records, {code('seedwise status')} tells whether settings and code are "
            "the same."
        )
    changed = ", with uncommitted changes" if report.dirty else ""
    if len(report.commits) > 1:
        return f"Made from {_made_from(report)}{changed}."
    return f"Commit {code(report.commit)}{changed}."


def _made_from(report: Report) -> str:
    """Name the commits of the runs, with the number of runs where there are several."""
    commits = report.commits or {str(report.commit): 1}
    if len(commits) == 1:
        return f"commit {code(next(iter(commits)))}"
    named = [f"{code(commit)} ({quantity(count, 'run')})" for commit, count in list(commits.items())[:NAMED]]
    more = len(commits) - len(named)
    return f"commits {enumerate_words([*named, *([f'{more} more'] if more else [])])}"


def _uncommitted(report: Report) -> str:
    names = [code(name) for name in report.uncommitted[:NAMED]]
    more = len(report.uncommitted) - len(names)
    return enumerate_words([*names, *([f"{more} more"] if more else [])])


def _was(report: Report) -> str:
    return "was" if len(report.uncommitted) == 1 else "were"
