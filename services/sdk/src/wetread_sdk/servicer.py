"""ModelService over grpc.aio: one call from its first byte to its answer."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Self

from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_contract.findings import Unsuitable
from wetread_contract.wire import answer_to_proto
from wetread_sdk.answers import category
from wetread_sdk.logs import event, short
from wetread_sdk.reception import Reception, announced_instances
from wetread_sdk.refusals import AnotherModel, ContractBroken, Full, Late, Leaving, Refused
from wetread_sdk.spool import Spool
from wetread_sdk.study import Instance, Study

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import Future

    import grpc.aio

    from wetread_sdk.identity import Identity
    from wetread_sdk.inference import Inference, Inferred
    from wetread_sdk.metrics import Metrics
    from wetread_sdk.settings import Settings
    from wetread_sdk.tracing import Tracing

    Requests = AsyncIterator[model_pb2.PredictRequest]
    Context = grpc.aio.ServicerContext[model_pb2.PredictRequest, model_pb2.PredictResponse]

log = logging.getLogger(__name__)


class Servicer(model_pb2_grpc.ModelServiceServicer):
    """Answers Describe at once, and as many Predict calls at a time as the limits allow."""

    def __init__(
        self, identity: Identity, inference: Inference, settings: Settings, metrics: Metrics, tracing: Tracing
    ) -> None:
        self._identity = identity
        self._inference = inference
        self._settings = settings
        self._metrics = metrics
        self._tracing = tracing
        self._places = threading.BoundedSemaphore(identity.limits.concurrency)
        self._leaving = False
        self._going_on = 0
        self._idle = asyncio.Event()

    async def Describe(  # noqa: N802 - the name in model.proto
        self, request: model_pb2.DescribeRequest, context: Context
    ) -> model_pb2.DescribeResponse:
        """Who this model is and which studies it wants."""
        del request, context
        return self._identity.described()

    async def Predict(self, request_iterator: Requests, context: Context) -> model_pb2.PredictResponse:  # noqa: N802
        """Findings about one study, or why there cannot be any."""
        self._going_on += 1
        try:
            with self._tracing.call(context.invocation_metadata() or ()):
                return await self._within_deadline(request_iterator)
        except Refused as refused:
            self._metrics.refusals.labels(refused.code.name).inc()
            event(log, logging.WARNING, "prediction_refused", code=refused.code.name, reason=str(refused))
            return await context.abort(refused.code, str(refused))
        except asyncio.CancelledError:
            self._metrics.refusals.labels("CANCELLED").inc()
            event(log, logging.INFO, "prediction_abandoned")
            raise
        finally:
            self._going_on -= 1
            self._note_idle()

    async def leave(self) -> None:
        """Refuse every new Predict from now on; returns when those that are going on have ended.

        Refusing is ours, because a call that meets a port which is just being closed is answered by nobody.
        """
        self._leaving = True
        self._note_idle()
        await self._idle.wait()

    def _note_idle(self) -> None:
        if self._leaving and not self._going_on:
            self._idle.set()

    async def _within_deadline(self, requests: Requests) -> model_pb2.PredictResponse:
        if self._leaving:
            raise Leaving("this endpoint is about to end")
        deadline_s = self._identity.limits.deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                return await self._predict(requests)
        except TimeoutError as error:
            raise Late(f"the declaration grants {deadline_s:g} s, they are over") from error

    async def _predict(self, requests: Requests) -> model_pb2.PredictResponse:
        with _Call(
            self._places, Spool(self._settings.spool_dir, self._settings.spool_above_bytes), self._metrics
        ) as call:
            with self._tracing.part("receive"):
                study = await self._receive(requests, call.spool)
            self._tracing.note(job=short(study.job_key), instances=len(study.instances), bytes=call.spool.size_bytes)
            with self._tracing.part("infer"):
                inferred = await call.wait_for(study, self._inference.submit(study))
                self._tracing.note(inference_s=inferred.inference_s)
        answer = inferred.answer
        outcome = "unsuitable" if isinstance(answer, Unsuitable) else "prediction"
        self._metrics.answers.labels(outcome, *self._metrics.categories(category(answer))).inc()
        event(
            log,
            logging.INFO,
            "prediction_answered",
            job=short(study.job_key),
            outcome=outcome,
            category=category(answer),
            instances=len(study.instances),
            received_bytes=call.spool.size_bytes,
            inference_s=round(inferred.inference_s, 4),
        )
        return answer_to_proto(
            answer, inference_s=inferred.inference_s, weights_sha256=self._identity.loaded.weights_sha256
        )

    async def _receive(self, requests: Requests, spool: Spool) -> Study:
        header = await self._header(requests)
        reception = Reception(announced_instances(header), spool, self._identity.limits.max_bytes)
        async for request in requests:
            before = spool.size_bytes
            if spool.on_disk:  # a slow disk must not hold up health checks and other calls
                await asyncio.to_thread(reception.take, request)
            else:
                reception.take(request)
            self._metrics.received_bytes.inc(spool.size_bytes - before)
        received = reception.finish()
        return Study([Instance(each, spool, self._inference.decoder) for each in received], header.job_key)

    async def _header(self, requests: Requests) -> model_pb2.PredictHeader:
        first = await anext(aiter(requests), model_pb2.PredictRequest())
        kind = first.WhichOneof("part")
        if kind != "header":
            raise ContractBroken(f"the first message must be a PredictHeader, not {kind or 'nothing'}")
        difference = self._identity.difference(first.header)
        if difference:
            raise AnotherModel(difference)
        return first.header


class _Call:
    """One place among the concurrent calls and one spool: both are given back when nobody needs them any more.

    That is at the end of the call; but where the caller has gone away while the inference thread is at work, only
    when that thread is done, because it still reads the spool, and the machine is not free before.
    """

    def __init__(self, places: threading.BoundedSemaphore, spool: Spool, metrics: Metrics) -> None:
        self._places = places
        self.spool = spool
        self._metrics = metrics
        self._working: Future[Inferred] | None = None

    def __enter__(self) -> Self:
        if not self._places.acquire(blocking=False):
            raise Full("as many calls as this endpoint takes at once are going on")
        self._metrics.calls.inc()
        return self

    def __exit__(self, *_: object) -> None:
        if self._working is None:
            self._release()
        else:
            self._working.add_done_callback(lambda _: self._release())

    async def wait_for(self, study: Study, working: Future[Inferred]) -> Inferred:
        """The answer; when nobody waits for it any more, the work is dropped as far as it can be."""
        self._working = working
        try:
            return await asyncio.wrap_future(working)
        except asyncio.CancelledError:
            study.abandon()
            raise

    def _release(self) -> None:
        self.spool.close()
        self._metrics.calls.dec()
        self._places.release()
