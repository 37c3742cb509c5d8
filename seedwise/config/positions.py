"""YAML files with the position of every key and item; duplicate keys, which YAML lets pass, are problems too."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

from seedwise.basics.bounded_yaml import MOST_BYTES, BoundedLoader, RefusedError, read_bounded
from seedwise.basics.names import nearest, plain

Keys = tuple[Hashable, ...]

TEMPLATING = "__use_yte__"
"""The key by which Snakemake takes a config for a template, and runs the Python in it."""
_RUNS_CODE = "makes Snakemake run the Python in this file; a study is plain YAML: remove the key"
_HINTS = {
    "found character '\\t'": "a tab; indent with spaces",
    "mapping values are not allowed here": 'a ": " where none can be; quote a text that contains it, or indent rightly',
    "found character '@'": "a text that begins with @; quote it",
    "found character '`'": "a text that begins with `; quote it",
    "found character '%'": "a text that begins with %; quote it",
}


class Problem(NamedTuple):
    """One thing to correct; problems sort by file, line and column."""

    order: int
    line: int
    column: int
    text: str


class Place(NamedTuple):
    """Where a key or an item stands (line and column count from 1), and what it holds."""

    order: int
    line: int
    column: int
    file: Path
    value: object
    text: str | None
    """The characters of a scalar without quotes: 012 where `value` is 10."""


@dataclass(frozen=True)
class Document:
    """A YAML file: its data, the place of everything in it, and the problems found while reading it."""

    data: object = None
    places: Mapping[Keys, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def label(keys: Iterable[Hashable]) -> str:
    """Write keys as users do: `variants[1].name`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{plain(str(key))}" for key in keys).removeprefix(".")


def read_document(file: Path, order: int = 0) -> Document:
    """Read a YAML file; what is wrong with it is in the document's problems. `order` ranks it among files."""
    content = b""
    try:
        content = read_bounded(file)
        text = content.decode("utf-8")
    except FileNotFoundError:
        return _unreadable(order, f"{file}: no such file{_neighbour(file)}")
    except OSError as error:
        return _unreadable(order, f"{file}: {error.strerror}")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unreadable(order, f"{file}:{line}: not a UTF-8 text file", line)
    if len(content) > MOST_BYTES:
        return _unreadable(order, f"{file}: more than {MOST_BYTES} bytes, which no study needs; is it another file?")
    try:
        loader = BoundedLoader(text)
        node = loader.get_single_node()
        if node is None:
            return _unreadable(order, f"{file}: the file is empty; copy config.yaml and change it")
        if (begins := _templating(node)) is not None:
            return _unreadable(order, f"{file}:{begins}: {TEMPLATING}: {_RUNS_CODE}", begins)
        duplicates = tuple(_duplicates(node, file, order))
        data = loader.construct_document(node)
        return Document(data, _places(loader, node, data, file, order), duplicates)
    except RefusedError as error:
        return _unreadable(order, f"{file}:{error.line}: {error}", error.line, error.column)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return _unreadable(order, f"{file}:{line}: {_syntax(error)}", line, column)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return _unreadable(order, f"{file}:{line}: a character that YAML forbids (U+{error.character:04X})", line)


def merge_places(documents: Iterable[Document]) -> dict[Keys, Place]:
    """Return the places in a config that Snakemake merged from files: mappings are merged, all else is replaced."""
    places: dict[Keys, Place] = {}
    for document in documents:
        replaced = {keys for keys, place in document.places.items() if not isinstance(place.value, dict)}
        places = {
            keys: place
            for keys, place in places.items()
            if not any(keys[:length] in replaced for length in range(len(keys) + 1))
        }
        places |= document.places
    return places


def _unreadable(order: int, text: str, line: int = 1, column: int = 1) -> Document:
    return Document(problems=(Problem(order, line, column, text),))


def _neighbour(file: Path) -> str:
    if not file.parent.is_dir():
        return ""
    guess = nearest(file.name, [entry.name for entry in file.parent.iterdir() if entry.suffix in {".yaml", ".yml"}])
    return f'; did you mean "{file.parent / guess}"?' if guess else ""


def _syntax(error: yaml.MarkedYAMLError) -> str:
    found = error.problem or ""
    for beginning, message in _HINTS.items():
        if found.startswith(beginning):
            return f"not valid YAML: {message}"
    where = ""
    if error.context and error.context_mark:
        where = f" ({error.context} that begins in line {error.context_mark.line + 1})"
    return f"not valid YAML: {found}{where}"


def _templating(root: yaml.Node) -> int | None:
    """Return the line of the key that makes a template of the file; None if there is none."""
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    return next((key.start_mark.line + 1 for key, _ in entries if key.value == TEMPLATING), None)


def _children(node: yaml.Node) -> Iterator[tuple[Hashable, yaml.Node, yaml.Node]]:
    """Yield the key, the node that marks the place, and the value of each entry."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value, value


def _duplicates(root: yaml.Node, file: Path, order: int) -> Iterator[Problem]:
    queue: list[tuple[Keys, yaml.Node]] = [((), root)]
    visited: set[int] = set()
    for keys, node in queue:
        if id(node) in visited:  # an alias, perhaps of a node that contains it
            continue
        visited.add(id(node))
        lines: dict[Hashable, int] = {}
        for key, at, value in _children(node):
            line, column = at.start_mark.line + 1, at.start_mark.column + 1
            if key in lines:
                where = f"in line {line}" if lines[key] == line else f"in lines {lines[key]} and {line}"
                text = f"{label((*keys, key))}: given twice {where}; YAML keeps only the last: delete one"
                yield Problem(order, line, column, f"{file}:{line}: {text}")
            lines.setdefault(key, line)
            queue.append(((*keys, key), value))


def _places(loader: yaml.SafeLoader, root: yaml.Node, data: object, file: Path, order: int) -> dict[Keys, Place]:
    places: dict[Keys, Place] = {}
    queue: list[tuple[Keys, yaml.Node, yaml.Node, object, frozenset[int]]] = [((), root, root, data, frozenset())]
    for keys, at, node, value, above in queue:
        text = node.value if isinstance(node, yaml.ScalarNode) and node.style is None else None
        places[keys] = Place(order, at.start_mark.line + 1, at.start_mark.column + 1, file, value, text)
        if id(node) in above:  # an alias of a node that contains it
            continue
        inside = above | {id(node)}
        if isinstance(node, yaml.MappingNode) and isinstance(value, dict):
            # Of a key that is given twice, the last one's value counts.
            entries = {loader.construct_object(entry[0], deep=True): entry for entry in node.value}
            for key, (key_node, child) in entries.items():
                queue.append(((*keys, key), key_node, child, value.get(key), inside))
        elif isinstance(node, yaml.SequenceNode) and isinstance(value, list):
            queue.extend(
                ((*keys, index), child, child, item, inside)
                for index, (child, item) in enumerate(zip(node.value, value, strict=True))
            )
    return places
