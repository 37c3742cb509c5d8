"""What a trial of `seedwise try` shows: where the numbers are, whether the seed counts, what the study will cost."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from seedwise.basics.files import write_text
from seedwise.basics.names import one_line, plain, quote
from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.commands.next_step import to
from seedwise.config.study import Study
from seedwise.trainers.command.command_line import placeholders
from seedwise.trainers.command.failure import last_lines
from seedwise.trainers.command.outputs.proposals import Proposal, is_finer
from seedwise.trainers.command.recognition import fixed_seed
from seedwise.trainers.command.trial import COARSE, Trial, Tried
from seedwise.workflow.cost import MEASURED, Measured, cost_of, size, time_of

_FAILED = 1
_PROPOSED, _LISTED, _LAST_LINES = 5, 4, 12
TIES = "Runs tie where a metric has few digits or few test examples; a finer metric, such as a loss, helps."


class Findings:
    """Prints what a trial shows."""

    def __init__(
        self,
        trial: Trial,
        study: Study,
        path: Path,
        scratch: Path,
        changed: bool,
        limit: float | None,
        cores: int | None,
        uncommitted: bool,
    ) -> None:
        assert study.program
        self.trial, self.study, self.program, self.path, self.scratch = trial, study, study.program, path, scratch
        self.changed, self.limit, self.cores, self.uncommitted = changed, limit, cores, uncommitted
        self.metric = study.analysis.metric
        self.section = "command" if study.command else "function"
        self.blocked = False

    def show(self) -> int:
        """Print all findings; return the exit status."""
        say("")
        failed = next((run for run in self.trial.runs if run.failed), None)
        if failed is not None:
            return self._failure(failed)
        for topic, lines in (
            ("Numbers", self._numbers()),
            ("Seed", self._seed()),
            ("Repeats", self._repeats()),
            ("Digits", self._digits()),
            ("Files", self._files()),
            ("Logged", self._logged()),
            ("Run", self._size()),
            ("Study", self._cost()),
        ):
            for position, line in enumerate(lines):
                say(f"{topic if position == 0 else '':<9}{line}")
        say("")
        if self.blocked:
            say(f"next: change the above in {self.path} or in the program, then: {to('try', self.path)}")
            return _FAILED
        if self.uncommitted:
            say(f"Note: {self.path} is not committed; commit it first, and the report can name one commit")
        cores = f" --cores {self.cores}" if self.cores else ""
        say(f"next: {to('run', self.path)}{cores}")
        return 0

    def _failure(self, failed: Tried) -> int:
        earlier = len(self.trial.runs) - 1
        which = (
            "The program failed"
            if not earlier
            else f"The program failed in run {earlier + 1} of {max(3, earlier + 1)}, not before"
        )
        say(f"{which}: {failed.done.reason}")
        lines = last_lines(failed.done.log, failed.done.log_start, _LAST_LINES)
        if lines:
            say(f"The end of its output, {shown_path(failed.done.log)}:")
            for line in lines:
                say(f"  | {line}")
        if earlier:
            say("Each run has a folder of its own, so it may depend on a file that the run before it left elsewhere.")
            for line in self._files():
                say(line)
        return _FAILED

    def _numbers(self) -> Iterator[str]:
        first = self.trial.first
        if first.done.timed_out:
            self.blocked = True
            limit = f"{self.limit:g} s"
            own = self.program.time_limit == self.limit
            longer = f"{self.section}: time_limit" if own else "--limit TIME, or --limit 0,"
            yield f"none yet: each run was stopped after {limit}, before its end. {longer} lets it go on;"
            yield "--set KEY=VALUE shortens a run if there is a setting of its length."
            if first.proposals:
                yield "So far it left:"
                yield from self._proposed(first)
            return
        if self.metric in first.metrics:
            others = [plain(name) for name in first.metrics if name != self.metric]
            yield f"{plain(self.metric)} {written(first.metrics[self.metric])}, {self._where()}"
            if others:
                yield f"also {shortened(others)}"
            if not _is_finite(first.metrics[self.metric]):
                self.blocked = True
                yield f"{plain(self.metric)} is not a number that can be compared: such a run counts as diverged"
        other_problems = first.problems
        if other_problems:
            self.blocked = True
            yield from other_problems
        if self.metric in first.metrics:
            return
        if not first.metrics and not first.problems:
            yield "The study does not say where they are (results:), and the program has not reported any itself."
        if not first.proposals:
            self.blocked = True
            yield "No numbers were found in {out} or in the output. Let the program report them, in one of these ways:"
            if self.section == "function":
                yield f"  return {{{plain(self.metric)!r}: value}} from the function"
            yield f"  import seedwise; seedwise.result({_keyword(self.metric)}=value)     at the end of the program"
            yield f"  print a line such as  {plain(self.metric)}: 0.9134"
            return
        self.blocked = True
        yield f"The program left these numbers. Paste the line of one below {self.section}: in {self.path}"
        if all(proposal.metric != self.metric for proposal in first.proposals):
            yield "and give its name to analysis.metric:"
        yield from self._proposed(first)

    def _proposed(self, run: Tried) -> Iterator[str]:
        shown = run.proposals[:_PROPOSED]
        width = max(len(f"{proposal.metric} {written(proposal.value)}") for proposal in shown)
        for proposal in shown:
            yield f"  {f'{proposal.metric} {written(proposal.value)}':<{width}}   {proposal.yaml}"
            if proposal.line:
                yield f"  {'':<{width}}   from the line {quote(proposal.line)}"
        if len(run.proposals) > len(shown):
            rest = [proposal.metric for proposal in run.proposals[len(shown) :]]
            more = f", … ({len(rest)} more)" if len(rest) > _LISTED else ""
            yield f"  also {', '.join(rest[:_LISTED])}{more}"

    def _where(self) -> str:
        sources = self.program.results
        if not sources or all(isinstance(source, str) for source in sources):
            return "reported by the program ($SEEDWISE_RESULTS)"
        kinds = [
            f"from {source.kind}{f' {source.path}' if source.path else ''}"
            for source in sources
            if not isinstance(source, str)
        ]
        return " and ".join(kinds).replace("from stdout", "from its output")

    def _seed(self) -> Iterator[str]:
        trial = self.trial
        if trial.again is None or trial.other is None or not trial.judged:
            yield "not compared, because there are no numbers yet"
            self.blocked = True
            return
        one, two = trial.first, trial.other
        name = trial.judged[0]
        pair = self._pair(one, two, name)
        so_far = " so far" if one.done.timed_out else ""
        if trial.seed == "arrives":
            yield f"it changes the numbers: {self._by_seed(name)}{so_far}"
            if trial.third is not None:
                yield TIES
        elif trial.seed == "arrives unseen":
            what = self._named(name)
            # A name may stand for two numbers of the output.
            others = [other for other in map(self._named, trial.shown_by) if other != what]
            how = f"{others[0] if others else 'its output'} differs with it"
            yield f"it reaches the program ({how}), but {what} is the same to the last digit: {pair}{so_far}."
            if not others and trial.trace:
                yield f"With seed {two.seed}, {trial.trace}."
            yield TIES
        elif trial.seed == "unknown":
            if not trial.finite:
                yield f"not known: {self._named(name)} is {pair}"
            elif trial.repeats is None:
                yield "not known: no number can be compared in all three runs"
            else:
                yield "not known: even the same seed gives different numbers, so that the difference between seeds"
                yield f"{one.seed} and {two.seed} ({pair}) may not come from the seed"
        elif trial.seed == "coarse":
            self.blocked = True
            yield f"not known: {self._by_seed(name)}, with too few digits to see a difference"
            yield from self._seed_advice()
        else:
            self.blocked = True
            seeds = enumerate_words([str(run.seed) for run in (one, *trial.others)])
            times = {1: "twice", 2: "three times"}[len(trial.others)]
            value = f"{self._value(one, name)} {times}{so_far}"
            yield f"IT IS IGNORED: seeds {seeds} give the same to the last digit ({value}), in all that the"
            yield "program prints and writes, apart from times and paths."
            yield from self._seed_advice()

    def _seed_advice(self) -> Iterator[str]:
        if self.section == "function":
            yield "The function gets the seed as its second argument: set the seeds of all random generators with it."
            return
        settings = self.study.program_settings(self.study.analysis.baseline)
        if "seed" in placeholders([*settings.words, *settings.env.values()]):
            yield "The command passes {seed}, so look where the program sets its seed: it may be fixed in the code."
        elif fixed := fixed_seed(settings.words):
            yield f"The command fixes it: {fixed.written}. Write {fixed.rewritten} there instead."
        else:
            yield "The command has no {seed}: add the option that takes it, such as --seed {seed}, or let the program"
            yield 'read it: int(os.environ["SEEDWISE_SEED"])'

    def _repeats(self) -> Iterator[str]:
        trial = self.trial
        if trial.again is None or trial.repeats is None or not trial.judged:
            return
        seed, name = trial.first.seed, trial.judged[0]
        if trial.repeats:
            yield f"yes: seed {seed} twice gives the same {self._named(name)} to the last digit"
            return
        yield f"no: seed {seed} twice gives {self._pair(trial.first, trial.again, name)}{self._apart(name)}"
        yield "This is allowed. But then pairing by seed gains less, and no number can be checked by running it again."

    def _digits(self) -> Iterator[str]:
        trial = self.trial
        digits = trial.digits
        if digits is None or trial.first.done.timed_out:
            return
        if digits <= COARSE:
            what = self._named(trial.judged[0])
            count = quantity(digits, "significant digit")
            yield f"few: {what} has {count}, so different runs can give the same number."
            finer = self._finer(trial.judged[0])
            if finer:
                yield f"{shown_path(Path(finer.where))} has more: {finer.yaml}"
            elif self._is_from_file(trial.judged[0]):
                yield "A file usually has all of them; with few test examples a finer metric, such as a loss, helps."
            else:
                yield "Print or save it with full precision; a count such as 9914/10000 can be read as a ratio."

    def _finer(self, name: str) -> Proposal | None:
        """Return where the deciding number has more digits than where the study reads it."""
        first = self.trial.first
        value, what = first.numbers.get(name, math.nan), self._named(name)
        found = (one for one in first.proposals if one.metric == what and not one.line and is_finer(one, value))
        return next(found, None)

    def _is_from_file(self, name: str) -> bool:
        """Whether the deciding number is read from a file, which usually has all its digits."""
        found = [proposal for proposal in self.trial.first.proposals if proposal.yaml == name]
        if found:
            return not found[0].line
        sources = self.program.results or ()
        return bool(sources) and all(not isinstance(source, str) and source.kind != "stdout" for source in sources)

    def _files(self) -> Iterator[str]:
        trial = self.trial
        if self.program.isolate:
            yield "each run has a copy of the code as its working folder"
        if trial.shared:
            files = shortened(trial.shared)
            yield f"each run writes {files} into the program's own folder: runs at the same time would"
            yield "overwrite and read each other's. Let it write to {out}, or give each run a copy of the code:"
            yield f"{self.section}: isolate: copy"
        elif trial.once:
            yield f"the first run wrote {shortened(trial.once)} into the program's own folder, the others did not,"
            yield "as with a download or a cache"
        outside = sorted({name for run in trial.runs for name in run.outside} - self._inside())
        if outside:
            yield f"it writes outside of {{out}}: {shortened(outside)}"
        if not (trial.shared or trial.once or outside or self.program.isolate):
            yield "it writes nothing outside of {out} that was noticed"

    def _inside(self) -> set[str]:
        """Return files in the program's folder that were noticed there already."""
        folder = self.path.absolute().parent / self.program.folder
        names = [*self.trial.shared, *self.trial.once]
        return {os.path.normpath(folder / name) for name in names} | {str((folder / name).resolve()) for name in names}

    def _logged(self) -> Iterator[str]:
        first = self.trial.first
        if first.steps:
            asked = "" if self.program.history else f"; {self.section}: history: logged puts them into the report"
            yield f"a history of {first.steps} steps{asked}"

    def _size(self) -> Iterator[str]:
        runs = self.trial.runs
        memory = max((run.memory for run in runs if run.memory), default=None)
        parts = [f"about {time_of(self._seconds())}"] if not runs[0].done.timed_out else [f"more than {self.limit:g} s"]
        if memory:
            parts.append(f"{size(memory)} of memory at the peak")
        parts.append(f"{size(max(run.written for run in runs))} on disk")
        yield f"{', '.join(parts)}{', with the settings of this trial' if self.changed else ''}"

    def _seconds(self) -> float:
        return sum(run.done.seconds for run in self.trial.runs) / len(self.trial.runs)

    def _cost(self) -> Iterator[str]:
        runs = self.trial.runs
        if runs[0].done.timed_out:
            count = quantity(len(self.study.runs()), "run")
            yield f"{count}; how long it takes is not known before one has ended"
            return
        if self.changed:
            yield "not known: with --set, a run does not take as long as one of the study; try it without"
            return
        memory = max((run.memory for run in runs if run.memory), default=None)
        measured = Measured(self._seconds(), memory, max(run.written for run in runs))
        write_text(self.scratch / MEASURED, measured.to_json())
        yield from cost_of(self.study, measured, self.cores)

    def _pair(self, one: Tried, two: Tried, name: str) -> str:
        first, second = self._value(one, name), self._value(two, name)
        return f"{first} and {second}" if first != second else f"{first} twice"

    def _by_seed(self, name: str) -> str:
        """Say which number each seed gives."""
        one, *others = self.trial.first, *self.trial.others
        if len(others) == 1:
            return f"seeds {one.seed} and {others[0].seed} give {self._pair(one, others[0], name)}"
        seeds = enumerate_words([str(run.seed) for run in (one, *others)])
        if len({self._value(run, name) for run in (one, *others)}) == 1:
            return f"seeds {seeds} give {self._value(one, name)} three times"
        return f"seeds {seeds} give {enumerate_words([self._value(run, name) for run in (one, *others)])}"

    @staticmethod
    def _value(run: Tried, name: str) -> str:
        if name in run.numbers:
            return written(run.numbers[name])
        return "nothing"

    def _named(self, name: str) -> str:
        """Return what to call a number that is known by its metric's name, or by how it is read."""
        found = [proposal.metric for run in self.trial.runs for proposal in run.proposals if proposal.yaml == name]
        return found[0] if found else name

    def _apart(self, name: str) -> str:
        trial = self.trial
        if trial.again is None or trial.first.done.timed_out:
            return ""
        values = [run.numbers.get(name) for run in (trial.first, trial.again, trial.other) if run is not None]
        if len(values) < 3 or any(value is None or not _is_finite(value) for value in values):
            return ""
        one, again, other = (value for value in values if value is not None)
        return f", {abs(one - again):.3g} apart; with another seed {abs(one - other):.3g}"


def say(text: str) -> None:
    """Print a line at once."""
    print(one_line(text), flush=True)


def shown_path(path: Path) -> str:
    """Write a path as seen from here."""
    return os.path.relpath(path)


def written(value: float) -> str:
    """Write a number with all its digits."""
    return repr(int(value)) if value == value and abs(value) < 1e15 and value == int(value) else repr(value)


def _is_finite(value: float | None) -> bool:
    return value is not None and value - value == 0


def _keyword(metric: str) -> str:
    return metric if metric.isidentifier() else "my_metric"


def end_of(tried: Tried, metric: str) -> str:
    """Return how a run ended, after what time and with which number."""
    time = time_of(tried.done.seconds)
    if tried.failed:
        return f"failed after {time}"
    if tried.done.timed_out:
        return f"stopped after {time}"
    if metric in tried.metrics:
        return f"{time}, {metric} {written(tried.metrics[metric])}"
    if tried.metrics:
        name, value = next(iter(tried.metrics.items()))
        return f"{time}, {name} {written(value)}"
    if tried.proposals:
        return f"{time}, {tried.proposals[0].metric} {written(tried.proposals[0].value)}"
    return time
