"""Where a report comes from: its study or table, its runs, when its plan was declared, and what made the numbers."""

from __future__ import annotations

from seedwise.basics.words import enumerate_words
from seedwise.report.model import Report
from seedwise.report.text.answers import runs_line
from seedwise.report.text.format import code, escape
from seedwise.report.wording import Wording

NAMED = 8
"""How many uncommitted files are named."""


def origin(report: Report) -> str:
    """The study and its config, or the table that was analysed."""
    if report.study is None:
        return f"From the table {code(report.config_file)}"
    return f"Study {code(report.study)} from {code(report.config_file)}"


def runs_and_seeds(report: Report) -> str:
    """How many runs there are, how they ended, and which seeds they have."""
    seeds = ", ".join(str(seed) for seed in report.seeds)
    planned = len(report.planned_seeds or report.seeds) if report.study else None
    line = runs_line([run.status for run in report.run_rows], len(report.variants), planned)
    return f"{line} {'Seeds' if len(report.seeds) > 1 else 'Seed'}: {seeds}."


def declared_when(report: Report) -> str:
    """When it was decided how to judge, with a link to the plan."""
    plan = f"(#{report.plan_title.lower().replace(' ', '-')}) {code(report.plan_hash)}"
    if report.study is None:
        text = f"How this is decided was given on the command line ([the plan]{plan})."
        return f"{text} {assumed_direction(report.wording)}" if report.direction_assumed else text
    if not report.declared_first:
        return f"[The plan]{plan} says how this is decided."
    return f"How to decide was written down before results existed: [the declared plan]{plan}."


def assumed_direction(wording: Wording) -> str:
    """That nobody said which way of the metric is better."""
    return f"That {wording.direction} was assumed from the name of the metric."


def plan_declared(report: Report) -> str:
    """Whether the plan is older than the results, as far as that is known; its hash follows."""
    if report.study is None:
        return (
            "Given on the command line; a table cannot show whether that was before the results were seen. Its hash is"
        )
    if report.pulled:
        return "From the config; runs recorded elsewhere cannot show whether it is older than they are. Its hash is"
    if report.exploratory:
        return "Not all of this was as it was declared before results existed: see the top. Its hash is"
    return "Written down before results existed; its hash is"


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
    if report.uncommitted:
        names = [code(name) for name in report.uncommitted[:NAMED]]
        more = len(report.uncommitted) - len(names)
        files = enumerate_words([*names, *([f"{more} more"] if more else [])])
        it = "it" if len(report.uncommitted) == 1 else "them"
        return (
            f"Commit {code(report.commit)} is not enough: it does not contain {files} as these runs used {it}. "
            f"Commit {it}, so that others can repeat this study; from the digests in the run records, "
            f"{code('seedwise status')} tells whether settings and code are the same."
        )
    return f"Commit {code(report.commit)}{', with uncommitted changes' if report.dirty else ''}."
