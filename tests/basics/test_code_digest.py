"""Digests of code: they depend on its meaning, not its formatting, and follow only its imports."""

import subprocess

import pytest

from seedwise.basics.code_digest import CodeFiles, combine, own_code, syntax_digest

CODE = '''"""What it is."""


def double(x: float, times: int = 2) -> float:
    """Say more."""
    return x * times  # a comment
'''


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("# a comment", "# another"),
        CODE.replace("What it is.", "What it was."),
        CODE.replace('    """Say more."""\n', ""),
        CODE.replace("x: float, times: int = 2", "x : float ,times : int=2"),
        CODE.replace("    return x * times  # a comment", "    return (\n        x\n        * times\n    )"),
        CODE.replace("\n", "\r\n"),
        "# -*- coding: utf-8 -*-\n\n\n" + CODE,
    ],
    ids=["comment", "docstring", "docstring removed", "spaces", "line breaks", "Windows", "blank lines"],
)
def test_formatting_does_not_change_a_digest(same):
    assert same != CODE
    assert syntax_digest(same.encode()) == syntax_digest(CODE.encode())


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("= 2", "= 3"),
        CODE.replace("= 2", "= 2.0"),
        CODE.replace("= 2", '= "2"'),
        CODE.replace("x * times", "times * x"),
        CODE.replace("double", "triple"),
        CODE.replace("x * times", "-x * times"),
        CODE + "\nNAME = 'x'\n",
    ],
    ids=["value", "type", "text", "order", "name", "sign", "more"],
)
def test_meaning_changes_a_digest(other):
    assert syntax_digest(other.encode()) != syntax_digest(CODE.encode())


def test_a_string_that_is_used_changes_a_digest():
    assert syntax_digest(b"def f():\n    return 'a'\n") != syntax_digest(b"def f():\n    return 'b'\n")
    assert syntax_digest(b"x = 'a'\n") != syntax_digest(b"x = 'b'\n")


def test_the_docstring_of_a_constant_does_not_change_a_digest():
    assert (
        syntax_digest(b'X = 1\n"""Of X."""\n')
        == syntax_digest(b'X = 1\n"""Said better."""\n')
        == syntax_digest(b"X = 1\n")
    )


def test_a_file_that_is_not_python_is_digested_by_its_content():
    assert syntax_digest(b"a { }", ".css") != syntax_digest(b"a {}", ".css")
    assert syntax_digest(b"this is not python") != syntax_digest(b"this is not python either")


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_another_version_of_python_gives_the_same_digests(version):
    """Runs only where another Python is installed, whose syntax trees have other empty fields."""
    script = "import sys; from seedwise.basics.code_digest import syntax_digest as digest; "
    script += "print(digest(sys.stdin.buffer.read()))"
    try:
        answer = subprocess.run(
            [f"python{version}", "-c", script], input=CODE.encode(), capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"needs python{version}")
    assert answer.stdout.decode().strip() == syntax_digest(CODE.encode())


