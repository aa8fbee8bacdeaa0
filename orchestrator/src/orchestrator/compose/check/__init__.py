"""Our own strict check of a composed object, on the bytes that would be stored.

It rests on the tables of the Standard that highdicom and pydicom carry. It has no conditions (types
1C and 2C are judged where we know them: codes, content items, identity); the tests add dciodvfy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.check.frames import frame_faults
from orchestrator.compose.check.identity import identity_faults
from orchestrator.compose.check.reading import Unreadable, read
from orchestrator.compose.check.references import predecessor_faults, reference_faults
from orchestrator.compose.check.required import required_faults
from orchestrator.compose.check.tree import tree_faults
from orchestrator.compose.check.uids import uid_faults
from orchestrator.compose.check.values import value_faults
from orchestrator.errors import ResultInvalid

if TYPE_CHECKING:
    from orchestrator.handoffs import ComposedObject, Composition

_MOST_SHOWN: Final = 5


def faults(composed: ComposedObject, composition: Composition) -> tuple[str, ...]:
    """Sentences that say what is wrong with the object; none for one that may be stored."""
    try:
        file = read(composed.content)
    except Unreadable as error:
        return (str(error),)
    dataset = file.dataset
    return (
        *uid_faults(file, composed, composition),
        *required_faults(dataset),
        *value_faults(dataset),
        *frame_faults(dataset),
        *reference_faults(dataset, composition.selected),
        *predecessor_faults(dataset, composition.replaces),
        *tree_faults(dataset),
        *identity_faults(dataset, composition.source),
    )


def refuse_malformed(composed: ComposedObject) -> None:
    """Return if an object that was made from a checked one has kept its form.

    Raises:
        ResultInvalid: it has not; the text says why.
    """
    try:
        dataset = read(composed.content).dataset
    except Unreadable as error:
        raise ResultInvalid(f"the {composed.kind} cannot be given another form: {error}") from error
    _refuse(
        composed, (*required_faults(dataset), *value_faults(dataset), *frame_faults(dataset), *tree_faults(dataset))
    )


def refuse_invalid(composed: ComposedObject, composition: Composition) -> None:
    """Return if the object may be stored.

    Raises:
        ResultInvalid: it may not; the text says why.
    """
    _refuse(composed, faults(composed, composition))


def _refuse(composed: ComposedObject, found: tuple[str, ...]) -> None:
    if found:
        more = f", and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
        msg = f"the {composed.kind} fails its check: {'; '.join(found[:_MOST_SHOWN])}{more}"
        raise ResultInvalid(msg)
