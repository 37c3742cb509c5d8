"""Bring your own dataset, model, optimizer, schedule or augmentation: `package.module:function`."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedwise.errors import UserError

PATTERN = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"


class PluginError(UserError):
    """A plugin's module or function cannot be found; the message says which and where it was looked for."""


def is_plugin(name: str) -> bool:
    """Whether `name` has the form `package.module:function`."""
    return re.fullmatch(PATTERN, name) is not None


def load_plugin(name: str) -> Callable[..., Any]:
    """Import the function that `package.module:function` names; the working directory is on the path."""
    module_name, _, function_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise PluginError(f"{name}: cannot import {module_name} ({error}); is it on PYTHONPATH?") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise PluginError(f"{name}: {module_name} has no function {function_name}")
    found: Callable[..., Any] = function
    return found


def plugin_source(name: str) -> Path | None:
    """Find the source file of a plugin's module without running the module; None if it cannot be found."""
    module_name = name.partition(":")[0]
    try:
        spec = importlib.util.find_spec(module_name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin is not None else None


def slug(name: str) -> str:
    """Turn a name into a file name: `package.module:function` becomes `package.module.function`."""
    return name.replace(":", ".")
