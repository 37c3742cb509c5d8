"""The draft of a study, written from the command line of a program: commented, and valid as it is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

import yaml

from seedwise.basics.names import plain
from seedwise.config.reading import load_study
from seedwise.config.study import DRAFT_METRIC
from seedwise.trainers.command.command_line import Scalar
from seedwise.trainers.command.recognition import Recognised, program_length

_LINE = 110
_SAFE = re.compile(r"[\w@%+=:,./{}~-]+", re.ASCII)
_LIKELY = ("lr", "learning_rate", "dropout", "weight_decay", "alpha", "momentum", "temperature", "beta", "gamma")
"""Settings that are often compared."""
_EFFORT = re.compile(
    r"epoch|step|iter|worker|port|interval|every|freq|thread|jobs|rank|seed|log|gpu|device", re.IGNORECASE
)


def draft_study(
    found: Recognised, given: Sequence[str], *, study: str, folder: str, metric: str | None, lower_is_better: bool
) -> str:
    """Write the YAML of a study.

    Args:
        found: what was recognised in the command line.
        given: the command line.
        study: name of the study.
        folder: where the program runs, relative to the file.
        metric: name of the metric that decides; None if it is not known yet.
        lower_is_better: its direction.

    Raises:
        ConfigError: the name is not one that a study can have.
    """
    program = program_name(given)
    lines = [
        "# A study of a program, drafted by `seedwise init` from this command line:",
        f"#   {plain(shlex.join(given))}",
        "# Edit what is marked EDIT. `seedwise check` then shows what would be run, and what is wrong with this file.",
        f"study: {_yaml(study)}  # its results go to results/{study}/",
        f"title: {_yaml(f'Variants of {program}')}  # EDIT: heading of the report",
        "",
        "command:",
        *_command(found),
        *_settings(found),
        f"  folder: {_yaml(folder)}  # where the program runs, relative to this file",
        '  # code: ["*.py", "src/**/*.py"]  # files that decide its numbers; default: what it imports, other sources',
        *_data(found),
        *_results(),
        "",
        "variants:  # what is compared",
        "  - {name: baseline}  # your command line as it was",
        *_example(found.settings),
        f"seeds: {_yaml([found.first_seed + more for more in range(3)])}  # a run of each variant with each; "
        "more of them detect smaller differences",
        "",
        "analysis:",
        f"  metric: {_yaml(metric or DRAFT_METRIC)}  # {'' if metric else 'EDIT: '}the number that decides, by the "
        "program's name for it",
        f"  higher_is_better: {_yaml(not lower_is_better)}  # "
        + ("" if lower_is_better else "EDIT: ")
        + "false for a loss or an error",
        "  baseline: baseline  # all others are compared with it",
        "  # pairing: seed  # right where runs of one seed share what it draws (split, initial weights, order of data)",
        "  # and so rise and fall together: fewer seeds are then enough. Decide before the first run.",
    ]
    text = "\n".join(lines) + "\n"
    load_study(yaml.safe_load(text))
    return text


def program_name(given: Sequence[str]) -> str:
    """Return what to call the program of a command line: its script or module, without the interpreter."""
    named = given[: program_length(given)]
    readable = [word for word in named if re.fullmatch(r"[\w./-]+", word) and not word.startswith("-")]
    return (readable or ["a program"])[-1].rsplit("/", 1)[-1]


def _command(found: Recognised) -> list[str]:
    seed = found.seed
    comments = [f"  # {{name}} stands for a setting below{', {seed} for the seed of the run' if seed else ''}"]
    comments[0] += ", {out} for a folder of the run's own." if found.outputs else "."
    if seed is None:
        comments += [
            "  # EDIT: no option takes the seed. Add one here (--seed {seed}), or let the program read it from the",
            '  # environment: int(os.environ["SEEDWISE_SEED"]). Otherwise all seeds give the same numbers.',
        ]
    if not found.outputs:
        comments.append(
            "  # What the program writes belongs in {out}, also known as $SEEDWISE_OUT: add it if an option takes it."
        )
    if found.flags:
        flag = plain(found.flags[0])
        comments += [
            f"  # Every variant passes {', '.join(map(plain, found.flags))}. To let variants switch {flag}, write",
            "  # {args} in place of all options: it passes each setting as --name value, and the setting",
            f"  # {flag.lstrip('-')}: true as {flag}.",
        ]
    return [*comments, *_run(found.words)]


def _run(words: Sequence[str]) -> list[str]:
    if not all(word.isprintable() for word in words):
        return [f"  run: {_yaml(list(words))}"]
    quoted = [word if _SAFE.fullmatch(word) else shlex.quote(word) for word in words]
    line = " ".join(quoted)
    if len(line) <= _LINE and ": " not in line and " #" not in line:
        return [f"  run: {_block(line)}"]
    rows: list[str] = []
    for word in quoted:  # folded: a line break stands for a space
        if rows and len(rows[-1]) + len(word) < _LINE:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    if any(row != row.strip() for row in rows) or "  " in line:
        return [f"  run: {_yaml(list(words))}"]
    return ["  run: >-", *(f"    {row}" for row in rows)]


def _settings(found: Recognised) -> list[str]:
    if not found.settings:
        return ["  # settings: {lr: 0.001}  # EDIT: what variants can change, each with a {name} in the command"]
    lines = ["  settings:  # the defaults, as you gave them; a variant may change any of them"]
    for name, value in found.settings.items():
        note = (
            "  # EDIT: a second seed; is it to stay fixed? Otherwise write {seed} above"
            if name in found.other_seeds
            else ""
        )
        lines.append(f"    {_yaml(name)}: {_yaml(value)}{note}")
    return lines


def _data(found: Recognised) -> list[str]:
    note = "# files that it reads; a change of them repeats all runs"
    return [f"  data: {_yaml(list(found.data))}  {note}" if found.data else f"  # data: [data/train.txt]  {note}"]


def _results() -> list[str]:
    return [
        '  # results: {json: "{out}/final.json"}  # where its numbers are: `seedwise try` finds them and proposes this',
        "  # line. Without it the program reports them itself: import seedwise; seedwise.result(accuracy=0.93)",
    ]


def _example(settings: dict[str, Scalar]) -> list[str]:
    if not settings:
        return ["  - {name: changed}  # EDIT: once there are settings: {name: higher-lr, set: {lr: 0.003}}"]
    name = min(settings, key=lambda name: _rank(name, settings[name]))
    value = _changed(settings[name])
    same = value == settings[name]
    what = "another value; this one is the baseline's" if same else "what you want to know, and its name"
    return [f"  - {{name: changed, set: {{{_yaml(name)}: {_yaml(value)}}}}}  # EDIT: {what}"]


def _rank(name: str, value: Scalar) -> tuple[object, ...]:
    last = name.lower().replace("-", "_").rsplit(".", 1)[-1]
    kind = [float, int, bool, str].index(type(value))
    return (bool(_EFFORT.search(name)), kind > 1, _LIKELY.index(last) if last in _LIKELY else len(_LIKELY), kind)


def _changed(value: Scalar) -> Scalar:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 2 or 1
    if isinstance(value, float):
        return float(f"{value / 2 if 0.05 < abs(value) < 1 else value * 3:.3g}") or 0.1
    return value


def _block(text: str) -> str:
    """Write a text as a value outside of braces and brackets."""
    return _dumped(text, default_flow_style=False).removesuffix("...\n").strip()


def _yaml(value: object) -> str:
    """Write a value as it stands between brackets or braces."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return _dumped([value], default_flow_style=True).strip()[1:-1]


def _dumped(value: object, default_flow_style: bool) -> str:
    # Left as they are, some line breaks and control characters would not be read again.
    readable = all(str(inner).isprintable() for inner in (value if isinstance(value, list) else [value]))
    return str(
        yaml.safe_dump(
            value, default_flow_style=default_flow_style, sort_keys=False, width=10**6, allow_unicode=readable
        )
    )
