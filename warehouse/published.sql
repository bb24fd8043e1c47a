-- What the published file has besides its tables: the way back from a figure to its cell (and, for every fact, what it
-- said at an earlier moment: published_file.py). Plain SQL that DuckDB 1.2 runs too; views and macros name no database, so
-- that the file can be attached under any name.

-- Every version of every fact, with file, sheet, cell and the text as typed.
create or replace view trace_fact as
with fact as (
    select
        'fct_budget' as fact_table, fact_key, unit_code, period_key, measure,
        cast(amount_vnd as decimal(28, 6)) as value, 'vnd' as value_unit, value_text, corrected_text,
        submission_id, cell_ref, known_from, known_to, is_current
    from fct_budget
    union all
    select
        'fct_investment', fact_key, unit_code, period_key, measure,
        cast(coalesce(amount_vnd, amount_usd, quantity) as decimal(28, 6)),
        case when amount_vnd is not null then 'vnd' when amount_usd is not null then 'usd' else quantity_unit end,
        value_text, corrected_text, submission_id, cell_ref, known_from, known_to, is_current
    from fct_investment
    union all
    select
        'fct_indicator', fact_key, unit_code, period_key, measure, value, value_unit, value_text, corrected_text,
        submission_id, cell_ref, known_from, known_to, is_current
    from fct_indicator
    union all
    select
        'fct_trade', fact_key, unit_code, period_key, measure,
        cast(coalesce(value_usd, quantity) as decimal(28, 6)),
        case when value_usd is not null then 'usd' else quantity_unit end,
        value_text, corrected_text, submission_id, cell_ref, known_from, known_to, is_current
    from fct_trade
    union all
    select
        'fct_target', fact_key, unit_code, period_key, measure, value_low, value_unit, value_text, corrected_text,
        submission_id, cell_ref, known_from, known_to, is_current
    from fct_target
    union all
    select
        'fct_milestone', fact_key, unit_code, period_key, milestone_state, null, null, value_text, corrected_text,
        submission_id, cell_ref, known_from, known_to, is_current
    from fct_milestone
)

select
    fact.fact_table,
    fact.fact_key,
    fact.unit_code,
    fact.period_key,
    fact.measure,
    fact.value,
    fact.value_unit,
    fact.value_text,
    fact.corrected_text,
    submission.file_path,
    regexp_replace(fact.cell_ref, '![^!]*$', '') as sheet_name,
    regexp_extract(fact.cell_ref, '([^!]*)$', 1) as cell,
    fact.cell_ref,
    submission.form_code,
    submission.reporter_unit_code,
    submission.received_at,
    submission.file_sha256,
    fact.submission_id,
    fact.known_from,
    fact.known_to,
    fact.is_current
from fact
left join submission on fact.submission_id = submission.submission_id;

-- What the checks found on the cell of a fact, open and closed.
create or replace view trace_finding as
with looked_at as (
    select
        submission_id, unnest(cells) as cell_ref, rule, severity, message, fix, first_seen, closed, state
    from dq_result
)

select
    trace_fact.fact_table,
    trace_fact.fact_key,
    trace_fact.cell_ref,
    looked_at.rule,
    looked_at.severity,
    looked_at.message,
    looked_at.fix,
    looked_at.first_seen,
    looked_at.closed,
    looked_at.state
from trace_fact
inner join looked_at
    on trace_fact.submission_id = looked_at.submission_id and trace_fact.cell_ref = looked_at.cell_ref
where trace_fact.is_current;

-- `from trace((select fact_keys from mart_budget_execution where …))`: the facts under a row of a mart.
create or replace macro trace(keys) as table
    select * from trace_fact
    where fact_key in (select unnest(keys)) and is_current
    order by fact_key;

comment on view trace_fact is 'Truy vết: mọi phiên bản của mọi số liệu, kèm tệp, trang tính, ô và chữ như đã ghi.';
comment on column trace_fact.fact_table is 'Bảng số liệu.';
comment on column trace_fact.fact_key is 'Khóa số liệu, không đổi qua các lần dựng kho.';
comment on column trace_fact.unit_code is 'Đơn vị mà số liệu nói về.';
comment on column trace_fact.period_key is 'Kỳ.';
comment on column trace_fact.measure is 'Thước đo; với mốc tiến độ: kế hoạch hay thực tế.';
comment on column trace_fact.value is 'Giá trị theo đơn vị gốc; trống với mốc tiến độ.';
comment on column trace_fact.value_unit is 'Đơn vị tính của giá trị.';
comment on column trace_fact.value_text is 'Chữ như đã ghi trong ô.';
comment on column trace_fact.corrected_text is 'Chữ sau khi tổ dữ liệu sửa; trống nếu không sửa.';
comment on column trace_fact.file_path is 'Tệp, như đã nhận.';
comment on column trace_fact.sheet_name is 'Trang tính.';
comment on column trace_fact.cell is 'Địa chỉ ô.';
comment on column trace_fact.cell_ref is 'Trang tính và ô.';
comment on column trace_fact.form_code is 'Biểu mẫu.';
comment on column trace_fact.reporter_unit_code is 'Đơn vị gửi.';
comment on column trace_fact.received_at is 'Nhận lúc.';
comment on column trace_fact.file_sha256 is 'Mã băm của tệp gốc trong kho lưu trữ.';
comment on column trace_fact.submission_id is 'Lần gửi.';
comment on column trace_fact.known_from is 'Bản phát hành đầu tiên có phiên bản này.';
comment on column trace_fact.known_to is 'Bản phát hành đầu tiên không còn phiên bản này; trống nếu đang hiệu lực.';
comment on column trace_fact.is_current is 'Đang hiệu lực.';

comment on view trace_finding is 'Truy vết: mỗi phát hiện khi kiểm tra có liên quan đến ô của một số liệu đang hiệu lực.';
comment on column trace_finding.fact_table is 'Bảng số liệu.';
comment on column trace_finding.fact_key is 'Khóa số liệu.';
comment on column trace_finding.cell_ref is 'Trang tính và ô.';
comment on column trace_finding.rule is 'Quy tắc.';
comment on column trace_finding.severity is 'Mức độ.';
comment on column trace_finding.message is 'Nội dung phát hiện.';
comment on column trace_finding.fix is 'Cách chỉnh sửa.';
comment on column trace_finding.first_seen is 'Thấy lần đầu.';
comment on column trace_finding.closed is 'Đã đóng lúc; trống nếu còn mở.';
comment on column trace_finding.state is 'Tình trạng.';
