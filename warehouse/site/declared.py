"""What the pages are: `pages.yml` as typed objects, with what is wrong in it said by its place."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent
QUERIES = FOLDER / "queries"

# number: with as many decimals as its size asks for
Shown = Literal["text", "whole", "number1", "number2", "number", "date", "moment", "status"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bar(_Declared):
    """A bar beside a number: `of` is the full length (a number, or a column), `mark` the column of
    what is to be reached."""

    of: float | str
    mark: str | None = None
    plain: bool = False  # not in the colour of the row's standing


class Part(_Declared):
    column: str
    name: str


class Column(_Declared):
    """A column of a block, by its name in the query."""

    name: str
    heading: str
    shown: Shown = "text"
    # the columns that hold the keys of the facts behind the figure: each a key, or a list
    keys: tuple[str, ...] = ()
    # facts that are only listed: their sheets are drawn where other figures need them
    is_drawn: bool = True
    # the column with the values of a small line under the text
    spark: str | None = None
    # of a status: the column of its code
    code: str | None = None
    # a page that the text leads to; columns of the query in braces
    link: str | None = None
    bar: Bar | None = None
    # of a whole number: the columns of its parts, each with the code of its colour
    parts: tuple[Part, ...] = ()
    # the code whose sign stands in the heading
    sign: str | None = None


class Series(_Declared):
    column: str
    name: str


class Chart(_Declared):
    """A chart of a block's rows, in their order: `x` names them; one chart a value of `split`."""

    kind: Literal["line", "bar", "stacked"]
    x: str
    series: tuple[Series, ...]
    unit: str
    split: str | None = None
    apart: bool = False  # a chart of its own for each series


class Block(_Declared):
    """A table (with a chart before it), or a row of tiles."""

    id: str
    title: str
    query: str
    empty: str
    columns: tuple[Column, ...]
    kind: Literal["table", "tiles"] = "table"
    says: str = ""
    # columns and what they are to be: of the query's rows only these
    where: dict[str, str | bool] = {}
    chart: Chart | None = None
    # of a page for each unit: the column that says whose a row is
    by: str | None = None
    folded: bool = False  # behind its chart, to be opened
    cards: bool = False  # each row is a card on a phone
    # more rows than this are only in the files to download
    most: int = 400
    more: str | None = None  # the page that says more


class Page(_Declared):
    """A page, or one for each row of the query `each`: its columns in braces."""

    file: str
    title: str
    question: str
    blocks: tuple[Block, ...]
    nav: str | None = None
    each: str | None = None
    key: str | None = None
    # the kinds of facts whose reports the page rests on: who has not sent them is said
    facts: tuple[str, ...] = ()


class Site(_Declared):
    pages: tuple[Page, ...]


@cache
def site() -> Site:
    """The declared pages."""
    return Site.model_validate(yaml.load((FOLDER / "pages.yml").read_bytes(), yaml.CSafeLoader))


@cache
def query_text(name: str) -> str:
    """The SQL of a query, by the name of its file."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
