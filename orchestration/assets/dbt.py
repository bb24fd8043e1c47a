"""Stage 3: dbt, in two runs: facts, then (once identities are checked on the facts) marts."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
from packaging.version import Version

from orchestration.dagster_dbt_alone import (
    DAGSTER_DBT_UNIQUE_ID_METADATA_KEY,
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
    nodes_with_tag,
    read_manifest_path,
)
from orchestration.left_out import Nodes, buildable, left_out, selection
from orchestration.logs import log
from orchestration.resources import BuildResource
from orchestration.second_try import tried_again
from orchestration.warm_dbt import DBT_FOLDER, target_of
from warehouse.connection import open_working
from warehouse.kept_tables import made_and_kept


class _Translator(DagsterDbtTranslator):
    """Sources are what the asset before dbt filled; models keep their own names as keys."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            filled_by = {"quality": "checked_identities"}
            return dg.AssetKey(
                filled_by.get(dbt_resource_props["source_name"], "accepted_submissions")
            )
        return dg.AssetKey(dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        prefix = dbt_resource_props["name"].split("_")[0]
        return {
            "stg": "staging",
            "int": "intermediate",
            "dim": "dimensions",
            "bridge": "dimensions",
            "fct": "facts",
        }.get(prefix, "marts")


class NightlyDbt(DbtCliResource):
    """dbt as a command (that of orchestration/warm_dbt.py), without what only row counts and column
    metadata are fetched with: asking for its version and setting up an adapter cost seconds."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:
        return None


def _project() -> DbtProject:
    """The dbt project with its manifest, parsed when it is missing or older than the models."""
    project = DbtProject(project_dir=DBT_FOLDER, profiles_dir=DBT_FOLDER)
    manifest = Path(project.manifest_path)
    sources = [
        path.stat().st_mtime
        for pattern in ("models/**/*", "seeds/*", "macros/*", "tests/*", "*.yml")
        for path in DBT_FOLDER.glob(pattern)
        if path.is_file()
    ]
    if not manifest.exists() or manifest.stat().st_mtime < max(sources):
        NightlyDbt(project_dir=project).cli(
            ["parse", "--quiet"], target_path=project.target_path
        ).wait()
    return project


dbt_project = _project()
_KEPT = {"kept": True}
_translator = _Translator(
    settings=DagsterDbtTranslatorSettings(
        enable_asset_checks=True,
        # with it a blocking check in front of dbt silently stops blocking
        enable_source_tests_as_checks=False,
        enable_duplicate_source_asset_keys=True,
    )
)


def _run(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, build: BuildResource, tag: str
) -> Iterator[Any]:
    manifest = read_manifest_path(dbt_project.manifest_path.resolve())
    nodes = buildable(manifest, nodes_with_tag(f"tag:{tag}", "", "", dbt_project, manifest))
    kept = set[str]()
    if not context.is_subset:
        with open_working(build.place.working_file) as connection:
            kept = left_out(connection, nodes)
    # without dbt's own log (--quiet) Dagster would see no result and skip what comes after
    # unit tests try the logic on made-up rows: that is the test suite's work, not the night's
    arguments = ["build", "--exclude-resource-type", "unit_test", *selection(nodes, kept)]
    events = dbt.cli(arguments, context=context, target_path=target_of(build.place)).stream()
    yield from _checks_left_out(context.assets_def, kept)
    yield from _with_assets_left_out(events, nodes, kept)
    with open_working(build.place.working_file) as connection:
        made, stand = made_and_kept(connection)
    log("dbt", made=made, kept=stand, left_out=len(kept))


def _checks_left_out(assets: dg.AssetsDefinition, kept: Collection[str]) -> Iterator[Any]:
    for check in assets.check_specs:
        if check.metadata.get(DAGSTER_DBT_UNIQUE_ID_METADATA_KEY) in kept:
            yield dg.AssetCheckResult(
                passed=True, check_name=check.name, asset_key=check.asset_key, metadata=_KEPT
            )


def _with_assets_left_out(
    events: Iterable[Any], nodes: Nodes, kept: Collection[str]
) -> Iterator[Any]:
    """The events of a command, and among them what it was not given: Dagster wants to hear of each
    asset after those that it is made of."""
    waiting = {
        nodes[name]["name"]: {
            nodes[on]["name"] for on in nodes[name]["depends_on"].get("nodes", ()) if on in nodes
        }
        for name in kept
        if nodes[name]["resource_type"] != "test"
    }

    def free(told: Collection[str]) -> Iterator[Any]:
        while told:
            for on in waiting.values():
                on.difference_update(told)
            told = sorted(name for name, on in waiting.items() if not on)
            for name in told:
                del waiting[name]
                yield dg.MaterializeResult(asset_key=name, metadata=_KEPT)

    yield from free([""])
    for event in events:
        yield event
        if isinstance(event, dg.Output):
            yield from free([event.output_name])


@dbt_assets(
    manifest=dbt_project.manifest_path,
    select="tag:facts",
    dagster_dbt_translator=_translator,
    name="dbt_facts",
)
@tried_again
def dbt_facts(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, build: BuildResource
) -> Iterator[Any]:
    """Seeds, staging, intermediate models, dimensions and facts, with their tests."""
    yield from _run(context, dbt, build, "facts")


@dbt_assets(
    manifest=dbt_project.manifest_path,
    select="tag:marts",
    dagster_dbt_translator=_translator,
    name="dbt_marts",
)
@tried_again
def dbt_marts(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, build: BuildResource
) -> Iterator[Any]:
    """Marts, and the published tables of submissions, findings and changes."""
    yield from _run(context, dbt, build, "marts")
