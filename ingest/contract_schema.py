"""The JSON Schema of contracts: an editor completes and checks a contract while it is written.

Derived from the model, so it never says more or less than `read_contract` does; the file beside
this module is written by `python -m ingest.contract_schema` and held against it by a test.
"""

from __future__ import annotations

import json
from pathlib import Path

from ingest.contract import Contract

FILE = Path(__file__).with_name("contract.schema.json")


def text() -> str:
    """The schema as the file holds it."""
    schema = Contract.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
