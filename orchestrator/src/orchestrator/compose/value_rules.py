"""Whether a value may stand where it stands: PS3.5 6.2 for its form, PS3.6 for how many there may be."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pydicom import config
from pydicom.valuerep import validate_value

if TYPE_CHECKING:
    from collections.abc import Callable

SINGLE_VALUE_VRS: Final = frozenset({"LT", "ST", "UT", "UR"})
"""Those in which a backslash is a character (PS3.5 6.2)."""

_CONTROL: Final = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f]")
"""Everything but ESC, which switches character sets (PS3.5 6.1.3)."""

_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""LT, ST and UT may hold tab, line feed, form feed and carriage return."""

_UNDECODABLE: Final = "\ufffd"

_TIME: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?)?(?(3)(\.\d{1,6})?)")
_UID: Final = re.compile(r"(?:[01]\.[1-3]?\d|2\.(?:0|[1-9]\d*))(?:\.(?:0|[1-9]\d*))*")
_LONGEST_UID: Final = 64

ENUMERATED: Final = {
    "PatientSex": {"M", "F", "O"},
    "PatientIdentityRemoved": {"YES", "NO"},
    "PatientSexNeutered": {"ALTERED", "UNALTERED"},
    "PregnancyStatus": {"1", "2", "3", "4"},
    "QualityControlSubject": {"YES", "NO"},
    "SmokingStatus": {"YES", "NO", "UNKNOWN"},
}
"""Enumerated Values of the copied modules (PS3.3 C.7.1.1, C.7.2.2): nothing else is allowed."""


@lru_cache(maxsize=4096)
def fits(vr: str, multiplicity: str, text: str) -> bool:
    """Whether the characters are a valid value of that VR and VM; an empty value always is."""
    if not text.strip(" \0"):
        return True
    values = [text] if vr in SINGLE_VALUE_VRS else text.split("\\")
    return allows(multiplicity, len(values)) and all(_one_fits(vr, value) for value in values)


def allows(multiplicity: str, count: int) -> bool:
    """Whether a VM of PS3.6 (`1`, `1-n`, `2-2n`, `1-3`) allows so many values."""
    low, _, high = multiplicity.partition("-")
    least = int(low)
    if not high:
        return count == least
    if high == "n":
        return count >= least
    if high.endswith("n"):
        return count >= least and count % int(high[:-1]) == 0
    return least <= count <= int(high)


def _one_fits(vr: str, value: str) -> bool:
    value = value.rstrip("\0") if vr == "UI" else value.strip(" ")
    control = _CONTROL_IN_TEXT if vr in SINGLE_VALUE_VRS else _CONTROL
    if _UNDECODABLE in value or control.search(value):
        return False
    return _FORMS.get(vr, _form_by_pydicom(vr))(value)


def _form_by_pydicom(vr: str) -> Callable[[str], bool]:
    def holds(value: str) -> bool:
        try:
            validate_value(vr, value, config.RAISE)
        except ValueError:
            return False
        return True

    return holds


def _is_date(value: str) -> bool:
    try:
        return bool(value) and value == f"{datetime.strptime(value, '%Y%m%d'):%Y%m%d}"  # noqa: DTZ007 (a date has no zone)
    except ValueError:
        return False


def is_uid(value: str) -> bool:
    """Whether the characters are a UID (PS3.5 9.1): roots are 0 to 2, of 0 and 1 with 0 to 39 (ISO 9834-1)."""
    return len(value) <= _LONGEST_UID and bool(_UID.fullmatch(value))


_FORMS: Final[dict[str, Callable[[str], bool]]] = {
    "DA": _is_date,
    "TM": lambda value: bool(_TIME.fullmatch(value)),
    "UI": is_uid,
}
"""Stricter than pydicom, which also takes 30 February, ranges of a query and retired forms."""
