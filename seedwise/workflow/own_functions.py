"""The user's own functions that a study names: can they be called as runs will call them? Nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.basics.plugins import PluginError, is_plugin, plugin_source
from seedwise.basics.signatures import Call, call_problem
from seedwise.config.study import Study
from seedwise.trainers.command.settings import Function

CALLS = {
    "dataset.name": Call(("folder",)),
    "model.name": Call(keywords=("channels", "classes", "size", "dropout")),
    "training.optimizer": Call(("parameters", "settings")),
    "training.schedule": Call(("optimizer", "settings", "total_steps")),
    "training.augmentation": Call(("images", "generator")),
}
"""How the image classifier calls the function that a setting names."""
FUNCTION = Call(("settings", "seed", "run"))
"""How `seedwise.call` calls the function of a study."""


def check_own_functions(study: Study, base: Path) -> None:
    """Check every function that a study names, before anything runs.

    Args:
        study: the study.
        base: folder of the study's file.

    Raises:
        UserError: some cannot be called as they will be; the message has a line for each.
    """
    problems = list(dict.fromkeys(_problems(study, base)))
    if problems:
        raise UserError("\n".join(problems))


def _problems(study: Study, base: Path) -> Iterator[str]:
    if study.source is not None:
        return
    if isinstance(study.program, Function):
        file = _inside((base / Path(study.program.folder).expanduser()), study.program.call)
        if file and not all(variant.revision for variant in study.variants):
            yield from _problem("function.call", study.program.call, file, FUNCTION)
        return
    if study.program:
        return
    for variant in study.variants:
        settings = study.image_settings(variant.name).flat()
        for key, call in CALLS.items():
            place = f"variant {variant.name}: {key}" if key in variant.overrides else key
            chosen = settings[key]
            for name in [chosen] if isinstance(chosen, str) else chosen:
                if not is_plugin(name):
                    continue
                try:
                    file = plugin_source(name)
                except PluginError as error:
                    yield f"{place}: {error}"
                    continue
                yield from _problem(place, name, file, call)


def _problem(place: str, name: str, file: Path, call: Call) -> Iterator[str]:
    text = call_problem(file, name.partition(":")[2], call)
    if text:
        shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        yield f"{place}: {name}: {shown}, {text}"


def _inside(folder: Path, call: str) -> Path | None:
    """Return the file of a function's module in the folder where it runs; None if it is elsewhere, as if installed."""
    module = folder.resolve().joinpath(*call.partition(":")[0].split("."))
    # In the order in which Python looks; a compiled module has no source to read.
    places = (module / "__init__.py", *module.parent.glob(f"{module.name}.*so"), module.with_name(f"{module.name}.py"))
    return next((place for place in places if place.is_file()), None)
