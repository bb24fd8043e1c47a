-- What is this file, as of when, and how is it read?
with build as (
    select * from {{ source('raw', 'build') }}
),

entry as (
    select
        1 as entry_no,
        'Tệp này' as topic_vi,
        'Kho dữ liệu của tỉnh Lạng Sơn: số liệu ngân sách, đầu tư công, kinh tế - xã hội và thương mại biên giới do các '
        || 'sở, ngành, xã, phường gửi, đã qua kiểm tra.'
        || case when build.is_simulated then ' ĐÂY LÀ SỐ LIỆU MÔ PHỎNG, không phải số liệu của tỉnh.' else '' end as text_vi
    from build
    union all
    select
        2 as entry_no,
        'Bản phát hành' as topic_vi,
        build.build_id || ', số liệu đến ' || strftime(build.as_of, '%d/%m/%Y %H:%M') || ' (giờ Việt Nam).' as text_vi
    from build
    union all
    select
        3 as entry_no,
        'Bảng nào' as topic_vi,
        'mart_: bảng tổng hợp cho từng câu hỏi; fct_: từng số liệu; dim_, bridge_: danh mục; submission, dq_result: '
        || 'các lần gửi và phát hiện; build_change: thay đổi so với bản trước.' as text_vi
    union all
    select
        4 as entry_no,
        'Ý nghĩa bảng, cột' as topic_vi,
        'select table_name, comment from duckdb_tables(); select column_name, comment from duckdb_columns() '
        || 'where table_name = ''mart_budget_execution'';' as text_vi
    union all
    select
        5 as entry_no,
        'Số đang có hiệu lực' as topic_vi,
        'Bảng fct_ giữ cả lịch sử: lấy is_current. Một số liệu được nêu nhiều lần: lấy outranked_by is null. Khi cộng: chỉ '
        || 'cộng is_leaf, của một measure và một kỳ.' as text_vi
    union all
    select
        6 as entry_no,
        'Số tại một thời điểm trước' as topic_vi,
        'from fct_budget_as_of(timestamp ''2026-07-05 12:00''): các số liệu như đã phát hành khi đó. Mỗi bảng fct_ có một '
        || 'hàm _as_of.' as text_vi
    union all
    select
        7 as entry_no,
        'Truy về ô' as topic_vi,
        'Mỗi dòng của bảng mart_ có fact_keys (hoặc fact_key). from trace((select fact_keys from mart_… where …)): tệp, '
        || 'trang tính, ô và chữ như đã ghi của từng số liệu. trace_finding: các phát hiện tại ô đó.' as text_vi
    union all
    select
        8 as entry_no,
        'Không được cộng' as topic_vi,
        'Ba phạm vi của xuất nhập khẩu (crossing, declared, local) chênh nhau từ 10 đến 500 lần. Các list_code của ngân '
        || 'sách kể cùng một khoản theo nhiều cách.' as text_vi
    union all
    select
        9 as entry_no,
        'Tiền và đơn vị tính' as topic_vi,
        '_vnd là đồng, _usd là đô la Mỹ, _pct là %; mã đơn vị là chữ (''05977'').' as text_vi
)

select
    cast(entry_no as integer) as entry_no,
    topic_vi,
    text_vi
from entry
