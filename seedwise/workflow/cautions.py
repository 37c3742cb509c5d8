"""What a study may not mean as it is written: `seedwise check` says it, and `seedwise run` before the first run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedwise.basics.secrets import masked
from seedwise.config.study import Study
from seedwise.trainers.command.command_line import placeholders
from seedwise.trainers.command.outputs.settings import cautions, paths
from seedwise.trainers.command.recognition import fixed_seed, typed

_LIKE_NUMBER = re.compile(r"[+-]?[.,]?\d")
"""How a text begins that may have been meant as a number; `auto` among numbers is no mistake."""


def program_cautions(study: Study) -> Iterator[str]:
    """Yield what may be wrong with the command of a study, its settings and where its numbers are."""
    program = study.program
    if program is None:
        return
    sources = (program.history, program.scores)
    yield from cautions(program.results, study.analysis.metric, *sources, isolated=program.isolate == "copy")
    for name, value in program.env.items():
        if value is not None and masked(name, value) != value:
            yield (
                f"env: {name} looks like a secret: no file of the results shows it, and a change of it repeats no run. "
                f"Better keep it out of the study as well: write {name}: null, and export {name}"
            )
    yield from _texts_among_numbers(study)
    if study.command:
        used = placeholders([*program.words, *program.recorded_env.values()])
        if "seed" not in used and (fixed := fixed_seed(program.words)):
            yield f"the command fixes the seed: {fixed.written}. Write {fixed.rewritten}, or all its runs use that seed"
        elif "seed" not in used:
            yield (
                "the command has no {seed}: the program must read $SEEDWISE_SEED, or all its runs use the same seed. "
                "`seedwise try` finds out"
            )
        wanted = [path for path in paths(program.results, program.history, program.scores) if "{out}" in path]
        if wanted and "out" not in used:
            yield (
                f"numbers are read from {wanted[0]}, but the command has no {{out}}: the program must write to "
                "$SEEDWISE_OUT"
            )


def _texts_among_numbers(study: Study) -> Iterator[str]:
    """Yield the settings that are a number elsewhere in the study and a text in a variant, as `0,3` is."""
    values = {variant.name: study.program_settings(variant.name).settings for variant in study.variants}
    for name in dict.fromkeys(key for own in values.values() for key in own):
        given = {variant: own[name] for variant, own in values.items() if name in own}
        number = next((value for value in given.values() if _is_number(value)), None)
        for variant, value in given.items() if number is not None else ():
            if isinstance(value, str) and _LIKE_NUMBER.match(value) and not _is_number(typed(value)):
                meant = typed(value.replace(",", "."))
                hint = f"; did you mean {meant}?" if _is_number(meant) else ""
                yield f"variant {variant}: {name} is the text {value!r}, and elsewhere a number, {number}{hint}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def study_cautions(study: Study) -> Iterator[str]:
    """Yield what may be wrong with the variants of a study."""
    if len(study.variants) == 1:
        yield "there is only one variant, so nothing is compared"
    seen: dict[tuple[object, ...], str] = {}
    for variant in study.variants:
        key = (study.settings(variant.name).canonical(), variant.revision, variant.environment)
        if key in seen:
            yield (
                f"variants {seen[key]} and {variant.name} have the same settings, so that only chance can tell them "
                "apart"
            )
        seen.setdefault(key, variant.name)