@pytest.fixture
def tree(tmp_path):
    files = {
        "entry.py": "import json\nfrom typing import TYPE_CHECKING\nfrom pack import tool\n"
        "if TYPE_CHECKING:\n    import pack.types_only\ndef f():\n    import pack.late\n",
        "pack/__init__.py": "",
        "pack/tool.py": "from . import near\nfrom pack.deep.inner import value\n",
        "pack/near.py": "",
        "pack/late.py": "",
        "pack/types_only.py": "",
        "pack/unused.py": "",
        "pack/template.j2": "{{ x }}",
        "pack/template.j2~": "a backup",
        "pack/notes.txt": "no code",
        "pack/deep/__init__.py": "",
        "pack/deep/inner.py": "value = 1\n",
        "pack/deep/other.py": "",
        "other/json.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


USED = [
    "entry.py",
    "pack/__init__.py",
    "pack/deep/__init__.py",
    "pack/deep/inner.py",
    "pack/late.py",
    "pack/near.py",
    "pack/template.j2",
    "pack/tool.py",
]


def names(code, found):
    return [code.name(file) for file in found]


def test_imports_are_followed_and_nothing_else(tree):
    code = CodeFiles({tree: None}, packages=[tree / "pack"])
    assert names(code, code.imported([tree / "entry.py"])) == USED
    code = CodeFiles({tree: None})  # a folder of the user's: what lies beside a module there may be anything
    assert names(code, code.imported([tree / "entry.py"])) == [name for name in USED if name.endswith(".py")]


def test_a_root_may_be_followed_for_one_package_only(tree):
    code = CodeFiles({tree: "another"})
    assert names(code, code.imported([tree / "entry.py"])) == ["entry.py"]


def test_imports_of_an_omitted_file_are_not_followed(tree):
    code = CodeFiles({tree: None})
    found = names(code, code.imported([tree / "entry.py"], without=["pack/tool.py"]))
    assert found == ["entry.py", "pack/__init__.py", "pack/late.py"]


def test_a_digest_names_each_file_and_changes_with_any_of_them(tree):
    def digest():
        code = CodeFiles({tree: None}, packages=[tree / "pack"])
        return combine(code.digests(code.imported([tree / "entry.py"])))

    before = digest()
    for name in USED:
        text = (tree / name).read_text()
        (tree / name).write_text(text + "\nchanged = 1\n")
        assert digest() != before, name
        (tree / name).write_text(text)
    (tree / "pack/unused.py").write_text("x = 1")
    (tree / "pack/deep/inner.py").write_text("value = 1  # one\n")
    assert digest() == before


def test_the_cache_saves_parsing_and_notices_every_change(tree, monkeypatch):
    cache = tree / "cache.json"
    first = CodeFiles({tree: None}, cache)
    files = first.imported([tree / "entry.py"])
    digests = first.digests(files)
    first.save()
    monkeypatch.setattr("ast.parse", lambda *_: pytest.fail("parsed again"))
    second = CodeFiles({tree: None}, cache)
    assert second.digests(second.imported([tree / "entry.py"])) == digests
    monkeypatch.undo()
    (tree / "pack/near.py").write_text("x = 2\n")
    third = CodeFiles({tree: None}, cache)
    assert third.digests(files)["pack/near.py"] != digests["pack/near.py"]
    cache.write_text("{broken")
    assert CodeFiles({tree: None}, cache).digests(files)["pack/tool.py"] == digests["pack/tool.py"]


def test_the_other_branch_of_an_import_for_type_checkers_is_followed(tree):
    (tree / "entry.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pack.types_only\nelse:\n    import pack.near\n"
    )
    code = CodeFiles({tree: None})
    assert names(code, code.imported([tree / "entry.py"])) == ["entry.py", "pack/__init__.py", "pack/near.py"]


def test_a_package_comes_before_a_module_of_the_same_name(tree):
    (tree / "pack.py").write_text("")
    code = CodeFiles({tree: None})
    assert "pack/__init__.py" in names(code, code.imported([tree / "entry.py"]))
    assert "pack.py" not in names(code, code.imported([tree / "entry.py"]))


def test_installed_packages_on_pythonpath_are_not_followed(tree, monkeypatch):
    installed = tree / "site-packages"
    (installed / "big").mkdir(parents=True)
    (installed / "big/__init__.py").write_text("")
    (tree / "entry.py").write_text("import big\nimport helper\n")
    (tree / "more").mkdir()
    (tree / "more/helper.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", f"{installed}:{tree / 'more'}")
    code = own_code(tree, tree)
    assert names(code, code.imported([tree / "entry.py"])) == ["entry.py", "more/helper.py"]


def test_what_a_relative_import_of_a_name_runs_counts(tree):
    (tree / "pack/__init__.py").write_text("WIDTH = 8\n")
    (tree / "pack/near.py").write_text("from . import WIDTH\n")
    code = CodeFiles({tree: None})
    assert names(code, code.imported([tree / "pack/near.py"])) == ["pack/__init__.py", "pack/near.py"]
    (tree / "pack/near.py").write_text(f"from {'.' * 99} import x\n")
    assert names(CodeFiles({tree: None}), CodeFiles({tree: None}).imported([tree / "pack/near.py"])) == ["pack/near.py"]


def test_files_of_one_name_are_told_apart_and_pythonpath_changes_no_name(tree, monkeypatch):
    (tree / "lib").mkdir()
    (tree / "lib/tool.py").write_text("x = 1\n")
    (tree / "entry.py").write_text("import lib.tool\nimport pack.tool\n")
    plain = own_code(tree, tree)
    before = plain.digests(plain.imported([tree / "entry.py"]))
    monkeypatch.setenv("PYTHONPATH", f"{tree / 'lib'}:{tree / 'pack'}")
    code = own_code(tree, tree)
    assert code.digests(code.imported([tree / "entry.py"])) == before
    assert {"lib/tool.py", "pack/tool.py"} <= set(before)


def test_code_that_python_can_run_never_ends_a_digest(tree):
    deep = "x = 0\n" + "if x == 1:\n    pass\n" + "".join(f"elif x == {n}:\n    pass\n" for n in range(2000))
    assert syntax_digest(deep.encode()) != syntax_digest(deep.replace("1999", "-1").encode())


def test_a_cache_that_cannot_be_written_is_ignored(tree):
    blocked = tree / "entry.py" / "cache.json"
    code = CodeFiles({tree: None}, blocked)
    code.imported([tree / "entry.py"])
    code.save()
    assert not blocked.exists()


def test_what_python_warns_of_in_a_source_is_not_shown(recwarn):
    syntax_digest(b"pattern = '\\d'\nx is 1\n")
    assert not recwarn.list
