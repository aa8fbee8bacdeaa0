"""The names of all log events: things that have happened, one name each."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """A log line's `event`."""

    ORCHESTRATOR_STARTED = "orchestrator_started"
    ORCHESTRATOR_STOPPED = "orchestrator_stopped"
    ARCHIVE_REACHED = "archive_reached"
    ARCHIVE_UNAVAILABLE = "archive_unavailable"
    ARCHIVE_REFUSED = "archive_refused"
    ARCHIVE_REPLACED = "archive_replaced"
    MODEL_REGISTERED = "model_registered"
    MODEL_REFUSED = "model_refused"
    MODEL_LOST = "model_lost"
    STUDY_NOTICED = "study_noticed"
    STUDY_JUDGED = "study_judged"
    STUDY_UNREADABLE = "study_unreadable"
    STUDY_PASSED_OVER = "study_passed_over"
    STUDY_GONE = "study_gone"
    JOB_QUEUED = "job_queued"
    PREDICTION_REQUESTED = "prediction_requested"
    PREDICTION_RECEIVED = "prediction_received"
    RESULT_COMPOSED = "result_composed"
    RESULT_STORED = "result_stored"
    RESULT_COMPARED = "result_compared"
    RESULT_REPLACED = "result_replaced"
    JOB_UNSUITABLE = "job_unsuitable"
    JOB_RETRIED = "job_retried"
    JOB_FAILED = "job_failed"
    JOB_CANCELLED = "job_cancelled"
    JOB_GONE = "job_gone"
    JOB_SUPERSEDED = "job_superseded"
    SITE_FILE_CHANGED = "site_file_changed"
    SITE_FILE_REFUSED = "site_file_refused"
    MODEL_APPROVED = "model_approved"
    LOOP_RECOVERED = "loop_recovered"
    LOOP_FAILED = "loop_failed"
    FOREIGN_WARNING = "foreign_warning"
    DEFECT = "defect"
