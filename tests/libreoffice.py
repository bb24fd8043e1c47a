"""An officer with LibreOffice: types texts into cells of a workbook and saves it in its format."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape


class Typed(NamedTuple):
    """A text typed into a cell, as the officer sees the sheet."""

    sheet: str
    address: str
    text: str


_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1"
 script:language="StarBasic">
Sub TypeAndSave
  Dim options(0) As New com.sun.star.beans.PropertyValue
  options(0).Name = "Hidden"
  options(0).Value = True
  book = StarDesktop.loadComponentFromURL(ConvertToURL({path}), "_blank", 0, options())
{typed}
  book.store()
  book.close(True)
End Sub
</script:module>
"""


def type_and_save(workbook: Path, typed: Sequence[Typed], folder: Path) -> None:
    """Open a workbook in LibreOffice, type, save. `folder` keeps its settings; the macro is in
    them and never in the workbook."""
    # the first start lays out the settings, and would take a macro away
    _run(folder, "--terminate_after_init")
    module = folder / "profile/user/basic/Standard/Module1.xba"
    assert module.exists()
    lines = [
        f"  book.Sheets.getByName({_quoted(sheet)}).getCellRangeByName({_quoted(address)})"
        f".setString({_quoted(text)})"
        for sheet, address, text in typed
    ]
    said = _MODULE.format(path=escape(_quoted(str(workbook))), typed=escape("\n".join(lines)))
    module.write_text(said, encoding="utf-8")
    before = workbook.read_bytes()
    _run(folder, "macro:///Standard.Module1.TypeAndSave")
    assert workbook.read_bytes() != before, "LibreOffice did not save"


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
            "--norestore", *arguments,
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip


def _quoted(text: str) -> str:
    """A text of Basic."""
    assert "\n" not in text
    return '"' + text.replace('"', '""') + '"'
