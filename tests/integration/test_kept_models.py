"""dbt on a working file that a night has filled: what is left alone, and what is built again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pytest

from orchestration.assets.dbt import dbt_project
from orchestration.dagster_dbt_alone import nodes_with_tag, read_manifest_path
from orchestration.left_out import buildable, left_out, selection
from orchestration.warm_dbt import DBT_FOLDER
from tests.integration.conftest import Built
from tests.integration.dbt_builds import dbt_build
from warehouse.home import Home
from warehouse.kept_tables import note_contents

pytestmark = pytest.mark.slow
Build = Callable[..., dict[str, str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dbt project that a test may change."""
    folder = tmp_path / "dbt_project"
    shutil.copytree(DBT_FOLDER, folder, ignore=shutil.ignore_patterns("target", "logs"))
    return folder


@pytest.fixture
def build(project: Path, copied: Built) -> Build:
    """`dbt build` of one table with its tests; what became of each node."""
    return partial(dbt_build, project, copied.home, "--select", "dim_period")


def test_a_table_is_built_again_where_what_it_reads_or_says_is_another(
    build: Build, project: Path, copied: Built
) -> None:
    assert build()["dim_period"] == "KEPT", "as the night made it"
    assert build("--full-refresh")["dim_period"] == "OK"
    assert build()["dim_period"] == "KEPT"

    model = project / "models/marts/dimensions/dim_period.sql"
    model.write_text(model.read_text(encoding="utf-8") + "\nwhere true\n", encoding="utf-8")
    assert build()["dim_period"] == "OK", "other SQL"
    assert build()["dim_period"] == "KEPT"

    columns = model.with_suffix(".yml")
    text = columns.read_text(encoding="utf-8")
    columns.write_text(text.replace("Ngày đầu kỳ.", "Ngày đầu của kỳ."), encoding="utf-8")
    assert build()["dim_period"] == "OK", "other comments"

    with duckdb.connect(str(Home(copied.home).working_file)) as connection:
        connection.execute("update raw.period set label_vi = label_vi || ' (sửa)'")
        note_contents(connection, "raw")
    assert build()["dim_period"] == "OK", "other rows"


def test_a_test_that_failed_is_not_kept(build: Build, project: Path, copied: Built) -> None:
    text = "select * from {{ ref('dim_period') }} where not {{ var('fails', 0) }} = 0\n"
    (project / "tests/assert_nothing.sql").write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError, match="assert_nothing"):
        build("--vars", "{fails: 1}")
    assert build()["assert_nothing"] == "pass"


def test_what_a_command_is_not_given_would_have_been_kept(project: Path, copied: Built) -> None:
    manifest = read_manifest_path(dbt_project.manifest_path.resolve())
    nodes = buildable(manifest, nodes_with_tag("tag:facts", "", "", dbt_project, manifest))
    with duckdb.connect(str(Home(copied.home).working_file)) as connection:
        connection.execute("update raw.expected_submission set due_date = due_date + 1")
        connection.execute("update raw.submission set reason_vi = 'khác'")
        note_contents(connection, "raw")
        left = left_out(connection, nodes)
    facts = ["--exclude-resource-type", "unit_test", "--select", "tag:facts"]
    given = dbt_build(project, copied.home, *facts[:2], *selection(nodes, left), *facts[2:])
    all_nodes = dbt_build(project, copied.home, *facts)

    tables = {
        node["name"] for name in left
        if (node := nodes[name])["config"].get("materialized") == "table"
    }  # fmt: skip
    assert "fct_milestone" not in tables
    assert {"dim_unit", "dim_indicator"} <= tables
    assert {all_nodes[name] for name in tables} == {"KEPT"}
    seeds = {node["name"] for node in nodes.values() if node["resource_type"] == "seed"}
    left_names = {nodes[name]["name"] for name in left}
    assert set(given) == set(all_nodes) - left_names
    assert seeds <= left_names
