"""The steps of a night, as the data team reads them."""

from __future__ import annotations

STAGES = {
    "loading": "Khởi động",
    "acts_of_people": "Đọc sổ việc của tổ dữ liệu",
    "archived_files": "Tiếp nhận, lưu trữ tệp",
    "read_submissions_of_files": "Đọc bảng tính",
    "raw_cells": "Nạp ô số liệu",
    "form_validations": "Kiểm tra từng biểu",
    "accepted_submissions": "Chấp nhận hoặc tạm giữ",
    "dbt_facts": "Dựng bảng số liệu",
    "checked_identities": "Đối chiếu giữa các số liệu",
    "dbt_marts": "Dựng bảng tổng hợp",
    "gated_marts": "Kiểm tra trước khi phát hành",
    "staged_build": "Ghi bản phát hành",
    "mart_spreadsheets": "Lập bảng Excel",
    "sender_reports": "Lập báo cáo cho nơi gửi",
    "sender_letters": "Lập phiếu thông báo",
    "leader_pages": "Lập các trang cho lãnh đạo",
    "published_build": "Phát hành",
    "forms_on_time": "Đối chiếu hạn gửi từng biểu",
    "sent_mails": "Gửi thư",
}


def stage_vi(step: str) -> str:
    return STAGES.get(step, step)
