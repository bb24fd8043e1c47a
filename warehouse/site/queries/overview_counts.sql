-- The six figures that a leader looks at first; null where there is nothing to count.
with province_target as (
    select scorecard.standing
    from mart_plan_scorecard as scorecard
    inner join dim_unit as unit
        on scorecard.unit_code = unit.unit_code and unit.level = 'province' and unit.valid_to is null
),

project as (
    select project_code, bool_or(status in ('due', 'missed')) as is_below from mart_disbursement_floor
    where is_next
    group by project_code
),

counted as (
    select
        1 as place, 'Chỉ tiêu của tỉnh đã đạt' as label_vi, 'reached' as standing, 'chi-tieu.html#tung-chi-tieu' as page,
        count(*) filter (standing = 'reached') as figure, count(*) as out_of
    from province_target
    union all
    select
        2, 'Chỉ tiêu chậm hoặc chưa đạt', 'not_reached', 'chi-tieu.html#tung-chi-tieu',
        count(*) filter (standing in ('behind', 'not_reached')), count(*)
    from province_target
    union all
    select
        3, 'Dự án dưới mức sàn giải ngân sắp tới', 'behind', 'dau-tu-cong.html#duoi-muc-san',
        count(*) filter (is_below), count(*)
    from project
    union all
    select
        4, 'Báo cáo đã nhận', 'behind', 'bao-cao.html',
        -- where nothing was to be sent yet, what came all the same
        case
            when count(*) filter (status <> 'not_due') > 0
                then count(*) filter (status in ('received', 'received_late', 'held'))
            else (select count(*) from submission where status in ('accepted', 'held'))
        end,
        count(*) filter (status <> 'not_due')
    from mart_submission_status
    union all
    select
        5, 'Xã, phường đã có báo cáo', 'behind', 'xa-phuong.html',
        count(distinct unit.unit_code) filter (submission.status = 'accepted'), count(distinct unit.unit_code)
    from dim_unit as unit
    left join submission on unit.unit_code = submission.reporter_unit_code
    where unit.level in ('commune', 'ward') and unit.valid_to is null
    union all
    select
        6, 'Quan hệ giữa các số công bố không thể đúng', 'undecided', 'cong-bo.html#khong-khop',
        count(*) filter (outcome = 'broken'), count(*) filter (outcome <> 'not_evaluable')
    from mart_published_consistency
)

select
    label_vi,
    case when out_of > 0 or figure > 0 then figure end as figure,
    nullif(out_of, 0) as out_of,
    case
        when out_of = 0 and figure = 0 then 'no_data'
        when out_of = 0 then 'on_track'
        when figure = 0 and place in (2, 3, 6) or figure = out_of and place in (4, 5) then 'reached'
        else standing
    end as standing,
    page
from counted
order by place
