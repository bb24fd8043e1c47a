"""What counts as an address of mail. Light: the settings use it, and every command reads them."""

from __future__ import annotations

import re

# addresses are written by the data team; what is not surely one address is refused
_ADDRESS = re.compile(r"[A-Za-z0-9_+.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def is_address(text: str) -> bool:
    """Whether it is one plain address: no blank, line end, comma or sign that is not ASCII."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None
