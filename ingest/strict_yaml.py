"""YAML files that declare something, read into a strict model: what is wrong is said with the line.

Used for contracts and for rules. Nothing about forms or rules belongs here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

Model = TypeVar("Model")
# where a check of our own found a fault, from its message and the file's content
PlaceOf = Callable[[str, dict[str, Any]], tuple[Any, ...]]


class StrictYamlError(ValueError):
    """A file that cannot be used: the text says file, line, key and what was expected."""


class _StrictLoader(yaml.CSafeLoader):
    """YAML without its two silent traps: doubled keys, and yes/no/on/off read as booleans."""


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)


def line_of(node: yaml.Node | None, path: tuple[Any, ...]) -> int:
    """The line (from 1) of the node at `path`, or of its nearest parent that exists."""
    line = node.start_mark.line + 1 if node is not None else 1
    for step in path:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    line, child = key.start_mark.line + 1, value
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            child = node.value[step]
            line = child.start_mark.line + 1
        if child is None:
            continue  # pydantic also names union members, which are not in the file
        node = child
    return line


def _refuse_doubled_keys(node: yaml.Node, name: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise StrictYamlError(
                    f"{name}:{key.start_mark.line + 1}: key {key.value!r} stands twice"
                )
            seen.add(key.value)
            _refuse_doubled_keys(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_doubled_keys(child, name)


def read_strictly(path: Path, validate: Callable[[Any], Model], place_of: PlaceOf) -> Model:
    """The model that `validate` makes of a file. Raises StrictYamlError naming file, line and key.

    A fault that `validate` raises for the whole is placed by `place_of`.
    """
    text = path.read_text(encoding="utf-8")
    loader = None
    try:
        loader = _StrictLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise StrictYamlError(f"{path.name}:1: the file is empty")
        _refuse_doubled_keys(node, path.name)
        content = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise StrictYamlError(f"{path.name}:{line}: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise StrictYamlError(f"{path.name}:{line}: {error.reason}") from None
    finally:
        if loader is not None:
            loader.dispose()
    try:
        return validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(first["loc"])
        key = ".".join(str(step) for step in place) or "(form)"
        given = "" if first["type"] == "missing" else f" (given: {str(first['input'])[:60]!r})"
        if not place:  # raised by a check of ours, which names the place itself
            given = ""
        message = str(first["msg"]).removeprefix("Value error, ")
        line = line_of(node, place or place_of(message, content))
        raise StrictYamlError(f"{path.name}:{line}: {key}: {message}{given}") from None
