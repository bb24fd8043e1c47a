"""Vietnamese typed in the encodings of before Unicode: TCVN3 (ABC) and VNI.

Fonts such as .VnTime and VNI-Times draw Vietnamese letters in the places of other Latin-1
characters. A spreadsheet keeps the characters, so `§¬n vÞ tÝnh` is what everybody but that font
sees of `Đơn vị tính`. Here belongs what turns such text back, and the test of what can be
Vietnamese at all. Pure functions; whose text it is and where it stands is not known here.

Readers of .xlsx see the font's name only on a slow second look, so mostly the text itself must
say it: it is decoded only if it cannot be Vietnamese as it stands and exactly one decoding can.
Everything else stays as it is. A single word can be a Vietnamese word in both ways (`Sè` is “sè”,
and “Số” in TCVN3); whoever knows that a sheet is in one encoding may say so by a font's name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Encoding = Literal["tcvn3", "vni"]

# --- the two encodings ----------------------------------------------------------------------------

# TCVN 5712:1993, VN3. What VN1 has beyond it (capitals with tones, combining tones) is left out:
# the fonts do not have it, and ² ³ ° are more often themselves. ư is a soft hyphen, unseen.
_TCVN3_CODES = {
    "¡¢£¤¥¦§": "ĂÂÊÔƠƯĐ",
    "¨©ª«¬\u00ad®": "ăâêôơưđ",
    "µ¶·¸¹": "àảãáạ",
    "»¼½¾Æ": "ằẳẵắặ",
    "ÇÈÉÊË": "ầẩẫấậ",
    "ÌÎÏÐÑ": "èẻẽéẹ",
    "ÒÓÔÕÖ": "ềểễếệ",
    "×ØÜÝÞ": "ìỉĩíị",
    "ßáâãä": "òỏõóọ",
    "åæçèé": "ồổỗốộ",
    "êëìíî": "ờởỡớợ",
    "ïñòóô": "ùủũúụ",
    "õö÷øù": "ừửữứự",
    "úûüýþ": "ỳỷỹýỵ",
}
_TCVN3 = {
    ord(code): letter
    for codes, letters in _TCVN3_CODES.items()
    for code, letter in zip(codes, letters, strict=True)
}

# VNI-WIN: most letters are two characters, the base and its mark; some have a code of their own.
_VNI_ALONE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
_VNI_BASES = {"a": "a", "e": "e", "o": "o", "u": "u", "y": "y", "ô": "ơ", "ö": "ư"}
_TONES = {
    "grave": "\u0300",
    "acute": "\u0301",
    "hook": "\u0309",
    "tilde": "\u0303",
    "dot": "\u0323",
}
_VNI_TONES = {"ø": "grave", "ù": "acute", "û": "hook", "õ": "tilde", "ï": "dot"}
_VNI_CIRCUMFLEX = {"à": "grave", "á": "acute", "å": "hook", "ã": "tilde", "ä": "dot"}
_VNI_BREVE = {"è": "grave", "é": "acute", "ú": "hook", "ü": "tilde", "ë": "dot"}


def _vni_letters() -> dict[str, str]:
    pairs: dict[str, str] = {}
    for base, letter in _VNI_BASES.items():
        pairs |= {base + mark: letter + _TONES[tone] for mark, tone in _VNI_TONES.items()}
    for base in "aeo":
        pairs[base + "â"] = base + "\u0302"
        for mark, tone in _VNI_CIRCUMFLEX.items():
            pairs[base + mark] = base + "\u0302" + _TONES[tone]
    pairs["aê"] = "ă"
    for mark, tone in _VNI_BREVE.items():
        pairs["a" + mark] = "ă" + _TONES[tone]
    letters: dict[str, str] = {}
    for codes, letter in (pairs | _VNI_ALONE).items():
        small = unicodedata.normalize("NFC", letter)
        # the base says whether the letter is a capital; a mark in the other case is seen in files
        letters[codes] = letters[codes[:1] + codes[1:].upper()] = small
        letters[codes.upper()] = letters[codes[:1].upper() + codes[1:]] = small.upper()
    return letters


_VNI = _vni_letters()
_VNI_CODE = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))

# without one of these a text is in neither encoding, and there is nothing to look at
_CODES = frozenset(map(chr, _TCVN3)) | {c for codes in _VNI for c in codes if not c.isascii()}
_MAY_BE_LEGACY = re.compile(f"[{re.escape(''.join(sorted(_CODES)))}]")
# letters that neither encoding uses as codes: the text is in Unicode already
_UNICODE_ONLY = re.compile("[ĂăĐđĨĩŨũƠơƯư\u0300-\u0323Ạ-ỹ]")


def decode_tcvn3(text: str) -> str:
    """TCVN3 to Unicode (NFC); characters that are not of the encoding are kept.

    Capitals with tones have no codes of their own: a font whose name ends in H draws them from the
    codes of small letters. They come out small here; `read_text` knows better.
    """
    return unicodedata.normalize("NFC", text).translate(_TCVN3)


def decode_vni(text: str) -> str:
    """VNI to Unicode (NFC); characters that are not of the encoding are kept."""
    return _VNI_CODE.sub(lambda code: _VNI[code[0]], unicodedata.normalize("NFC", text))


# --- what can be a Vietnamese syllable ------------------------------------------------------------

# `k` before other letters, `kr` and final `k` are in names of places (Bắc Kạn, Krông, Đắk Lắk)
_ONSET_LIST = "ngh ch gh gi kh kr ng nh ph qu th tr b c d đ g h k l m n p r s t v x"
_ONSETS = (*_ONSET_LIST.split(), "")
_BEFORE_FRONT_ONLY = {"gh", "ngh"}
_NEVER_BEFORE_FRONT = {"c", "g", "ng"}
_FRONT = "eêiy"
_RIME_LIST = """
    a ac ach ai am an ang anh ao ap at au ay ak
    ăc ăm ăn ăng ăp ăt ăk
    âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ek
    ê êch êm ên êng ênh êp êt êu
    i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu
    o oc oi om on ong op ot ooc oong ok
    oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe oen oeo oet
    ô ôc ôi ôm ôn ông ôp ôt ôk
    ơ ơi ơm ơn ơp ơt
    u ua uc ui um un ung up ut uâ uân uâng uât uây uê uêch uênh uơ uôc uôi uôm uôn uông uôt
    uy uya uych uyn uynh uyp uyt uyu uyên uyêt
    ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
    y yêm yên yêng yêt yêu
