"""What Dagster sees: assets, checks, the nightly job, its schedule and the sensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from orchestration.assets import dbt, ingest, marts, publish, punctuality, quality
from orchestration.resources import IN_MEMORY, BuildResource
from orchestration.schedules import every_night, nightly
from orchestration.sensors import failed_run, files_arrived, killed_run
from orchestration.warm_dbt import COMMAND

OWNERS = ("team:to-du-lieu",)
"""Who is asked about an asset: the data team of the finance department."""


def _owned(assets: Sequence[Any]) -> Sequence[Any]:
    return dg.map_asset_specs(lambda spec: spec.replace_attributes(owners=[*OWNERS]), assets)


defs = dg.Definitions(
    assets=_owned(dg.load_assets_from_modules([ingest, quality, dbt, marts, publish])),
    asset_checks=dg.load_asset_checks_from_modules([punctuality]),
    jobs=[nightly],
    schedules=[every_night],
    sensors=[files_arrived, failed_run, killed_run],
    executor=dg.in_process_executor,
    resources={
        "build": BuildResource(),
        IN_MEMORY: dg.mem_io_manager,
        "dbt": dbt.NightlyDbt(
            project_dir=dbt.dbt_project,
            dbt_executable=COMMAND[0],
            global_config_flags=[*COMMAND[1:]],
        ),
    },
)
