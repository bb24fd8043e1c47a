-- Tables that ingest and expectations fill in the working file, before dbt runs.
-- dbt reads them as sources (dbt_project/models/staging/_sources.yml documents every column).

create schema if not exists raw;
create schema if not exists contract;
create schema if not exists quality;
create schema if not exists history;
create schema if not exists kept;

-- What stands in each table, or in a part of it, and what each node of dbt was made of: a build that follows on the
-- same working file leaves alone what would come out as it is (kept_tables.py, dbt_project/macros/kept.sql).
create table if not exists kept.content (
    table_name varchar not null,
    part       varchar not null,           -- '' for the whole
    digest     varchar not null
);
create table if not exists kept.made (
    node     varchar not null,
    read_key varchar not null,
    build_id varchar not null              -- that made it
);

-- What each of these nodes read: of a node that is made in parts also the table whose parts they are
create table if not exists kept.read (
    node       varchar not null,
    table_name varchar not null,
    part       varchar not null,
    digest     varchar                     -- as it was then; null where nothing was said of it
);

-- Of a node that is made in parts: what each part was when its rows were made; and, within the transaction that makes
-- them, which are wanted
create table if not exists kept.made_part (
    node   varchar not null,
    part   varchar not null,
    digest varchar not null
);
create or replace table kept.wanted (
    wanted_as varchar not null,
    part      varchar not null
);

-- Of the rules of the gate that look at each unit for itself: what a unit held when it passed, and how much of it
-- they looked at (expectations/gate.py)
create table if not exists kept.gated (
    rule      varchar not null,
    unit_code varchar not null,
    digest    varchar not null,
    evaluated bigint not null
);

-- One row: what this build is. Time is an input, so models read it here and never from a clock.
create or replace table raw.build (
    build_id      varchar not null,
    as_of         timestamp not null,   -- local time (Asia/Ho_Chi_Minh), plain
    code_version  varchar not null,
    is_simulated  boolean not null
);

-- Every period that a submission names, and the calendar around them.
create or replace table raw.period (
    period_key varchar not null,
    kind       varchar not null,           -- year | quarter | half | nine_months | month | half_month | school_year | span
    start_date date not null,
    end_date   date not null,
    label_vi   varchar not null
);

-- What a relative period of a contract's column means for a submission's period.
create or replace table raw.period_relation (
    period_key  varchar not null,
    relation    varchar not null,          -- year | previous | same_period_last_year | previous_year
    related_key varchar not null
);

-- What each unit is to send, and until when; due_date is null where no rule names a day.
create or replace table raw.expected_submission (
    unit_code    varchar not null,
    form_code    varchar not null,
    form_version integer not null,
    period_key   varchar not null,
    due_date     date
);

-- One row a submission (one unit, one form, one period); a file without any form has one row too.
create or replace table raw.submission (
    submission_no      integer not null,
    submission_id      varchar not null,   -- stable over builds: from the file's hash and the form in it
    file_path          varchar not null,   -- below the inbox, as it was received
    file_sha256        varchar not null,
    file_bytes         bigint not null,
    received_at        timestamp not null,
    reporter_unit_code varchar not null,
    form_code          varchar,
    form_version       integer,
    period_key         varchar,
    cutoff_date        date,
    status             varchar not null,   -- accepted | held | superseded | unrecognised | unreadable | expunged
    reason_vi          varchar,
    is_simulated       boolean not null,   -- made by the simulator, never beside real data
    cells_in_tables    integer not null,
    cells_outside      integer not null
);

-- Of each submission whose cells stand in the tables below the place that they were read from (loaded_cells.py).
create table if not exists kept.loaded_cells (
    submission_no integer not null,
    read_from     varchar not null
);

-- Where the tables of a submission lie: an area is a table, or the part of one on one sheet; and
-- which contract column each sheet column is.
create table if not exists raw.sheet_area (
    submission_no integer not null,
    area_no       smallint not null,
    table_no      smallint not null,       -- as numbered in the contract
    sheet_name    varchar not null
);
create table if not exists raw.sheet_column (
    submission_no integer not null,
    area_no       smallint not null,
    col_no        smallint not null,       -- 1 = A
    field         varchar not null,
    unit_code     varchar                  -- stated on the sheet, where it is not the contract's
);
create table if not exists raw.sheet_row (
    submission_no integer not null,
    area_no       smallint not null,
    row_no        integer not null,        -- 1 = first row of the sheet
    line_code     varchar                  -- for forms with fixed lines
);

