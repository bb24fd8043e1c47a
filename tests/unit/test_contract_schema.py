"""The JSON Schema of contracts: current, and obeyed by every contract file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from ingest import contract_schema
from ingest.contract import FOLDER

FILES = sorted(FOLDER.glob("*.yml"))


def as_json(path: Path) -> Any:
    """A contract as an editor's schema sees it: dates are texts."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(contract_schema.FILE.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_file_is_current() -> None:
    assert contract_schema.FILE.read_text("utf-8") == contract_schema.text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_contract_obeys_the_schema(path: Path, validator: Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(as_json(path))] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_contract_names_its_schema_if_any(path: Path) -> None:
    """An editor finds the schema by a comment; where it stands, it points to the file."""
    first = path.read_text("utf-8").splitlines()[0]
    if "$schema=" in first:
        assert (path.parent / first.rpartition("$schema=")[2]).resolve() == contract_schema.FILE


@pytest.mark.parametrize(
    ("key", "value"), [("titel", "Sai"), ("fact", "money"), ("version", "one"), ("senders", [])]
)
def test_schema_refuses(key: str, value: Any, validator: Draft202012Validator) -> None:
    content = as_json(FILES[0]) | {key: value}
    assert list(validator.iter_errors(content))
