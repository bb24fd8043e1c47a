"""Acts as a table: raw.act, one row an act, with what it comes to on a day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date

import polars as pl

from warehouse.acts import (
    Acceptance,
    Act,
    Correction,
    Explanation,
    Expunge,
    Rejection,
    Release,
    Reprocess,
    Withdrawal,
    standing,
)

ACT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "act_no": pl.Int32,
    "kind": pl.String,
    "done_at": pl.String,
    "owner": pl.String,
    "reason": pl.String,
    "submission_id": pl.String,
    "unit_code": pl.String,
    "form_code": pl.String,
    "period_key": pl.String,
    "file_sha256": pl.String,
    "place_key": pl.String,
    "cell_ref": pl.String,
    "expect": pl.String,
    "new_value": pl.String,
    "explanation": pl.String,
    "expires": pl.String,
    "withdraws": pl.Int32,
    "state": pl.String,
    "state_vi": pl.String,
}

_STATE_VI = {
    "in_force": "Đang có hiệu lực.",
    "expired": "Đã hết hạn.",
    "withdrawn": "Đã được rút lại.",
    "replaced": "Đã có việc làm sau thay thế.",
    "waiting": "Giải trình đang chờ xem xét.",
    "done": "Đã thực hiện.",
}


def act_frame(
    acts: Sequence[Act], day: date, failed: Mapping[int, str] | None = None
) -> pl.DataFrame:
    """raw.act, one row an act, with its state on a day; `failed` says of corrections that apply no
    more (by act_no) why."""
    kept = {act.act_no for act in standing(acts)}
    last: dict[tuple[str, str], int] = {}
    for act in acts:
        if act.act_no in kept and (about := _about(act)) is not None:
            last[about] = act.act_no
    rows = []
    for act in acts:
        said = (failed or {}).get(act.act_no)
        state = "failed" if said else _state(act, day, kept, last)
        line = {name: value for name, value in asdict(act).items() if name in ACT_SCHEMA}
        rows.append(
            dict.fromkeys(ACT_SCHEMA)
            | line
            | {
                "kind": act.kind,
                "done_at": act.at,
                "cell_ref": f"{act.sheet}!{act.cell}" if isinstance(act, Correction) else None,
                "explanation": act.text if isinstance(act, Explanation) else None,
                "state": state,
                "state_vi": said or _STATE_VI[state],
            }
        )
    return pl.DataFrame(rows, schema=ACT_SCHEMA).with_columns(
        pl.col("done_at").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"),
        pl.col("expires").str.to_date("%Y-%m-%d"),
    )


def _about(act: Act) -> tuple[str, str] | None:
    """What only the last act of its sort counts for."""
    match act:
        case Release():
            return "submission", act.submission_id
        case Acceptance() | Rejection():
            return "place", act.place_key
    return None


def _state(act: Act, day: date, kept: Collection[int], last: Mapping[tuple[str, str], int]) -> str:
    if act.act_no not in kept:
        return "withdrawn"
    about = _about(act)
    if about is not None and last[about] != act.act_no:
        return "replaced"
    match act:
        case Release() if not act.is_in_force(day):
            return "expired"
        case Explanation():
            decided = last.get(("place", act.place_key), 0)
            return "done" if decided > act.act_no else "waiting"
        case Reprocess() | Withdrawal() | Expunge():
            return "done"
    return "in_force"
