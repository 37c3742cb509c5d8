"""YAML that cannot use up the machine: bounds on size, depth, aliases and numbers, each refused with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from seedwise.basics.names import quote

MOST_BYTES = 1_000_000
MOST_NODES = 100_000
"""Keys and values, each counted as often as aliases repeat it."""
DEEPEST = 50
MOST_DIGITS = 300
"""Of a whole number; a larger one is beyond every float, and Python does not even print it."""
_LONGEST = 60  # characters of a value that a message shows
_KINDS = {"timestamp": "date", "int": "number", "float": "number", "bool": "true or false"}

_WRONG = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What PyYAML lets through for scalars such as 2024-13-01, `!!bool maybe` and `!!float`."""


class RefusedError(yaml.YAMLError):
    """YAML that is not read; `line` and `column`, which count from 1, say where that is decided."""

    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(problem)
        self.line, self.column = mark.line + 1, mark.column + 1


class BoundedLoader(yaml.SafeLoader):
    """A safe loader that refuses, as soon as it meets it, what would take too much memory, time or stack."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._measured: dict[yaml.Node, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, and measure it with all that its aliases stand for."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._depth += 1
        self._bound(self._depth <= DEEPEST, f"nested more than {DEEPEST} deep", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if isinstance(event, yaml.AliasEvent):
            self._bound(node in self._measured, f"*{event.anchor} stands inside what it stands for", event)
        else:
            self._measured[node] = self._measure(node)
        nodes, height = self._measured[node]
        self._bound(nodes <= MOST_NODES, f"more than {MOST_NODES} keys and values, with what aliases repeat", event)
        self._bound(height <= DEEPEST, f"nested more than {DEEPEST} deep, with what aliases repeat", event)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value; one that cannot be made is refused with its line."""
        try:
            value = super().construct_object(node, deep)
        except _WRONG as error:
            kind = node.tag.rsplit(":", 1)[-1]
            found = quote(str(node.value)[:_LONGEST])
            problem = f"{found} is no {_KINDS.get(kind, kind)}; put it in quotes if it is text"
            raise RefusedError(problem, node.start_mark) from error
        if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
            problem = f"a number of more than {MOST_DIGITS} digits; put it in quotes if it is text"
            raise RefusedError(problem, node.start_mark)
        return value

    def _measure(self, node: yaml.Node) -> tuple[int, int]:
        """Return how many nodes it holds, itself included, and how deep they are nested."""
        if isinstance(node, yaml.MappingNode):
            inner = [self._measured[child] for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            inner = [self._measured[child] for child in node.value]
        else:
            return 1, 1
        return 1 + sum(nodes for nodes, _ in inner), 1 + max((height for _, height in inner), default=0)

    def _bound(self, fits: bool, problem: str, event: yaml.Event) -> None:
        if not fits:
            raise RefusedError(problem, event.start_mark)


def read_bounded(path: Path) -> bytes:
    """Read a file up to one byte above the bound, so that no device or pipe is read without end."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
