"""The four standard views among the instances that were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brdensity.exam import STANDARD_VIEWS
from brdensity.phantoms import Laterality, Position
from wetread_contract.derived import mg
from wetread_contract.headers import Headers
from wetread_sdk import UnsuitableStudy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wetread_sdk import Instance, Study

    View = tuple[Laterality, Position]
    Views = Mapping[View, Instance]


def standard_views(study: Study) -> Views:
    """One instance for each of R CC, L CC, R MLO and L MLO, in this order. Raises `UnsuitableStudy`.

    The declaration selects exactly these; a caller with other rules is told what is missing or twice.
    """
    found: dict[View, Instance] = {}
    for instance in study.instances:
        view = _view(instance)
        if view in found:
            raise UnsuitableStudy("view_twice", f"{' '.join(view)} was sent twice, exactly one of each is read")
        found[view] = instance
    missing = [" ".join(view) for view in STANDARD_VIEWS if view not in found]
    if missing:
        raise UnsuitableStudy("view_missing", f"missing: {', '.join(missing)}")
    return {view: found[view] for view in STANDARD_VIEWS}


def _view(instance: Instance) -> View:
    """Side and view as the declaration's rules understand them."""
    headers = Headers.from_dataset(instance.dataset)
    side, position = mg.laterality(headers), mg.view(headers)
    try:
        return Laterality(str(side)), Position(str(position))
    except ValueError as error:
        raise UnsuitableStudy("view_unknown", "an instance does not say which standard view it shows") from error
