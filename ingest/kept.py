"""Results kept on disk that only save time: what is torn, altered or of another key is not there.

An entry is one file: a line with its key and the digest of the rest, then the pickled value. It is
written whole or not at all. Values hold this project's own plain classes and nothing else, and
nothing else is made of them when they are read.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

_FORMAT = "kho-kept-1"
# beside the classes that the caller names
_PLAIN = {
    ("builtins", "frozenset"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("decimal", "Decimal"),
}


class _NotKept(pickle.UnpicklingError):
    """A value of a class that no kept result has."""


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, modules: Collection[str]) -> None:
        super().__init__(io.BytesIO(content))
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        if module in self._modules or (module, name) in _PLAIN:
            found = super().find_class(module, name)
            # a module's own classes: not what it imports, nor a function of it
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise _NotKept(f"{module}.{name}")


def keep(path: Path, key: str, value: Any) -> None:
    """Write an entry. `key` is one line of text that says what the value was made of."""
    content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    head = f"{_FORMAT} {key} {hashlib.sha256(content).hexdigest()}\n".encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(head + content)
    unfinished.replace(path)


def kept(path: Path, key: str, modules: Collection[str]) -> Any | None:
    """The value of an entry; None where there is none of that key, or it is not whole.

    `modules` are those whose classes the value may hold.
    """
    try:
        head, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    expected = f"{_FORMAT} {key} {hashlib.sha256(content).hexdigest()}".encode()
    if head != expected:
        return None
    try:
        return _Reader(content, modules).load()
    except Exception:  # written by other code under the same key: made again
        return None
