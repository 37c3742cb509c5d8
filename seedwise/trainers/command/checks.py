"""What no key of a study of a program can check alone: placeholders that exist, settings that variants may set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seedwise.basics.names import not_known, quote, unknown_key
from seedwise.basics.nested import flat
from seedwise.trainers.command.command_line import (
    ARGS,
    GIVEN,
    command_problems,
    null_problems,
    placeholders,
    split_command,
)
from seedwise.trainers.command.settings import flatten

Location = tuple[str | int, ...]
IMAGES = ("dataset", "model", "training")
RUNS = ("command", "function", "runs")


def program_problems(config: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Yield the location and the message of each problem; values may be raw, and those of a wrong type are passed over.

    Args:
        config: the whole config.
    """
    sections = [name for name in RUNS if config.get(name) is not None]
    for name in sections[1:]:
        yield (name,), f"found beside {sections[0]}; the runs of a study come from one of the two"
    if not sections or sections[0] == "runs":
        return
    section = sections[0]
    for name in IMAGES:
        if name in config:
            yield (name,), f"found beside {section}; {name} is a section of the image classifier: leave it out"
    program = config[section]
    if isinstance(program, str) and section == "function":
        program = {"call": program}
    if not isinstance(program, Mapping):
        return
    raw = flatten(program.get("settings", {}))
    settings = {str(key): value for key, value in raw.items()} if isinstance(raw, Mapping) else {}
    names = list(settings)
    yield from _named_twice((section, "settings"), program.get("settings"))
    words = _words(program.get("run")) if section == "command" else ("{settings}",)
    others = list(_texts([program.get(key) for key in ("results", "history", "scores", "env")]))
    if words:
        for message in command_problems(words, others, settings):
            yield (section, "run") if section == "command" else (section,), message
    yield from _resume_problems(section, program.get("resume"), names, program.get("isolate") is not None)
    for place, written in _overrides(config):
        yield from _named_twice(place, written)
        overrides = dict(flat(written))
        for key in overrides:
            if key not in settings:
                known = unknown_key(str(key), names) if names else f"unknown setting; declare it in {section}.settings"
                yield (*place, key), known
        for message in null_problems(words, others, {**settings, **overrides}):
            yield place, message


def _words(run: object) -> tuple[str, ...]:
    if not isinstance(run, str) and not (isinstance(run, (list, tuple)) and all(isinstance(word, str) for word in run)):
        return ()
    try:
        return split_command(run)
    except ValueError:
        return ()


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a nested value; keys are not texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key != "stdout":  # patterns, in which braces count repetitions
                yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def _named_twice(place: Location, settings: object) -> Iterator[tuple[Location, str]]:
    """Yield the settings that are there with a dot and nested, as in `{optim.lr: 0.1, optim: {lr: 0.2}}`."""
    for name, times in Counter(name for name, _ in flat(_mapping(settings))).items():
        if times > 1:
            yield place, f"{name} is set twice, once with a dot and once nested; remove one of the two"


def _overrides(config: Mapping[str, Any]) -> Iterator[tuple[Location, Mapping[Any, Any]]]:
    if config.get("factors") is not None:
        for factor, levels in _mapping(config["factors"]).items():
            for level, overrides in _mapping(levels).items():
                yield ("factors", factor, level), _mapping(overrides)
        return
    variants = config.get("variants")
    for index, variant in enumerate(variants if isinstance(variants, (list, tuple)) else ()):
        yield ("variants", index, "set"), _mapping(_mapping(variant).get("set"))


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _resume_problems(
    section: str, resume: object, names: Sequence[str], isolated: bool
) -> Iterator[tuple[Location, str]]:
    args, checkpoint = _mapping(resume).get("args", ""), _mapping(resume).get("checkpoint")
    known = [*names, *(name for name in GIVEN if name != ARGS)]
    if args and section == "function":
        yield (section, "resume", "args"), "a function takes no arguments; it finds the file as run.checkpoint"
    elif isinstance(args, str):
        for name in placeholders([args]):
            if name not in ("checkpoint", *known):
                yield (section, "resume", "args"), not_known(name, ["checkpoint", *known], "Placeholders")
    if isinstance(checkpoint, str):
        used = placeholders([checkpoint])
        place: Location = (section, "resume", "checkpoint")
        if "out" not in used and isolated and not checkpoint.startswith("/"):
            yield (
                place,
                f"found {quote(checkpoint)}, which goes with the copy of each attempt; write it below {{out}}",
            )
        elif "out" not in used and not {"variant", "seed"} <= set(used):
            remedy = "write it below {out}, or with {variant} and {seed} in its path"
            yield place, f"found {quote(checkpoint)}, which several runs would share; {remedy}"
        for name in used:
            if name not in known:
                yield place, not_known(name, known, "Placeholders")
