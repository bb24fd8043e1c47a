"""Dagster's process knows of dbt what dbt says of itself, and does not load it."""

import json
import subprocess
import sys
from enum import Enum
from importlib import metadata

import pytest
from dagster_dbt import compat, utils
from packaging.version import Version

from orchestration.dagster_dbt_alone import nodes_with_tag


@pytest.fixture(scope="module")
def manifest() -> dict[str, object]:
    from orchestration.assets.dbt import dbt_project

    found: dict[str, object] = json.loads(dbt_project.manifest_path.read_text(encoding="utf-8"))
    return found


def test_the_process_of_the_assets_does_not_load_dbt() -> None:
    loaded = "import sys, orchestration.definitions; print('dbt' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["False"]


def test_dbt_can_be_loaded_afterwards() -> None:
    loaded = "import orchestration.definitions, dbt.version; print(dbt.version.__version__)"
    ended = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith("1.")


@pytest.mark.parametrize("tag", ["facts", "marts"])
def test_a_tag_selects_what_dbt_selects(
    tag: str, manifest: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # as it is where dagster_dbt was loaded with dbt
    monkeypatch.setattr(utils, "DBT_PYTHON_VERSION", Version(metadata.version("dbt-core")))
    ours = nodes_with_tag(f"tag:{tag}", "", "", None, manifest)
    assert len(ours) > 50
    theirs = utils._select_unique_ids_from_manifest(f"tag:{tag}", "", "", manifest)
    assert ours == {name for name in theirs if not name.startswith("unit_test.")}


@pytest.mark.parametrize(
    "asked", [("fqn:*", "", ""), ("tag:facts", "tag:marts", ""), ("", "", "a")]
)
def test_what_is_not_a_tag_is_refused(asked: tuple[str, str, str]) -> None:
    with pytest.raises(NotImplementedError, match="only one tag"):
        nodes_with_tag(*asked, None, {"nodes": {}})


def test_statuses_are_those_of_dbt() -> None:
    from dbt.contracts.results import NodeStatus, TestStatus

    def values(statuses: type[Enum]) -> set[str]:
        return {status.value for status in statuses}

    assert values(TestStatus) <= values(compat.TestStatus)
    assert values(NodeStatus) - values(compat.NodeStatus) == set()
