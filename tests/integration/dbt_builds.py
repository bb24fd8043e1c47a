"""`dbt build` on a working file that a night has filled: what became of each node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from warehouse.home import Home


def dbt_build(project: Path, home: Path, *arguments: str) -> dict[str, str]:
    """Build some nodes of a dbt project, with their tests; the status of each."""
    log = project / "logs/dbt.log"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--log-format-file", "json",
         "build", "--profiles-dir", ".", "--log-path", "logs", *arguments],
        cwd=project, capture_output=True, text=True, check=False,
        env=os.environ | {"KHO_WAREHOUSE": str(Home(home).working_file.resolve())},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    events = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{"]
    return {
        event["data"]["node_info"]["node_name"]: event["data"].get("status", "")
        for event in events
        if event["info"]["name"] in ("LogModelResult", "LogTestResult")
    }