-- One row a cell inside a form's tables. number is what was typed, before any unit is applied.
create table if not exists raw.cell (
    submission_no integer not null,
    area_no       smallint not null,
    row_no        integer not null,
    col_no        smallint not null,
    state         varchar not null,        -- number | text | code | blank | none | not_applicable | not_collected | unread
    number        decimal(38, 12),
    printed_step  decimal(38, 12),         -- value of the last printed digit
    text          varchar,                 -- as typed, where it was typed as text
    code          varchar,                 -- the reading of a coded cell: period, unit, comparator, list value
    problem       varchar                  -- what was odd about the cell; null for nothing
);

-- Cells that the data team corrected: raw.cell says the new value, this what was typed and read.
create table if not exists raw.correction (
    submission_no  integer not null,
    area_no        smallint not null,
    row_no         integer not null,
    col_no         smallint not null,
    act_no         integer not null,       -- the act in the ledger, in raw.act
    typed_text     varchar not null,       -- as typed; a number in Vietnamese style
    corrected_text varchar not null,
    number_read    decimal(38, 12)
);

-- Every number of raw.cell as it was read, before corrections: what the gate counts.
create or replace view raw.number_as_read as
select case when x.act_no is null then c.number else x.number_read end as number
from raw.cell as c
left join raw.correction as x using (submission_no, area_no, row_no, col_no);

-- Acts of people (release, explanation, correction, ...), with what each comes to in this build.
create or replace table raw.act (
    act_no        integer not null,
    kind          varchar not null,        -- release | explanation | acceptance | rejection | correction | reprocess | withdrawal | expunge
    done_at       timestamp not null,
    owner         varchar not null,
    reason        varchar not null,
    submission_id varchar,
    unit_code     varchar,
    form_code     varchar,
    period_key    varchar,
    file_sha256   varchar,
    place_key     varchar,                 -- of the findings that an explanation is about
    cell_ref      varchar,
    expect        varchar,                 -- of a correction: the value as typed
    new_value     varchar,
    explanation   varchar,
    expires       date,                    -- last day of a release
    withdraws     integer,
    state         varchar not null,        -- in_force | expired | withdrawn | replaced | waiting | done | failed
    state_vi      varchar not null
);

-- Cells, and what is known of them. DuckDB does not see that what is asked of one of five tables holds for all of them: for
-- the cells of one submission it would put together all columns and rows of all sheets, ten times the work. Whoever reads
-- few names them in the variable `only_submissions` of the connection, beside what the query asks. It counts when a query
-- is planned; where it is empty nothing is left of these conditions.
create or replace macro kept.if_few(submission_numbers) as
    case when len(submission_numbers) <= 5000 then submission_numbers end;
create or replace macro kept.is_to_be_read(submission_no) as
    getvariable('only_submissions') is null or list_contains(getvariable('only_submissions'), submission_no);
