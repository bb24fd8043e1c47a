"""Text as it was typed before Unicode, in fonts that draw other letters than they store.

Tables of the tests' own: the reader is not asked what it would read. TCVN3 (TCVN 5712:1993) is
written as bytes of Latin-1; its capitals with tones are small letters in a font whose name ends in
H. VNI writes a letter and its mark one after the other.
"""

from __future__ import annotations

import unicodedata

TCVN3 = dict(
    zip(
        "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵăâêôơưđĂÂÊÔƠƯĐ",
        "".join(
            map(
                chr,
                [
                    0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBB, 0xBC, 0xBD, 0xBE, 0xC6,
                    0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xCE, 0xCF, 0xD0, 0xD1,
                    0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xDC, 0xDD, 0xDE,
                    0xDF, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9,
                    0xEA, 0xEB, 0xEC, 0xED, 0xEE, 0xEF, 0xF1, 0xF2, 0xF3, 0xF4,
                    0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE,
                    0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE,
                    0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
                ],
            )
        ),
        strict=True,
    )
)  # fmt: skip
# letter: how VNI writes it, small letters
_VNI = {
    "á": "aù", "à": "aø", "ả": "aû", "ã": "aõ", "ạ": "aï",
    "ă": "aê", "ắ": "aé", "ằ": "aè", "ẳ": "aú", "ẵ": "aü", "ặ": "aë",
    "â": "aâ", "ấ": "aá", "ầ": "aà", "ẩ": "aå", "ẫ": "aã", "ậ": "aä",
    "é": "eù", "è": "eø", "ẻ": "eû", "ẽ": "eõ", "ẹ": "eï",
    "ê": "eâ", "ế": "eá", "ề": "eà", "ể": "eå", "ễ": "eã", "ệ": "eä",
    "í": "í", "ì": "ì", "ỉ": "æ", "ĩ": "ó", "ị": "ò",
    "ó": "où", "ò": "oø", "ỏ": "oû", "õ": "oõ", "ọ": "oï",
    "ô": "oâ", "ố": "oá", "ồ": "oà", "ổ": "oå", "ỗ": "oã", "ộ": "oä",
    "ơ": "ô", "ớ": "ôù", "ờ": "ôø", "ở": "ôû", "ỡ": "ôõ", "ợ": "ôï",
    "ú": "uù", "ù": "uø", "ủ": "uû", "ũ": "uõ", "ụ": "uï",
    "ư": "ö", "ứ": "öù", "ừ": "öø", "ử": "öû", "ữ": "öõ", "ự": "öï",
    "ý": "yù", "ỳ": "yø", "ỷ": "yû", "ỹ": "yõ", "ỵ": "î", "đ": "ñ",
}  # fmt: skip
VNI = _VNI | {letter.upper(): written.upper() for letter, written in _VNI.items()}


def can_be_tcvn3(text: str) -> bool:
    """Nothing in it that the font has no place for."""
    return all(ord(letter) < 128 or letter in TCVN3 for letter in _nfc(text))


def to_tcvn3(text: str) -> tuple[str, str]:
    """The stored text and its font; capitals with tones need the font of capitals."""
    text = _nfc(text)
    if can_be_tcvn3(text):
        return "".join(TCVN3.get(letter, letter) for letter in text), ".VnTime"
    return "".join(TCVN3.get(letter, letter) for letter in text.lower()), ".VnTimeH"


def to_vni(text: str) -> tuple[str, str]:
    return "".join(VNI.get(letter, letter) for letter in _nfc(text)), "VNI-Times"


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
