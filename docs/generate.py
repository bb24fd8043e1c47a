"""Writes the generated pages of this folder: `python -m docs.generate [--check]`.

`data-dictionary.md` and its folder come from the dbt YAML of the published tables, the contracts
and the seeds; `coverage.md` from `coverage.yml`; `figures-coverage.md` from the lists beside the
samples; `rules.md` from the files of rules and `rules.yml`; the findings in `huong-dan-can-bo.md`
from `expectations/sentences.yml` and the files of rules. Nothing is said
here that those do not say: what belongs in a page goes into its source. With `--check` nothing is
written, and a page that differs from its source makes the exit status 1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from docs.coverage import coverage
from docs.dictionary import dictionary_pages
from docs.figures import figures_coverage
from docs.findings import officers_guide
from docs.rules import rules_page

DOCS = Path(__file__).resolve().parent
# folders in which nothing is written by hand
_GENERATED = ("data-dictionary",)


def pages() -> dict[str, str]:
    """Every generated page, by its name in this folder."""
    return {
        **dictionary_pages(),
        "coverage.md": coverage(),
        "figures-coverage.md": figures_coverage(),
        "huong-dan-can-bo.md": officers_guide(),
        "rules.md": rules_page(),
    }


def main(arguments: Sequence[str], docs: Path = DOCS) -> int:
    """Write the pages, or compare them (`--check`). Exit status 1 for a difference."""
    if list(arguments) not in ([], ["--check"]):
        sys.stderr.write("usage: python -m docs.generate [--check]\n")
        return 2
    wanted = pages()
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
    if arguments:
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
