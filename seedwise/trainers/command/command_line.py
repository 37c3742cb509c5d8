"""The command line of a run: a template that is split into words first and filled in afterwards.

Because of this order, no value can add a word, close a quote or start another command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from seedwise.basics.names import not_known, quote

Scalar = bool | int | float | str | None
Value = Scalar | tuple[Scalar, ...]
Settings = Mapping[str, Value]
Style = Literal["--key value", "--key=value", "key=value"]
Booleans = Literal["flag", "no-flag", "value"]
STYLE: Style = "--key value"
BOOLEANS: Booleans = "flag"

ARGS = "args"
GIVEN = ("seed", "out", "variant", "study", "threads", "settings", ARGS)
"""Placeholders that every study has, besides its settings."""
EVERY_SETTING = (ARGS, "settings")
"""Placeholders that pass all settings."""
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.-]*)\}")
_FORMATTED = re.compile(r"\{\s*([A-Za-z_][\w.-]*)\s*(?:[:!][^{}]*)?\}")
_LITERAL = {"{{": "{", "}}": "}"}


def split_command(run: str | Sequence[str]) -> tuple[str, ...]:
    """Split a command as a shell would; a list is already split. Nothing is expanded.

    Raises:
        ValueError: a quote is not closed.
    """
    return tuple(shlex.split(run) if isinstance(run, str) else run)


def placeholders(texts: Iterable[str]) -> list[str]:
    """Return the names in braces, each once, in their order."""
    return list(dict.fromkeys(found[1] for text in texts for found in _PLACEHOLDER.finditer(text) if found[1]))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace each `{name}` by its value; `{{` and `}}` are braces. Names must be known: see `unknown_placeholders`."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]] if found[1] else _LITERAL[found[0]], text)


def fill_command(
    words: Sequence[str],
    values: Mapping[str, str],
    settings: Settings,
    style: Style = STYLE,
    booleans: Booleans = BOOLEANS,
) -> list[str]:
    """Return the words of a run's command; a word that is `{args}` becomes one or more words for each setting."""
    filled: list[str] = []
    for word in words:
        if word == f"{{{ARGS}}}":
            filled += arguments(settings, style, booleans)
        else:
            filled.append(fill(word, values))
    return filled


def arguments(settings: Settings, style: Style, booleans: Booleans) -> list[str]:
    """Return the words that pass all settings; null omits a setting, and a list passes several values."""
    return [word for key, value in settings.items() for word in _argument(key, value, style, booleans)]


def _argument(key: str, value: Value, style: Style, booleans: Booleans) -> Iterator[str]:
    if value is None:
        return
    if style == "key=value":
        yield f"{key}={text_of(value, brackets=True)}"
    elif isinstance(value, bool) and booleans != "value":
        if value:
            yield f"--{key}"
        elif booleans == "no-flag":
            yield f"--no-{key}"
    elif style == "--key=value":
        yield f"--{key}={text_of(value)}"
    else:
        yield f"--{key}"
        yield from map(text_of, value if isinstance(value, tuple) else (value,))


def text_of(value: Value, *, brackets: bool = False) -> str:
    """Write a value as an argument: numbers and booleans as Python does, a list with commas."""
    if isinstance(value, tuple):
        inner = ",".join(map(text_of, value))
        return f"[{inner}]" if brackets else inner
    return str(value)


def command_problems(words: Sequence[str], others: Iterable[str], settings: Settings) -> Iterator[str]:
    """Check the placeholders of a command.

    Args:
        words: of the command.
        others: further texts with placeholders: paths, values of environment variables.
        settings: of the study.

    Yields:
        One message per placeholder that is unknown, ambiguous or cannot be filled in, and one for settings that nothing
        passes on.
    """
    others = list(others)
    used = placeholders([*words, *others])
    for name in used:
        if name in GIVEN and name in settings:
            yield f"{{{name}}} is a placeholder that every study has; give the setting another name"
        elif name not in GIVEN and name not in settings:
            known = not_known(name, [*settings, *GIVEN], "Placeholders")
            yield f"{known}; for a literal brace write {{{{ or }}}}"
    for text in [*words, *others]:
        for found in _FORMATTED.finditer(text):
            if found[1] in (*GIVEN, *settings) and not _PLACEHOLDER.fullmatch(found[0]):
                yield f"found {quote(found[0])}; values have no format here: write {{{found[1]}}}"
    for word in words:
        if ARGS in placeholders([word]) and word != f"{{{ARGS}}}":
            yield f"found {quote(word)}; {{args}} becomes several words, so it has to stand alone"
    if any(ARGS in placeholders([text]) for text in others):
        yield "{args} is the arguments of the command; elsewhere name a setting, or {settings}, a JSON file with all"
    unused = [name for name in settings if name not in used]
    if unused and not set(EVERY_SETTING) & set(used):
        names = ", ".join(unused)
        yield (
            f"nothing passes on {names}, so variants could not differ in it: "
            f"add {{{unused[0]}}}, {{args}} (all settings as --key value) or {{settings}} (a JSON file with all)"
        )


def null_problems(words: Sequence[str], others: Iterable[str], settings: Settings) -> Iterator[str]:
    """Yield a message for each placeholder whose value is null: only `{args}` can leave a setting out."""
    for name in placeholders([*words, *others]):
        if name in settings and settings[name] is None:
            yield f"{name} is null, and {{{name}}} needs a value; pass it with {{args}}, which omits it"
