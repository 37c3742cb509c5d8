"""Calls of functions that must fail, found in the source of a module."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from seedwise.basics.signatures import Call, call_problem

CALL = Call(("a", "b"), ("c",))
RIGHT = [
    "def f(a, b, c): ...",
    "def f(x, y, /, *, c): ...",
    "def f(*args, **options): ...",
    "def f(x, y, z=1, c=2): ...",
    "class f:\n    def __init__(self, x, y, *, c=None): ...",
    "class f(Exception):\n    def __init__(me, x, y, c): ...",
]
WRONG = {
    "def f(a, b): ...": "f(a, b) cannot be called as f(a, b, c=c): got an unexpected keyword argument 'c'",
    "def f(a, c): ...": "f(a, c) cannot be called as f(a, b, c=c): multiple values for argument 'c'",
    "\n\ndef f(a, b, c, d, e=1): ...": "line 3: f(a, b, c, d, e=1) cannot be called as f(a, b, c=c): ",
    "class f:\n    def __init__(self, c): ...": "f(c) cannot be called as f(a, b, c=c): multiple values for",
    "def g(): ...\nclass H: ...\ndef _k(): ...": "there is no function or class f; it has g, H",
    "x = 1": "there is no function or class f; it has none",
}
UNKNOWN = [
    "import functools\n@functools.cache\ndef f(): ...",
    "from elsewhere import f",
    "from elsewhere import g as f",
    "from elsewhere import *",
    "f = lambda: None",
    "if True:\n    def f(): ...",
    "try:\n    from elsewhere import f\nexcept ImportError:\n    pass",
    "def __getattr__(name): ...",
    "globals()['f'] = print",
    "def register():\n    globals()['f'] = print\nregister()",
    "def register():\n    global f\n    f = print\nregister()",
    "exec('f = print')",
    "locals()['f'] = print",
    "import sys\nsys.modules[__name__].f = print",
    "match {'a': print}:\n    case {'a': f}: ...",
    "class f(dict): ...",
    "class f(dict, metaclass=type):\n    def __init__(self): ...",
    "class f:\n    def __new__(cls, *all): ...\n    def __init__(self): ...",
    "def f(): ...\ndef f(a, b, c): ...",
    "def f(:",
]


def problem(folder: Path, text: str) -> str | None:
    file = folder / "own.py"
    file.write_text(text)
    return call_problem(file, "f", CALL)


@pytest.mark.parametrize("text", RIGHT)
def test_a_call_that_python_accepts_is_no_problem(tmp_path: Path, text: str) -> None:
    assert problem(tmp_path, text) is None
    spec = importlib.util.spec_from_file_location("own", tmp_path / "own.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.f(1, 2, c=3)


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_a_call_that_must_fail_is_described_in_a_line(tmp_path: Path, text: str, message: str) -> None:
    found = problem(tmp_path, text)
    assert found is not None
    assert message in found
    assert "\n" not in found


@pytest.mark.parametrize("text", UNKNOWN)
def test_nothing_is_said_where_the_syntax_does_not_show_it(tmp_path: Path, text: str) -> None:
    assert problem(tmp_path, text) is None
