"""The page on threats names tests that exist and run."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_every_test_that_the_page_names_exists() -> None:
    page = (PROJECT / "docs" / "threats.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 25
    for path, name in named:
        source = (PROJECT / path).read_text(encoding="utf-8")
        assert f"def {name}(" in source, f"{path}::{name}"