"""
_RIMES_AFTER_QU = "y ynh ych yt yp yn yên yêt yu ya"
_STOPS = ("c", "ch", "p", "t")
_TONES_OF_STOPS = (_TONES["acute"], _TONES["dot"])
_TONE_MARKS = frozenset(_TONES.values())


def _tone_places(rime: str) -> frozenset[int]:
    """Which letters of a rime may carry its tone; both spellings of `hoà`, `hóa`."""
    vowels = next((at for at, letter in enumerate(rime) if letter not in "aăâeêioôơuưy"), len(rime))
    marked = [at for at in range(vowels) if rime[at] in "ăâêôơư"]
    if marked:
        return frozenset(marked[-1:])
    if vowels == 1:
        return frozenset({0})
    if vowels < len(rime):
        return frozenset({vowels - 1})
    if vowels == 3:
        return frozenset({1})
    return frozenset({0, 1} if rime in ("oa", "oe", "uy") else {0})


_PLACES = {rime: _tone_places(rime) for rime in _RIME_LIST.split()}
_PLACES_AFTER_QU = _PLACES | {rime: _tone_places(rime) for rime in _RIMES_AFTER_QU.split()}


@lru_cache(maxsize=16384)
def _is_syllable(word: str) -> bool:
    """Whether a word in NFC can be one Vietnamese syllable: its onset, its rime, and its tone on
    the letter where it belongs. Rimes that end in a stop have one of two tones."""
    letters: list[str] = []
    tones: list[tuple[int, str]] = []
    for mark in unicodedata.normalize("NFD", word.lower()):
        if mark in _TONE_MARKS:
            tones.append((len(letters) - 1, mark))
        elif unicodedata.combining(mark) and letters:
            letters[-1] = unicodedata.normalize("NFC", letters[-1] + mark)
        else:
            letters.append(mark)
    if len(tones) > 1 or len(letters) > 7:
        return False
    plain = "".join(letters)
    place, tone = tones[0] if tones else (-1, "")
    for onset in _ONSETS:
        rime = plain[len(onset) :]
        places = (_PLACES_AFTER_QU if onset == "qu" else _PLACES).get(rime)
        if not plain.startswith(onset) or places is None:
            continue
        is_front = rime[0] in _FRONT
        if onset in _BEFORE_FRONT_ONLY and not is_front:
            continue
        if onset in _NEVER_BEFORE_FRONT and is_front and not (onset == "g" and rime[0] == "i"):
            continue
        # without any mark it is Vietnamese typed plainly, as in a file's name
        is_plain = plain.isascii() and not tone
        if rime.endswith(_STOPS) and tone not in _TONES_OF_STOPS and not is_plain:
            continue
        # `Qúy`: the tone on the letter before is a slip that keyboards make
        is_slip = onset == "qu" and rime == "y" and place == 1
        if not tone or place - len(onset) in places or is_slip:
            return True
    return False


# symbols that TCVN3 uses as letters stand inside words there
_SYMBOLS = "".join(c for c in map(chr, sorted(_TCVN3)) if not c.isalpha())
# ² is alphanumeric but no digit
_WORD = re.compile(rf"(?:[^\W\d_²³⁰-₉]|[{re.escape(_SYMBOLS)}])+")
_ASCII_ABBREVIATION = re.compile(r"[A-Zbcdfghjklmnpqrstvwxz]+")
# initials of words; no vowels with signs that Latin-1 has, or words in VNI would pass
_ABBREVIATION = re.compile(r"[A-ZĐƯƠ]{2,8}|[A-ZĐ]{2,6}[gd]")
# words of other languages that are written with signs
_FOREIGN = frozenset({"kilôgam", "kilômét", "kilôoát", "ôtô", "ôxy", "ôzôn"})
_MONEY_ABBREVIATIONS = frozenset({"đ", "trđ", "ngđ", "nđ", "tđ", "vnđ", "đvt"})
# what is itself: a footnote's ¹, micrometres, millions of pounds, N·m, m×n
_FOOTNOTED = re.compile(r"(.+)¹")
# `tr.®`, `®/kg`: a sign that is one word by itself, next to what shows that it is no trade mark
_MONEY_SIGN = re.compile(r"\b(?:tr|ng|t)\.\s?®|(?<!\w)®/[A-Za-z]", re.IGNORECASE)
_ITSELF = re.compile(r"µ[mglsVAFWN]|[£¥]m|[A-Za-z][×·÷][A-Za-z]")


@lru_cache(maxsize=16384)
def _is_possible(word: str) -> bool:
    """Whether a word that is not plain ASCII can be read as it stands."""
    if _is_syllable(word) or _ABBREVIATION.fullmatch(word) or word.lower() in _FOREIGN:
        return True
    return word.lower() in _MONEY_ABBREVIATIONS and (word.islower() or word.istitle())


def is_vietnamese(text: str) -> bool:
    """Whether every word can be a Vietnamese syllable, or is an abbreviation or a number."""
    text = unicodedata.normalize("NFC", text)
    if _MONEY_SIGN.search(text):
        return False
    for word in _WORD.findall(text):
        if word.isascii():
            if not _ASCII_ABBREVIATION.fullmatch(word) and not _is_syllable(word):
                return False
        elif word not in _SYMBOLS and not _is_possible(word):
            return False
    return True


def _can_stand(text: str) -> bool:
    """Whether the words with signs can be what they seem. Plain words say nothing (English ones
    stand in text of every encoding), single characters little: `Ø 20`, `©`, `®`, `1ª`."""
    for word in _WORD.findall(text):
        if word.isascii() or len(word) == 1 or _is_possible(word) or _ITSELF.fullmatch(word):
            continue
        noted = _FOOTNOTED.fullmatch(word)
        if noted is None or not (
            _is_syllable(noted[1]) or (len(noted[1]) == 1 and noted[1].isupper())
        ):
            return False
    return _MONEY_SIGN.search(text) is None


def _is_sound(decoded: str) -> bool:
    """Whether a decoding gave Vietnamese: every word with signs, single letters too."""
    return all(word.isascii() or _is_possible(word) for word in _WORD.findall(decoded))


_NOT_TCVN3 = re.compile(
    f"[{''.join(c for c in map(chr, range(0xC0, 0x100)) if c.isalpha() and ord(c) not in _TCVN3)}]"
)
_LATIN_LETTER = re.compile("[À-ÖØ-öø-ÿ]")


def _decode(text: str, encoding: Encoding) -> tuple[str, bool]:
    """The text decoded, and whether it is Vietnamese then and wholly of that encoding. A letter
    that the encoding lacks (`à` in TCVN3, a mark without its base in VNI) speaks against it."""
    if encoding == "tcvn3":
        decoded, is_foreign = decode_tcvn3(text), _NOT_TCVN3.search(text) is not None
    else:
        decoded = decode_vni(text)
        rest = _VNI_CODE.sub("", text).translate(dict.fromkeys(map(ord, "ìíÌÍ")))
        is_foreign = _LATIN_LETTER.search(rest) is not None
    return decoded, not is_foreign and _is_sound(decoded)


# --- reading --------------------------------------------------------------------------------------

_FONT_TCVN3 = re.compile(r"\.vn", re.IGNORECASE)
_CACHED_LENGTH = 500
_FONT_VNI = re.compile(r"vni[- ]", re.IGNORECASE)


def encoding_of_font(font: str | None) -> Encoding | None:
    """Which encoding a font's name stands for, if any."""
    if not font:
        return None
    if _FONT_TCVN3.match(font):
        return "tcvn3"
    return "vni" if _FONT_VNI.match(font) else None


