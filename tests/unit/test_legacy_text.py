"""Vietnamese in the encodings of before Unicode: decoded where the text proves it, else left alone.

The encoders below are written from the encodings' tables by letter, the other way round than the
module's, so that a slip in one shows against the other.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import reference
from ingest.contract import all_contracts
from ingest.legacy_text import decode_tcvn3, decode_vni, encoding_of_font, is_vietnamese, read_text

SMALL = ("àảãáạ ăằẳẵắặ âầẩẫấậ đ èẻẽéẹ êềểễếệ ìỉĩíị òỏõóọ ôồổỗốộ ơờởỡớợ ùủũúụ ưừửữứự ỳỷỹýỵ").replace(
    " ", ""
)
LETTERS = SMALL + SMALL.upper()
TCVN3_SMALL = (
    "b5b6b7b8b9 a8bbbcbdbec6 a9c7c8c9cacb ae cccecfd0d1 aad2d3d4d5d6 d7d8dcddde dfe1e2e3e4"
    " abe5e6e7e8e9 aceaebecedee eff1f2f3f4 adf5f6f7f8f9 fafbfcfdfe"
)
TCVN3 = dict(zip(SMALL, bytes.fromhex(TCVN3_SMALL).decode("latin-1"), strict=True)) | dict(
    zip("ĂÂÊÔƠƯĐ", bytes.fromhex("a1a2a3a4a5a6a7").decode("latin-1"), strict=True)
)
VNI_SMALL = (
    "aø aû aõ aù aï aê aè aú aü aé aë aâ aà aå aã aá aä ñ eø eû eõ eù eï eâ eà eå eã eá eä"
    " ì æ ó í ò oø oû oõ où oï oâ oà oå oã oá oä ô ôø ôû ôõ ôù ôï uø uû uõ uù uï"
    " ö öø öû öõ öù öï yø yû yõ yù î"
)
VNI = dict(zip(SMALL, VNI_SMALL.split(), strict=True))
VNI |= {letter.upper(): codes.upper() for letter, codes in VNI.items()}


def in_tcvn3(text: str) -> str:
    """As typed in .VnTime; capitals with tones come from the codes of small letters."""
    return "".join(
        TCVN3.get(c) or TCVN3.get(c.lower(), c) for c in unicodedata.normalize("NFC", text)
    )


def in_vni(text: str) -> str:
    return "".join(VNI.get(c, c) for c in unicodedata.normalize("NFC", text))


# --- tables ---------------------------------------------------------------------------------------


def test_all_134_letters_come_back() -> None:
    assert len(set(LETTERS)) == 134
    assert [decode_vni(in_vni(c)) for c in LETTERS] == list(LETTERS)
    assert [decode_tcvn3(in_tcvn3(c)) for c in SMALL] == list(SMALL)
    own_capitals = "ĂÂÊÔƠƯĐ"
    assert decode_tcvn3(in_tcvn3(own_capitals)) == own_capitals
    others = [c for c in SMALL.upper() if c not in own_capitals]
    assert [decode_tcvn3(in_tcvn3(c)).upper() for c in others] == others


ascii_text = "".join(map(chr, range(32, 127)))


@given(st.text(SMALL + "ĂÂÊÔƠƯĐ" + ascii_text))
def test_any_text_in_tcvn3_comes_back(text: str) -> None:
    assert decode_tcvn3(in_tcvn3(text)) == text


@given(st.text(LETTERS + ascii_text))
def test_any_text_in_vni_comes_back(text: str) -> None:
    assert decode_vni(in_vni(text)) == text


@given(st.text())
def test_any_text_at_all_is_read_as_itself_or_by_one_decoding(text: str) -> None:
    read, encoding = read_text(text)
    decoders: dict[str | None, Callable[[str], str]] = {"tcvn3": decode_tcvn3, "vni": decode_vni}
    if encoding is None:
        assert read == unicodedata.normalize("NFC", text)
    else:
        assert read.casefold() == decoders[encoding](text).casefold()
        assert read == unicodedata.normalize("NFC", read)


@given(text=st.text(ascii_text))
@pytest.mark.parametrize("font", [None, ".VnTime", ".VnTimeH", "VNI-Times"])
def test_plain_ascii_is_unchanged(text: str, font: str | None) -> None:
    assert read_text(text, font) == (text, None)


def test_characters_outside_the_encoding_are_kept() -> None:
    assert decode_tcvn3("100 m² – “TriÖu”, €") == "100 m² – “Triệu”, €"
    assert decode_vni("100 m² – “Trieäu”, €") == "100 m² – “Triệu”, €"


# --- syllables ------------------------------------------------------------------------------------

SYLLABLES = """
    ở à ý quý quí Qúy quốc quyền quyết khuỷu khuya khuyến nghiêng nghĩa nghỉ ngựa người gì gìn giữ
    giếng giết giá gia già ghế kỳ kẻ hóa hoá thủy thuỷ hòa hoà huệ huy huỳnh xoong ướt rượu lươn
    yêu yếu uống uơ oanh oẹ toán loại thuế tuần luật xoắn ngoằn ngoèo Đắk Lắk Kạn Krông
    Đình Lập Tràng Định Văn Lãng Cao Lộc Hữu Nghị Bình Gia TỔNG CỘNG SỐ Ước
