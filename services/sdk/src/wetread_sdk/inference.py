"""One thread that loads the model and makes all its predictions, one after the other.

One thread, because frameworks keep state per thread and a network already uses every core; and because a batch over
several studies shares its fate: one bad study would fail the others.
"""

from __future__ import annotations

import logging
import time
import traceback
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wetread_contract.findings import Answer, Unsuitable
from wetread_sdk.answers import checked
from wetread_sdk.logs import event, short
from wetread_sdk.model import UnsuitableStudy
from wetread_sdk.pixels import Decoder, Unreadable
from wetread_sdk.refusals import ModelFailed, Refused
from wetread_sdk.study import Abandoned

if TYPE_CHECKING:
    from wetread_sdk.metrics import Metrics
    from wetread_sdk.model import Context, Loaded, Model
    from wetread_sdk.study import Study

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inferred:
    """An answer and what it cost."""

    answer: Answer
    inference_s: float
    """In the author's code, decoding included; neither transfer nor queue."""


class Inference:
    """The thread, the model in it and the queue before it, which the servicer keeps short."""

    def __init__(self, model: Model, metrics: Metrics) -> None:
        self._model = model
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self.decoder = Decoder()
        """For compressed pixels of the studies that are submitted."""

    def load(self, context: Context) -> Future[Loaded]:
        """The model, loaded in the thread in which it will work."""
        return self._thread.submit(self._model.load, context)

    def submit(self, study: Study) -> Future[Inferred]:
        """The answer, once it is this study's turn. Cancelling the future before that drops the work.

        The future raises a `Refused`, or is cancelled where nobody waits for the answer any more.
        """
        self._metrics.queued.inc()
        future = self._thread.submit(self._infer, study)
        future.add_done_callback(lambda done: self._metrics.queued.dec() if done.cancelled() else None)
        return future

    def stop(self) -> None:
        """Take nothing more; what waits is dropped, what runs goes on."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.decoder.close()

    def _infer(self, study: Study) -> Inferred:
        self._metrics.queued.dec()
        if study.is_abandoned:
            raise CancelledError
        started = time.perf_counter()
        answer = checked(self._answer(study), study)
        inference_s = time.perf_counter() - started
        self._metrics.inference_s.observe(inference_s)
        return Inferred(answer, inference_s)

    def _answer(self, study: Study) -> object:
        try:
            return self._model.predict(study)
        except UnsuitableStudy as unsuitable:
            return Unsuitable(unsuitable.code, unsuitable.reason)
        except Unreadable as unreadable:
            return Unsuitable("pixels_unreadable", str(unreadable))
        except Abandoned as abandoned:
            raise CancelledError from abandoned
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - the per-job guard: whatever an author's code raises fails this job only
            kind = type(error).__name__
            event(log, logging.ERROR, "prediction_failed", job=short(study.job_key), error=kind, frames=_frames(error))
            raise ModelFailed(f"the model raised {kind}; where is in the container's log under this job") from None


def _frames(error: BaseException) -> list[str]:
    """Where it was raised, innermost last; without the text of the exception, which may quote a header."""
    return [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
