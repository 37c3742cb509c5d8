"""The user's own functions and classes, named `package.module:function` in a config."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from seedwise.basics.errors import UserError

PATTERN = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"


class PluginError(UserError):
    """A function or class of the user cannot be imported; the message names the file and the remedy."""


def is_plugin(name: str) -> bool:
    """Whether `name` has the form `package.module:function`."""
    return re.fullmatch(PATTERN, name) is not None


def load_plugin(name: str) -> Callable[..., Any]:
    """Import the function or class that `package.module:function` names.

    Raises:
        PluginError: there is no such module, importing it fails, or it has no such function or class.
    """
    module_name, _, wanted = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise PluginError(_not_found(name)) from error
        said = " ".join(str(getattr(error, "msg", error)).split())
        reason = f"it needs {missing}, which is not installed" if missing else f"{type(error).__name__}: {said}"
        raise PluginError(_broken(name, error, reason)) from error
    found = getattr(module, wanted, None)
    if not callable(found):
        there = ", ".join(_callables(module)) or "none"
        raise PluginError(
            f"{name}: {_shown(module.__file__ or module_name)} has no function or class {wanted}; it has {there}"
        )
    loaded: Callable[..., Any] = found
    return loaded


def plugin_source(name: str) -> Path:
    """Find the source file of a plugin's module without running the module.

    Raises:
        PluginError: there is no such module, or it has no file.
    """
    try:
        spec = importlib.util.find_spec(name.partition(":")[0])
    except (Exception, SystemExit) as error:  # a package above it is imported, which may fail in any way
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{name.partition(':')[0]}.".startswith(f"{missing}."):
            raise PluginError(_not_found(name)) from error
        raise PluginError(
            f"{name}: the package of this module cannot be imported ({type(error).__name__}: {error}); correct it"
        ) from error
    if spec is None or spec.origin is None or not spec.has_location:
        raise PluginError(_not_found(name))
    return Path(spec.origin).resolve()


def plugin_files(name: str) -> list[Path]:
    """Return the source files that Python runs for a plugin: its module, and the `__init__` of each package above it.

    Raises:
        PluginError: there is no such module, or it has no file.
    """
    module = plugin_source(name)
    packages = name.partition(":")[0].count(".")
    above = [folder / "__init__.py" for folder in module.parents[:packages]]
    return [module, *(file for file in above if file.is_file() and file != module)]


def _not_found(name: str) -> str:
    module = name.partition(":")[0]
    return f"{name}: found no module {module}; put it next to the config, or its folder on PYTHONPATH"


def _broken(name: str, error: BaseException, reason: str) -> str:
    """Say where importing a module failed: in the line of its own file, if it got there."""
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
        own = _own_file(name)
        last = next((frame for frame in reversed(frames) if frame.filename == own), frames[-1])
        file, line = last.filename, last.lineno
    return f"{name}: {_shown(file)}, line {line}, cannot be imported ({reason}); correct it, or name another module"


def _own_file(name: str) -> str | None:
    try:
        return str(plugin_source(name))
    except PluginError:
        return None


def _callables(module: ModuleType) -> list[str]:
    """Names of the functions and classes that a module itself defines."""
    return [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__ and not key.startswith("_")
    ]


def _shown(file: str) -> str:
    """Write a path relative to the working folder, if it is inside."""
    return os.path.relpath(file) if Path(file).is_relative_to(Path.cwd()) else file


def slug(name: str) -> str:
    """Turn a name into one for a file: `package.module:function` becomes `package.module.function`."""
    return name.replace(":", ".")
