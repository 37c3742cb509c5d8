"""Bring your own dataset, model, optimizer, schedule or augmentation: `package.module:function`."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError

PATTERN = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"


class PluginError(UserError):
    """A plugin's module or function cannot be found; the message says which and where it was looked for."""


def is_plugin(name: str) -> bool:
    """Whether `name` has the form `package.module:function`."""
    return re.fullmatch(PATTERN, name) is not None


def load_plugin(name: str) -> Callable[..., Any]:
    """Import the function that `package.module:function` names."""
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


def plugin_source(name: str) -> Path:
    """Find the source file of a plugin's module without running the module.

    Raises:
        PluginError: there is no such module.
    """
    module_name = name.partition(":")[0]
    try:
        spec = importlib.util.find_spec(module_name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise PluginError(
            f"{name}: found no module {module_name}; put it next to the config, or its folder on PYTHONPATH"
        )
    return Path(spec.origin)


def slug(name: str) -> str:
    """Turn a name into a file name: `package.module:function` becomes `package.module.function`."""
    return name.replace(":", ".")
