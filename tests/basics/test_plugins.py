"""Functions of the user: a function that cannot be imported is an error that names the file and the remedy."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from seedwise.basics.plugins import PluginError, load_plugin, plugin_source


@pytest.fixture(autouse=True)
def _in_a_folder_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def write(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    for module in [module for module in sys.modules if module.partition(".")[0] in ("own", "mine")]:
        monkeypatch.delitem(sys.modules, module)


def error(name: str) -> str:
    with pytest.raises(PluginError) as caught:
        load_plugin(name)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_functions_and_classes_are_found_in_modules_and_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    write("mine/__init__.py", "", monkeypatch)
    write("mine/models.py", "class Net: ...\ndef net(): return 3\n", monkeypatch)
    assert load_plugin("mine.models:net")() == 3
    assert load_plugin("mine.models:Net").__name__ == "Net"
    assert plugin_source("mine.models:net").name == "models.py"


@pytest.mark.parametrize("name", ["nowhere:net", "own.models:net"])
def test_a_missing_module_is_an_error(name: str) -> None:
    module = name.partition(":")[0]
    expected = f"{name}: found no module {module}; put it next to the config, or its folder on PYTHONPATH"
    assert error(name) == expected
    with pytest.raises(PluginError, match=re.escape(expected)):
        plugin_source(name)


def test_a_missing_function_is_an_error_that_lists_the_existing_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    write("own.py", "from pathlib import Path\ndef net(): ...\nclass Other: ...\ndepth = 3\n", monkeypatch)
    assert error("own:nett") == "own:nett: own.py has no function or class nett; it has net, Other"
    assert error("own:depth") == "own:depth: own.py has no function or class depth; it has net, Other"
    write("own.py", "depth = 3  # and nothing to call\n", monkeypatch)
    assert error("own:net") == "own:net: own.py has no function or class net; it has none"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("\nimport no_such_package\n", 2, "it needs no_such_package, which is not installed"),
        ("def net(:\n", 1, "SyntaxError: invalid syntax"),
        ("\n\nwidth = depth\n", 3, "NameError: name 'depth' is not defined"),
        ("from json import no_such_name\n", 1, "ImportError: cannot import name 'no_such_name' from 'json'"),
        ("import json\njson.loads('{')\n", 2, "JSONDecodeError: Expecting property name"),
        ("import sys\nsys.exit(2)\n", 2, "SystemExit: 2"),
        ("raise ImportError('no\\nreason')\n", 1, "ImportError: no reason"),
    ],
)
def test_a_module_that_fails_names_its_file_and_line(
    text: str, line: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("own.py", text, monkeypatch)
    found = error("own:net")
    assert found.startswith(f"own:net: own.py, line {line}, cannot be imported ({reason}")
    assert found.endswith("); correct it, or name another module")


def test_a_module_without_a_file_is_refused() -> None:
    with pytest.raises(PluginError, match="found no module sys"):
        plugin_source("sys:exit")
