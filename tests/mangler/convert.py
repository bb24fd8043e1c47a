"""Other formats by LibreOffice, many files in one start; it writes .xls and .ods, but no .xlsb."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_FILTERS = {"xls": "xls:MS Excel 97", "ods": "ods"}
_AT_ONCE = 60


def convert(paths: Sequence[Path], format_: str) -> None:
    """Each .xlsx becomes a file of the format beside it, and is removed. Names must differ."""
    for start in range(0, len(paths), _AT_ONCE):
        batch = paths[start : start + _AT_ONCE]
        with tempfile.TemporaryDirectory() as temporary:
            profile = Path(temporary) / "profile"
            out = Path(temporary) / "out"
            command = [
                "soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to",
                _FILTERS[format_], "--outdir", str(out), *map(str, batch),
            ]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True, timeout=600)
            for path in batch:
                (out / f"{path.stem}.{format_}").rename(path.with_suffix(f".{format_}"))
                path.unlink()
