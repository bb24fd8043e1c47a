"""`make bundle`: what it makes installs and runs where there is no network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"  # nobody listens there
# what pip says where it cannot have a file
NO_WHEELS = re.compile(
    r"No matching distribution|Could not find a version|Max retries|Connection|NewConnection|"
    r"HTTP error|ReadTimeout|certificate",
    re.IGNORECASE,
)


def committed(folder: Path) -> Path:
    """A repository with what lies here, as a bundle is of a commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    who = ["-c", "user.name=kho", "-c", "user.email=kho@kho.invalid"]
    for command in (["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "-m", "."]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder


def without_network() -> list[str]:
    """What a command is put behind so that it has no network, not even the machine's own; nothing
    where this machine's kernel does not let us."""
    for command in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if shutil.which("unshare") and not subprocess.run([*command, "true"]).returncode:
            return command
    return []


def run(command: Sequence[str | Path], folder: Path, home: Path) -> str:
    """With an empty home and caches, none of our settings, and no index to ask."""
    kept = {k: v for k, v in os.environ.items() if not re.match("KHO_|PYTHON|PIP_|UV_|VIRTUAL", k)}
    empty = {
        "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"),
        "http_proxy": NOWHERE, "https_proxy": NOWHERE, "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE, "PIP_INDEX_URL": NOWHERE, "UV_DEFAULT_INDEX": NOWHERE,
        "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1",
    }  # fmt: skip
    done = subprocess.run(
        [*without_network(), *map(str, command)], cwd=folder, env=kept | empty,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.mark.slow
def test_a_bundle_installs_and_builds_the_samples_without_a_network(tmp_path: Path) -> None:
    source = committed(tmp_path / "source")
    made = subprocess.run(
        ["make", "bundle", "READY=", f"BIN={Path(sys.executable).parent}"],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode and NO_WHEELS.search(made.stderr):
        pytest.skip(f"pip cannot fetch the wheels of the lock: {made.stderr.splitlines()[-1]}")
    assert made.returncode == 0, made.stderr
    [bundle] = (source / "dist").glob("*.tar")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "xf", str(bundle)], cwd=unpacked, check=True)
    shutil.rmtree(source)
    [folder] = unpacked.iterdir()

    home, target = tmp_path / "nobody", tmp_path / "installed"
    home.mkdir()
    said = run([folder / "install.sh", target], tmp_path, home)
    assert f"installed in {target}" in said
    shutil.rmtree(unpacked)  # what is installed needs nothing of it
    warehouse = tmp_path / "home"
    run(
        [target / ".venv/bin/kho", "nightly", "--inbox", target / "samples/inbox",
         "--home", warehouse],
        tmp_path, home,
    )  # fmt: skip
    build = json.loads((warehouse / "current/build.json").read_text(encoding="utf-8"))
    files = [path for path in (PROJECT / "samples/inbox").rglob("*") if path.is_file()]
    assert build["counts"]["files"] == len(files)
    assert build["counts"]["accepted"] == build["counts"]["submissions"] > len(files) / 2
    assert build["counts"]["facts"] > 0


def test_a_damaged_bundle_is_not_installed(tmp_path: Path) -> None:
    for name in ("install.sh", "README.md"):
        shutil.copy2(PROJECT / "release" / name, tmp_path / name)
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  ./README.md\n", encoding="utf-8")
    done = subprocess.run(
        [str(tmp_path / "install.sh"), str(tmp_path / "there")], capture_output=True, text=True,
        env=os.environ | {"PYTHON": sys.executable}, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the bundle is damaged; copy it again" in done.stderr
    assert not (tmp_path / "there").exists()
