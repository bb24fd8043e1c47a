"""dagster_dbt without dbt in Dagster's process: whoever uses it here imports it from this module.

The run's process hands commands to the one that has dbt loaded (warm_dbt.py) and reads what they
print. dagster_dbt loads dbt all the same where it is installed, two seconds of a night's start: for
the names of statuses, which it has itself for those who run dbt in another environment, and to
select by tag, which the manifest says of each node. tests/unit/test_dagster_dbt_alone.py compares
both with dbt's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def _as_if_not_installed(package: str) -> Iterator[None]:
    if package in sys.modules:  # somebody needs it anyway
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # how an import is refused
    try:
        yield
    finally:
        del sys.modules[package]


with _as_if_not_installed("dbt"):
    from dagster_dbt import (
        DagsterDbtTranslator,
        DagsterDbtTranslatorSettings,
        DbtCliResource,
        DbtProject,
        asset_utils,
        dbt_assets,
    )
    from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY
    from dagster_dbt.dbt_manifest import read_manifest_path
    from dagster_dbt.errors import DagsterDbtCliRuntimeError

__all__ = [
    "DAGSTER_DBT_UNIQUE_ID_METADATA_KEY",
    "DagsterDbtCliRuntimeError",
    "DagsterDbtTranslator",
    "DagsterDbtTranslatorSettings",
    "DbtCliResource",
    "DbtProject",
    "dbt_assets",
    "read_manifest_path",
]


def nodes_with_tag(
    select: str, exclude: str, selector: str, project: Any, manifest_json: Mapping[str, Any]
) -> set[str]:
    """Nodes that `tag:…` selects, and tests of any of them. Raises NotImplementedError for whatever
    else could be asked."""
    method, _, tag = select.partition(":")
    if method != "tag" or exclude or selector:
        raise NotImplementedError(f"{select} {exclude} {selector}: only one tag is looked for")
    nodes = manifest_json["nodes"]
    tagged = {name for name, node in nodes.items() if tag in node["tags"]}
    return tagged | {
        name
        for name, node in nodes.items()
        if node["resource_type"] == "test" and not tagged.isdisjoint(node["depends_on"]["nodes"])
    }


asset_utils.select_unique_ids = nodes_with_tag
