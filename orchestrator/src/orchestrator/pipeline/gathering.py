"""What composing needs, from the ledger, the archive and the site."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from orchestrator.compose.card.content import tiled
from orchestrator.compose.masks import masked_instances
from orchestrator.compose.source_values import text_of
from orchestrator.dispatch import client as dispatch_client
from orchestrator.dispatch.part10 import ArrivingFile
from orchestrator.errors import Cancelled
from orchestrator.handoffs import Composition, Replaced
from orchestrator.jobs import catalogue, documents, ledger, predictions, rejections
from orchestrator.jobs.input import input_from_json
from wetread_contract.declaration import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    import sqlalchemy as sa
    from pydicom import Dataset

    from orchestrator.handoffs import OrthancId, Prediction, Preview
    from orchestrator.jobs.input import JobInput
    from orchestrator.pipeline.tools import Tools
    from wetread_contract.declaration import Declaration
    from wetread_contract.findings import Answer

PREVIEW_ROWS = 240


def composition(tools: Tools, job: ledger.Job, source: Dataset, previews: Mapping[str, Future[Preview]]) -> Composition:
    """All that the result of a job is made from; waits for the previews.

    Raises `AnswerInvalid`, and what the archive raises.
    """
    wanted = input_from_json(job.input)
    with tools.database.read() as connection:
        answered = prediction(connection, job)
        declared = declaration(connection, job)
        times_rejected = rejections.times(connection, job.key)
        replaced = ledger.find(connection, job.replaces) if job.replaces else None
        replaces = None
        if replaced is not None and replaced.prediction_sha256 is not None:
            replaces = _replaced(connection, replaced)
    return Composition(
        job_key=job.key,
        model=job.model,
        declaration=declared,
        prediction=answered,
        source=source,
        selected=wanted.selected,
        left_out=wanted.left_out,
        sources=_sources(tools, wanted, answered.answer, source),
        previews={uid: picture.result() for uid, picture in previews.items()},
        settings=tools.site().composition(job.model.name),
        wetread_version=tools.wetread_version,
        replaces=replaces,
        rejections=times_rejected,
    )


def _replaced(connection: sa.Connection, job: ledger.Job) -> Replaced:
    study = input_from_json(job.input).selected[0].reference.study_instance_uid
    reports = documents.last_reports(connection, job.key, study)
    return Replaced(prediction(connection, job).received_at, job.summary, reports)


def _sources(tools: Tools, wanted: JobInput, answer: Answer, first: Dataset) -> Mapping[str, Dataset]:
    """Headers of the images that masks are of; `first` is at hand already."""
    at_hand = {text_of(first, "SOPInstanceUID"): first}
    needed = [uid for uid in masked_instances(answer) if uid in wanted.orthanc_ids]
    return {uid: at_hand.get(uid) or header(tools, wanted.orthanc_ids[uid]) for uid in needed}


def header(tools: Tools, instance: OrthancId) -> Dataset:
    """An instance's attributes without its pixels. Raises what the archive raises."""
    with tools.archive.open_instance(instance) as stream:
        return ArrivingFile(stream).header


def start_previews(tools: Tools, wanted: JobInput) -> Mapping[str, Future[Preview]]:
    """The pictures that the card will show, on their way, by SOP instance UID; none where the site wants none."""
    if not tools.site().results.previews:
        return {}
    shown = [instance.reference.sop_instance_uid for instance in tiled(wanted.selected)]
    fetch = tools.archive.preview
    return {uid: tools.renderer.submit(fetch, wanted.orthanc_ids[uid], PREVIEW_ROWS) for uid in shown}


def prediction(connection: sa.Connection, job: ledger.Job) -> Prediction:
    """The saved answer of a job. Raises `AnswerInvalid`, and `Cancelled` when there is none."""
    if job.prediction_sha256 is None:
        raise Cancelled("no prediction to compose")
    saved = predictions.load(connection, job.prediction_sha256)
    return dispatch_client.decoded(saved.content, saved.endpoint, saved.received_at)


def declaration(connection: sa.Connection, job: ledger.Job) -> Declaration:
    """The declaration that a job was made by."""
    return _parsed(catalogue.named(connection, job.model.declaration_sha256))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Declaration:
    """A kept declaration: it was accepted when its job was made, whatever the site says now."""
    return parse(text, accept_too_broad=True)
