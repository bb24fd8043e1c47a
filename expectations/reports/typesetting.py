"""Sets a PDF from a template in `templates/` and data: what every paper of the warehouse shares.

Data reaches a template as JSON and is shown as text there; no markup is ever made from it. The
fonts are the ones in `fonts/` (Liberation Serif, of Times metric), never those of the machine, and
the time in the file is the build's: the same data give the same bytes everywhere.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

FOLDER = Path(__file__).parent
TEMPLATES, FONTS = FOLDER / "templates", FOLDER / "fonts"


class TypesettingError(RuntimeError):
    """A paper that could not be set."""


_own = threading.local()


def _compiler() -> typst.Compiler:
    """One for each thread: papers are set beside each other."""
    if not hasattr(_own, "compiler"):
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)])
        _own.compiler = typst.Compiler(
            root=str(TEMPLATES), font_paths=fonts, ignore_system_fonts=True
        )
    compiler: typst.Compiler = _own.compiler
    return compiler


def set_pdf(template: str, data: Mapping[str, Any], as_of: datetime) -> bytes:
    """The PDF of `templates/<template>` filled with `data` (what JSON can hold).

    Raises TypesettingError where the template cannot be set with that data.
    """
    try:
        content = _compiler().compile(
            input=str(TEMPLATES / template),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=as_of.replace(tzinfo=UTC),
        )
    except typst.TypstError as error:
        raise TypesettingError(f"{template}: {error.message}") from None
    if not isinstance(content, bytes):
        raise TypesettingError(f"{template}: not one PDF")
    return content