def may_be_legacy(text: str) -> bool:
    """Whether a text has any letter that is a code of one of the encodings."""
    return not text.isascii() and _MAY_BE_LEGACY.search(text) is not None


def is_plainly_unicode(text: str) -> bool:
    """Whether a text has a letter that neither encoding can have been typed for."""
    return _UNICODE_ONLY.search(unicodedata.normalize("NFC", text)) is not None


def read_text(text: str, font: str | None = None) -> tuple[str, Encoding | None]:
    """The text in Unicode (NFC), and the encoding that it was decoded from.

    With the name of a font of one of the encodings, that one is taken unless the text is plainly
    Unicode already. Without, only what the text itself proves; what can be read in two ways stays.
    """
    if text.isascii():
        return text, None
    if _MAY_BE_LEGACY.search(text) is None:
        return unicodedata.normalize("NFC", text), None
    # long texts do not come twice
    read = _read if len(text) <= _CACHED_LENGTH else _read.__wrapped__
    return read(text, encoding_of_font(font), bool(font and font.endswith("H")))


@lru_cache(maxsize=32768)
def _read(text: str, told: Encoding | None, shows_capitals: bool) -> tuple[str, Encoding | None]:
    text = unicodedata.normalize("NFC", text)
    if _UNICODE_ONLY.search(text):
        return text, None
    can_stand = _can_stand(text)
    if told is not None:
        decoded, is_sound = _decode(text, told)
        if can_stand and not is_sound:
            return text, None
        if told == "tcvn3":
            decoded = decoded.upper() if shows_capitals else _with_capitals(text, decoded)
        return (decoded, told) if decoded != text else (text, None)
    if can_stand:
        return text, None
    tcvn3, is_tcvn3 = _decode(text, "tcvn3")
    vni, is_vni = _decode(text, "vni")
    is_tcvn3, is_vni = is_tcvn3 and tcvn3 != text, is_vni and vni != text
    if is_tcvn3 == is_vni:
        return text, None
    return (_with_capitals(text, tcvn3), "tcvn3") if is_tcvn3 else (vni, "vni")


def _with_capitals(text: str, decoded: str) -> str:
    """`KÕT QU¶` is typed with capitals where there are codes for them: the rest are meant so."""
    plain = [letter for letter in text if letter.isascii() and letter.isalpha()]
    words = list(_WORD.finditer(decoded))
    if all(map(str.isupper, plain)) and any(_is_shouted(text, word) for word in words):
        return decoded.upper()
    out = list(decoded)
    for word in reversed(words):  # a letter's capital may be two
        if _is_shouted(text, word):
            out[word.start() : word.end()] = word[0].upper()
    return "".join(out)


def _is_shouted(text: str, word: re.Match[str]) -> bool:
    # codes and letters are one to one in TCVN3, so a word stands where its codes stood
    typed = text[word.start() : word.end()]
    plain = [letter for letter in typed if letter.isascii() and letter.isalpha()]
    return len(plain) > 1 and all(map(str.isupper, plain))