create or replace view raw.cell_named as
select
    c.*,
    s.submission_id,
    s.form_code,
    s.form_version,
    a.table_no,
    a.sheet_name,
    k.field,
    k.unit_code as column_unit,
    r.line_code,
    -- column letters: 1 = A, 27 = AA
    a.sheet_name || '!'
    || case when c.col_no > 26 then chr(64 + ((c.col_no - 1) // 26)::integer) else '' end
    || chr(65 + ((c.col_no - 1) % 26)::integer)
    || c.row_no::varchar as cell_ref
from (from raw.cell where kept.is_to_be_read(submission_no)) as c
inner join (from raw.submission where kept.is_to_be_read(submission_no)) as s using (submission_no)
inner join (from raw.sheet_area where kept.is_to_be_read(submission_no)) as a using (submission_no, area_no)
inner join (from raw.sheet_column where kept.is_to_be_read(submission_no)) as k using (submission_no, area_no, col_no)
inner join (from raw.sheet_row where kept.is_to_be_read(submission_no)) as r using (submission_no, area_no, row_no);

-- The contracts, as tables.
create or replace table contract.form (
    form_code     varchar not null,
    form_version  integer not null,
    code_on_paper varchar not null,
    title_vi      varchar not null,
    legal_basis   varchar,                 -- empty where there is none
    basis_status  varchar not null,        -- seen_in_public_source | unverified | designed
    fact          varchar not null,        -- budget | investment | indicator | trade | target
    openness      varchar not null,        -- công khai | nội bộ | hạn chế
    frequency     varchar not null,
    due_days      integer,
    valid_from    date not null,
    valid_to      date
);
create or replace table contract.form_column (
    form_code         varchar not null,
    form_version      integer not null,
    table_no          smallint not null,
    field             varchar not null,
    header_vi         varchar not null,    -- levels joined with ' / '
    -- line | symbol | dimension | value | bound | label | ratio | milestone
    role              varchar not null,
    type              varchar not null,
    unit_code         varchar,             -- where the column has one unit
    is_required       boolean not null,
    -- what a value column fixes for its cells; null where the row says it
    fact              varchar,
    measure           varchar,
    kind              varchar,
    period_key        varchar,
    period_relation   varchar,             -- relative to the submission's period
    base_period_key   varchar,
    base_period_relation varchar,
    milestone         varchar,
    milestone_state   varchar,             -- planned | actual
    formula           varchar,
    -- dimensions that the column or its form fixes
    basis             varchar,
    direction         varchar,
    gate_code         varchar,
    regime_code       varchar,
    commodity_code    varchar,
    source_code       varchar,
    budget_level      varchar,
    stage_group       varchar,
    statement         varchar,
    document_code     varchar,
    comparator_field  varchar,             -- sibling cell that holds the comparator of this value
    upper_field       varchar,             -- sibling cell that holds the upper end of a range
    description_vi    varchar not null
);
create or replace table contract.form_line (
    form_code      varchar not null,
    form_version   integer not null,
    table_no       smallint not null,
    line_no        integer not null,
    line_code      varchar not null,
    label_vi       varchar not null,
    parent_code    varchar,
    is_additive    boolean not null,       -- false for "trong đó"
    sign           smallint not null,      -- -1: deducted from its parent
    children       varchar not null,       -- all | partial | heading
    indicator_code varchar,
    unit_code      varchar,
    basis_status   varchar not null,
    owner_unit_code varchar,
    list_code      varchar not null,
    gate_code      varchar,
    regime_code    varchar,
    commodity_code varchar,
    source_code    varchar,                -- of capital, where the line is one source
    basis          varchar
);
-- Who sends a form: levels of senders as the units of that level.
create or replace table contract.form_sender (
    form_code    varchar not null,
    form_version integer not null,
    unit_code    varchar not null,
    source_rank  integer not null          -- how its figures are believed beside others: 1 first
);

-- Findings of the checks on submissions and of the identities between facts.
create or replace table quality.result (
    finding_key   varchar not null,        -- stable over builds
    place_key     varchar not null,        -- stable over files too: what a corrected file closes
    submission_no integer,                 -- null for what was not sent
    unit_code     varchar not null,
    form_code     varchar,
    period_key    varchar,
    rule          varchar not null,
    severity      varchar not null,        -- error | warning | info
    sheet         varchar,
    cell_ref      varchar,                 -- Sheet!B12
    cells         varchar[],               -- every cell the rule looked at
    value         varchar,
    expected      varchar,
    message       varchar not null,
    fix           varchar not null,
    first_seen    timestamp not null,
    state         varchar not null default 'open'  -- open | explained | released
);

-- Every identity that was evaluated, those that hold too.
create or replace table quality.identity_result (
    identity_code varchar not null,
    says_vi       varchar not null,
    outcome       varchar not null,        -- holds | broken | not_evaluable
    residual_low  double,
    residual_high double,
    facts         varchar[]
);

-- Every rule that ran on every form, with its counts (the Great Expectations results).
create or replace table quality.check_run (
    gate          varchar not null,        -- submissions | facts | marts
    subject       varchar not null,        -- form code, or what the rules of a gate are about
    rule          varchar not null,
    outcome       varchar not null,        -- passed | failed | raised
    evaluated     bigint not null,
    unexpected    bigint not null
);

-- What earlier publishes showed (replayed from the ledger): one row a version of a fact.
create table if not exists history.fact_version (
    fact_table    varchar not null,
    fact_key      varchar not null,
    content_hash  varchar not null,
    submission_id varchar,
    cell_ref      varchar,
    known_from    timestamp not null,
    known_to      timestamp
);
-- What each of them said: a view on the change files, as history.py keeps them, once there is any.
create or replace view history.fact_row as
select
    fact_table, fact_key, content_hash, submission_id, cell_ref, known_from,
    cast(null as varchar) as row_json
from history.fact_version;
create table if not exists history.finding (
    finding_key varchar not null,
    first_seen  timestamp not null,
    closed_at   timestamp,
    row_json    varchar not null
);
-- The change files that both of them are made of (history.py), as kept: the name says what is in it.
create table if not exists history.loaded (
    file_no   integer not null,
    file_name varchar not null
);
-- When builds were published, and with which code.
create or replace table history.publish (
    build_id     varchar not null,
    as_of        timestamp not null,
    code_version varchar not null
);
