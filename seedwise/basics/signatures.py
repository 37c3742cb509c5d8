"""Whether a function in a source file can be called as it will be, found without importing it.

Importing takes seconds and may do anything, so only what the syntax shows is checked: where a decorator, a base class
or an import decides, nothing is said.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class Call(NamedTuple):
    """How a function is called: the names of its positional arguments, and of its keyword arguments."""

    positional: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    def written(self, name: str) -> str:
        """Write the call as in Python."""
        return f"{name}({', '.join([*self.positional, *(f'{key}={key}' for key in self.keywords)])})"


def call_problem(file: Path, name: str, call: Call) -> str | None:
    """Say why a call of a function or class of a module must fail; None if it need not.

    Args:
        file: of the module.
        name: of the function or class.
        call: how it is called.
    """
    try:
        module = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # it is said when the file is imported, with the line
        return None
    bound = [*_bound(module.body), *_bound_elsewhere(module)]
    found = [node for key, node in bound if key == name]
    if not found:
        if any(key in ("*", "__getattr__") for key, _ in bound):
            return None
        there = [key for key, node in bound if isinstance(node, _DEFINITIONS) and not key.startswith("_")]
        return f"there is no function or class {name}; it has {', '.join(dict.fromkeys(there)) or 'none'}"
    if len(found) > 1 or found[0] is None:
        return None
    signature = _signature(found[0])
    if signature is None:
        return None
    try:
        signature.bind(*call.positional, **dict.fromkeys(call.keywords))
    except TypeError as error:
        wrong = f"{name}{signature} cannot be called as {call.written(name)}: {error}"
        return f"line {found[0].lineno}: {wrong}; change its parameters"
    return None


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _bound(body: Sequence[ast.stmt]) -> Iterator[tuple[str, _Definition | None]]:
    """Yield every name that a module binds, with its definition if it is a function or a class; `*` is any name."""
    for node in body:
        if isinstance(node, _DEFINITIONS):
            yield node.name, node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], None
        else:  # also what is assigned or defined inside `if`, `try` and `with`
            for inner in ast.walk(node):
                if isinstance(inner, _DEFINITIONS):
                    yield inner.name, None
                elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id, None
                elif isinstance(inner, (ast.Import, ast.ImportFrom)):
                    yield from _bound([inner])
                elif isinstance(inner, (ast.MatchAs, ast.MatchStar)) and inner.name:
                    yield inner.name, None
                elif isinstance(inner, ast.Name) and inner.id in ("locals", "vars", "setattr"):
                    yield "*", None


def _bound_elsewhere(module: ast.Module) -> Iterator[tuple[str, None]]:
    """Yield names of a module that any of its functions may bind as well; `*` is any name."""
    for node in ast.walk(module):
        if isinstance(node, ast.Global):
            yield from ((name, None) for name in node.names)
        elif getattr(node, "id", None) in ("globals", "exec") or getattr(node, "attr", None) == "modules":
            yield "*", None  # also sys.modules[__name__].name = ...


def _signature(node: _Definition) -> inspect.Signature | None:
    """Return the signature of a function, or of a class that is called; None if something else decides it."""
    if node.decorator_list:
        return None
    if not isinstance(node, ast.ClassDef):
        return _of_arguments(node.args)
    own = {inner.name: inner for inner in node.body if isinstance(inner, _DEFINITIONS)}
    made = own.get("__init__")
    if "__new__" in own or node.keywords or made is None or isinstance(made, ast.ClassDef) or made.decorator_list:
        return None
    whole = list(_of_arguments(made.args).parameters.values())
    return inspect.Signature(whole[1:]) if whole and whole[0].kind in _BY_POSITION else None


_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _of_arguments(given: ast.arguments) -> inspect.Signature:
    only, either = _BY_POSITION
    first = [*((argument, only) for argument in given.posonlyargs), *((argument, either) for argument in given.args)]
    without_default = len(first) - len(given.defaults)
    parameters = [
        _parameter(argument, kind, given.defaults[place - without_default] if place >= without_default else None)
        for place, (argument, kind) in enumerate(first)
    ]
    if given.vararg:
        parameters.append(_parameter(given.vararg, inspect.Parameter.VAR_POSITIONAL, None))
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        parameters.append(_parameter(argument, inspect.Parameter.KEYWORD_ONLY, default))
    if given.kwarg:
        parameters.append(_parameter(given.kwarg, inspect.Parameter.VAR_KEYWORD, None))
    return inspect.Signature(parameters)


class _Written:
    """A default value, shown as it is written."""

    def __init__(self, node: ast.expr) -> None:
        self._text = ast.unparse(node)

    def __repr__(self) -> str:
        return self._text


def _parameter(argument: ast.arg, kind: inspect._ParameterKind, default: ast.expr | None) -> inspect.Parameter:
    return inspect.Parameter(
        argument.arg, kind, default=inspect.Parameter.empty if default is None else _Written(default)
    )