"""
NOT_SYLLABLES = """
    vÞ tÝnh: TriÖu ®ång §¬n Ñôn Trieäu ñoàng Toång coäng ngeh cế kaà gề nghà ghà tâp đât họach
    thúê hoànn Müller Café Zürich Noël résumé naïve Köln bồb ưong đạiph
"""


@pytest.mark.parametrize("word", SYLLABLES.split())
def test_syllable_is_vietnamese(word: str) -> None:
    assert is_vietnamese(word)
    assert is_vietnamese(unicodedata.normalize("NFD", word))


@pytest.mark.parametrize("word", NOT_SYLLABLES.split())
def test_word_that_is_no_syllable_is_not_vietnamese(word: str) -> None:
    assert not is_vietnamese(word)


def test_abbreviations_and_numbers_are_vietnamese_and_foreign_words_are_not() -> None:
    assert is_vietnamese("HĐND, UBND xã; QĐ-TTg số 12/2025: 1.234,5 kg; ĐVT: trđ; NSTƯ")
    assert is_vietnamese("")
    assert not is_vietnamese("Budget")
    assert not is_vietnamese("Tổng excel")


def test_all_words_of_the_project_are_vietnamese_syllables() -> None:
    """Every word with a sign in labels, titles, units and names."""
    words = {w for text in own_texts() for w in split(text) if not w.isascii()}
    assert len(words) > 500
    assert {word for word in words if not is_vietnamese(word)} == set()


def split(text: str) -> list[str]:
    kept = "".join(c if c.isalpha() else " " for c in unicodedata.normalize("NFC", text))
    return kept.split()


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant", "encoding"),
    [
        ("§¬n vÞ tÝnh: TriÖu ®ång", "Đơn vị tính: Triệu đồng", "tcvn3"),
        ("Ñôn vò tính: Trieäu ñoàng", "Đơn vị tính: Triệu đồng", "vni"),
        ("KÕT QU¶ THùC HIÖN", "KẾT QUẢ THỰC HIỆN", "tcvn3"),
        ("BIÓU Sè 60", "BIỂU SỐ 60", "tcvn3"),
        ("kÕt qu¶ cña UBND x·", "kết quả của UBND xã", "tcvn3"),
        ("TOÅNG COÄNG", "TỔNG CỘNG", "vni"),
        ("§VT: tr.®", "ĐVT: tr.đ", "tcvn3"),
        ("Tr.®", "Tr.đ", "tcvn3"),
        ("1.000 ®/kg", "1.000 đ/kg", "tcvn3"),
        ("NghÞ quyÕt 67/NQ-H§ND", "Nghị quyết 67/NQ-HĐND", "tcvn3"),
        ("Quyeát ñònh cuûa HÑND", "Quyết định của HĐND", "vni"),
        ("DÞch vô logistics (container)", "Dịch vụ logistics (container)", "tcvn3"),
        ("DiÖn tÝch 5.000 m² ®Êt", "Diện tích 5.000 m² đất", "tcvn3"),
        ("D:\\Tµi liÖu\\Biểu.xls", "D:\\Tµi liÖu\\Biểu.xls", None),  # half Unicode: left
        (unicodedata.normalize("NFD", "§¬n vÞ tÝnh"), "Đơn vị tính", "tcvn3"),
        (unicodedata.normalize("NFD", "Triệu đồng"), "Triệu đồng", None),
    ],
)
def test_text_without_a_font_is_read_by_what_it_proves(
    typed: str, meant: str, encoding: str | None
) -> None:
    assert read_text(typed) == (meant, encoding)


@pytest.mark.parametrize(
    "text",
    [
        "Sè", "vô", "hé", "má",  # Vietnamese words as they stand
        "tæ USD",  # tổ in one, tỉ in the other
        "trñ",  # trủ in one, trđ in the other
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_left(text: str) -> None:
    assert read_text(text) == (text, None)


@pytest.mark.parametrize(
    "text",
    [
        "Café", "Müller GmbH", "Zürich", "São Paulo", "Côte d'Ivoire", "El Niño", "Señor", "Noël",
        "résumé", "naïve", "déjà vu", "façade", "Citroën", "Ångström", "Smørrebrød",
        "Excel®", "FPT®", "© 2024 FPT", "Microsoft® Windows®", "§ 5", "«Export»", "½", "3×4", "m×n",
        "N·m", "5 µm", "20 µg/m³", "£5m", "¥100", "Ø 20", "Ø16", "±5°C", "1ª", "Kho¹", "Thu¹",
        "B¹", "GDP¹", "· Thu", "a–b", "“Chi”", "thu…", "100 €", "naïve_file-é.xlsx",
        "josé.garcía@example.org", "https://example.org/é?q=ü", "Nhà", "xã hàng hóa", "CÔNG TÁC",
        "Tòan xã", "Qúy I", "Ðông",
    ],
)  # fmt: skip
def test_foreign_words_signs_and_short_vietnamese_are_unchanged(text: str) -> None:
    assert read_text(text) == (text, None)


def test_font_decides() -> None:
    assert read_text("Sè", ".VnTime") == ("Số", "tcvn3")
    assert read_text("vô", ".vnArial Narrow") == ("vụ", "tcvn3")
    assert read_text("Soá", "VNI-Times") == ("Số", "vni")
    assert read_text("tæng sè", ".VnTimeH") == ("TỔNG SỐ", "tcvn3")
    assert read_text("ý", ".VnArialH") == ("Ý", "tcvn3")
    assert read_text("Sè", "Times New Roman") == ("Sè", None)


def test_font_does_not_decide_over_text_that_is_unicode_already() -> None:
    assert read_text("Tổng số", ".VnTime") == ("Tổng số", None)
    assert read_text(unicodedata.normalize("NFD", "Tổng số"), "VNI-Times") == ("Tổng số", None)
    assert read_text("hàng hóa", ".VnTime") == ("hàng hóa", None)  # TCVN3 has no à


def test_encoding_of_font() -> None:
    assert [encoding_of_font(f) for f in (".VnTimeH", ".VNARIAL", "VNI-Times", "VNI Helve")] == [
        "tcvn3", "tcvn3", "vni", "vni",
    ]  # fmt: skip
    assert [encoding_of_font(f) for f in (None, "", "Arial", "Vnitra")] == [None] * 4


# --- the project's own words ----------------------------------------------------------------------


def own_texts() -> set[str]:
    """Titles, headers and line labels of all contracts; what seeds say in Vietnamese."""
    texts: set[str] = set()
    for contract in all_contracts():
        texts |= {contract.title, contract.legal_basis}
        for table in contract.tables:
            texts.add(table.title or "")
            for column in table.columns:
                texts |= {*column.header, column.description}
            if table.rows.kind == "lines":
                texts |= {line.label_vi for line in table.lines}
    for path in reference.SEEDS.glob("*.csv"):
        for row in reference.read_seed(path.stem):
            texts |= {value or "" for name, value in row.items() if name != "name_en"}
    texts |= {alias for text in texts for alias in text.split("|")}
    return {unicodedata.normalize("NFC", text) for text in texts if not text.isascii()}


def test_own_texts_in_unicode_are_unchanged() -> None:
    texts = own_texts()
    assert len(texts) > 2200
    for text in texts:
        assert read_text(text) == (text, None)
        assert read_text(unicodedata.normalize("NFD", text)) == (text, None)
        assert read_text(text.upper()) == (text.upper(), None)


def outcomes(
    texts: Iterable[str], encode: Callable[[str], str], name: str, font: str | None = None
) -> tuple[Counter[str], list[str]]:
    counts: Counter[str] = Counter()
    left: list[str] = []
    for text in texts:
        typed = encode(text)
        if typed.casefold() == text.casefold():  # nothing that the encoding writes differently
            continue
        read, encoding = read_text(typed, font)
        if encoding == name and read.casefold() == text.casefold():
            counts["right"] += 1
        elif encoding is None and read == typed:
            counts["left"] += 1
            left.append(typed)
        else:
            counts[f"wrong: {typed} read as {read}"] += 1
    return counts, left


@pytest.mark.parametrize(
    ("encode", "name", "other"), [(in_tcvn3, "tcvn3", decode_vni), (in_vni, "vni", decode_tcvn3)]
)
@pytest.mark.parametrize("change", [str, str.upper], ids=["as_printed", "capitals"])
def test_own_texts_survive_the_encodings(
    encode: Callable[[str], str],
    name: str,
    other: Callable[[str], str],
    change: Callable[[str], str],
) -> None:
    """Read right, or left unchanged where truly ambiguous (1.2 % in TCVN3, 0.4 % in VNI)."""
    counts, left = outcomes(map(change, own_texts()), encode, name)
    assert set(counts) <= {"right", "left"}, counts
    assert counts["right"] / counts.total() > (0.98 if name == "tcvn3" else 0.99)
    for typed in left:  # it is Vietnamese as it stands, or in the other encoding too
        is_footnoted = re.search(r"\b[A-Z]¹", typed) is not None  # T¹: a symbol with its footnote
        assert is_vietnamese(typed) or is_vietnamese(other(typed)) or is_footnoted, typed


@pytest.mark.parametrize(
    ("encode", "name", "font"), [(in_tcvn3, "tcvn3", ".VnTime"), (in_vni, "vni", "VNI-Times")]
)
def test_own_texts_in_a_font_are_all_read(
    encode: Callable[[str], str], name: str, font: str
) -> None:
    counts, _ = outcomes(own_texts(), encode, name, font)
    assert set(counts) == {"right"}, counts
    assert counts["right"] > 2200


def test_capitals_of_tcvn3_are_restored() -> None:
    """Letters, not only words: capitals typed where there are codes for them say so."""
    texts = [t.upper() for t in own_texts() if len(t) > 20]
    exact = sum(read_text(in_tcvn3(text))[0] == text for text in texts)
    assert exact / len(texts) > 0.95


def test_reading_many_cells_is_quick() -> None:
    """A workbook's cells cost less than a second, whatever the encoding: 300,000 of them here."""
    texts = sorted(own_texts())[:1000]
    cells = [*texts, *map(in_tcvn3, texts), *map(in_vni, texts), *(str(n) for n in range(7000))]
    started = time.process_time()
    for _ in range(30):
        for cell in cells:
            read_text(cell)
    assert time.process_time() - started < 3  # 0.2 s on a slow machine; the margin is for CI
