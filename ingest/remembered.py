"""What is worked out once a process, because forms come again with every unit and period.

Of a thousand workbooks the headers, the rows of column numbers and most texts are the same few
hundred. Texts are remembered by `lru_cache`; what depends on more than a text by `Remembered`. A
key holds all that its value depends on, so that nothing is read otherwise for having been read
before; a part of a contract stands in it by its `id`, and in the value itself, so that the id
stays its own.
"""

from __future__ import annotations

from typing import TypeVar

MOST = 5000

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(dict[Key, Value]):
    """Values by all that they depend on; forgotten all at once where there are too many."""

    def keep(self, key: Key, value: Value) -> Value:
        if len(self) >= MOST:
            self.clear()
        self[key] = value
        return value
