"""Days and moments as they are typed on the command line; what is none is said in Vietnamese."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click


class Day(click.ParamType[date]):
    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        if isinstance(value, date):
            return value
        for pattern in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(value, pattern).date()  # noqa: DTZ007 - a day, no time
            except ValueError:
                continue
        self.fail(f"“{value}” không phải là ngày; ví dụ 2026-12-31 hoặc 31/12/2026", param, ctx)


class Moment(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"“{value}” không phải thời điểm; ví dụ 2026-11-22T02:00", param, ctx)
        if moment.tzinfo is not None:
            self.fail("ghi giờ Việt Nam, không kèm múi giờ", param, ctx)
        return moment
