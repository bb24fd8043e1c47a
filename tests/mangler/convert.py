"""Other formats by LibreOffice, many files in one start; it writes .xls and .ods, but no .xlsb."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_FILTERS = {"xls": "xls:MS Excel 97"}
_AT_ONCE = 60


def convert_into(out: Path, paths: Sequence[Path], format_: str) -> list[Path]:
    """The files in another format, below `out` under their own names, which must differ."""
    with tempfile.TemporaryDirectory() as profile:
        for start in range(0, len(paths), _AT_ONCE):
            command = [
                "soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to",
                _FILTERS.get(format_, format_), "--outdir", str(out),
                *map(str, paths[start : start + _AT_ONCE]),
            ]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True, timeout=600)
    return [out / f"{path.stem}.{format_}" for path in paths]


def convert(paths: Sequence[Path], format_: str) -> None:
    """Each .xlsx becomes a file of the format beside it, and is removed. Names must differ."""
    with tempfile.TemporaryDirectory() as temporary:
        for path, made in zip(paths, convert_into(Path(temporary), paths, format_), strict=True):
            made.rename(path.with_suffix(f".{format_}"))
            path.unlink()
