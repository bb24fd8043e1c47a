"""Writes the generated pages of this folder: `python -m docs.generate [--check] [--home HOME]`.

`data-dictionary.md` and its folder come from the dbt YAML of the published tables, the contracts
and the seeds; `coverage.md` from `coverage.yml`; `figures-coverage.md` from the lists beside the
samples; `rules.md` from the files of rules and `rules.yml`; the findings in `huong-dan-can-bo.md`
from `expectations/sentences.yml` and the files of rules; `identities.md`, with a home that was
built on the samples, from the rules and its figures. Nothing is said here that those do not say:
what belongs in a page goes into its source. With `--check` nothing is written, and a page that
differs from its source makes the exit status 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from docs.coverage import coverage
from docs.dictionary import dictionary_pages
from docs.figures import figures_coverage
from docs.findings import officers_guide
from docs.identities import identities_page
from docs.rules import rules_page
from warehouse.home import Home

DOCS = Path(__file__).resolve().parent
# folders in which nothing is written by hand
_GENERATED = ("data-dictionary",)


def pages(home: Path | None = None) -> dict[str, str]:
    """Every page that can be made, by its name in this folder; some need a home."""
    found = {
        **dictionary_pages(),
        "coverage.md": coverage(),
        "figures-coverage.md": figures_coverage(),
        "huong-dan-can-bo.md": officers_guide(),
        "rules.md": rules_page(),
    }
    if home is not None:
        found["identities.md"] = identities_page(home)
    return found


def main(arguments: Sequence[str], docs: Path = DOCS) -> int:
    """Write the pages, or compare them (`--check`). Exit status 1 for a difference, 2 for wrong
    use."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--home", type=Path, help="a home that was built on the samples")
    try:
        said = parser.parse_args(arguments)
    except SystemExit:
        return 2
    if said.home is not None and not Home(said.home).working_file.exists():
        sys.stderr.write(f"{said.home}: no build there; run: make nightly\n")
        return 2
    wanted = pages(said.home)
    changed = [
        name
        for name, text in wanted.items()
        if not (docs / name).exists() or (docs / name).read_text(encoding="utf-8") != text
    ]
    stale = [
        path.relative_to(docs).as_posix()
        for folder in _GENERATED
        for path in sorted((docs / folder).rglob("*.md"))
        if path.relative_to(docs).as_posix() not in wanted
    ]
    if said.check:
        if different := changed + stale:
            names = ", ".join(f"docs/{name}" for name in different)
            sys.stderr.write(f"{names}: not what the sources say; run: python -m docs.generate\n")
        return 1 if different else 0
    for name in changed:
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(wanted[name], encoding="utf-8")
        sys.stdout.write(f"docs/{name} written\n")
    for name in stale:
        (docs / name).unlink()
        sys.stdout.write(f"docs/{name} removed: it has no source\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
