"""Reads written pages as a browser would without running anything: figures, links, ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

_INLINE = {"a", "span", "strong", "button"}
_VOID = {"meta", "link", "br", "img", "input", "path", "rect", "circle", "use"}


@dataclass(frozen=True)
class Figure:
    """What a page shows of a row and column of a query, and where it leads."""

    query: str
    row: int
    column: str
    text: str
    href: str | None


@dataclass
class Parsed(HTMLParser):
    """A page: its figures, texts, links and ids."""

    content: str
    figures: list[Figure] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    scripts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[dict[str, str]] = []
        self._texts: list[str] = []
        self._cell: tuple[int, str] | None = None
        self._cell_text: list[str] = []
        self._cell_href: str | None = None
        self.feed(self.content)

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.links += [found[name] for name in ("href", "src") if name in found]
        if "id" in found:
            self.ids.add(found["id"])
        if tag not in _INLINE:
            self._texts.append(" ")
        if tag == "script":
            self.scripts.append(found.get("src", found.get("type", "")))
        if self._cell is not None and "href" in found and tag == "a":
            self._cell_href = found["href"]
        if tag in _VOID:
            return
        self._open.append(found | {"tag": tag})
        if "data-column" in found and self._attribute("data-row"):
            self._cell = (len(self._open), found["data-column"])
            self._cell_text, self._cell_href = [], None

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._cell is not None and len(self._open) == self._cell[0]:
            self.figures.append(
                Figure(
                    self._attribute("data-query"),
                    int(self._attribute("data-row")),
                    self._cell[1],
                    " ".join("".join(self._cell_text).split()),
                    self._cell_href,
                )
            )
            self._cell = None
        assert self._open.pop()["tag"] == tag, f"{tag} is closed, but not open"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1]["tag"] in ("script", "style"):
            return
        self._texts.append(data)
        if self._cell is not None:
            self._cell_text.append(data)

    def _attribute(self, name: str) -> str:
        return next((found[name] for found in reversed(self._open) if name in found), "")


@cache
def read_page(path: Path) -> Parsed:
    return Parsed(path.read_text(encoding="utf-8"))


def pages_of(folder: Path) -> Iterator[Path]:
    """Every page of a site, in order."""
    yield from sorted(folder.rglob("*.html"))
