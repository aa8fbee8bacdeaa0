"""The ledger's tables, as SQLAlchemy sees them; the migrations make them.

Times are UTC, as text in ISO 8601 with microseconds, so that SQLite and PostgreSQL sort and show
them alike. Identifiers of patients are in no table; SOP instance UIDs are, because results rest on
exactly these instances.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

METADATA = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as sortable text."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Text for the database. Raises `ValueError` for a datetime without a zone."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401 - SQLAlchemy's type
        """The datetime that was stored."""
        del dialect
        return None if value is None else datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


CURSOR = Table(
    "cursor",
    METADATA,
    Column("name", String(16), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("mark", String(160)),
)
"""Our place in Orthanc's change log; `mark` is what it says there, `started_at` is the first start ever."""

ARRIVALS = Table(
    "arrivals",
    METADATA,
    Column("instance", String(44), primary_key=True),
    Column("noticed_at", Instant, nullable=False, index=True),
    Column("study", String(44), index=True),
    Column("looked_at", Instant),
)
"""Instances whose study has not become stable yet: what is left over is looked up by reconciliation.

`study`: once it has been asked for. `looked_at`: when models that start early last looked at the study.
"""

STUDIES = Table(
    "studies",
    METADATA,
    Column("study", String(44), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("last_instance_at", Instant, nullable=False),
    Column("stable", Boolean, nullable=False),
    Column("complete_digest", String(64), nullable=False),
)
"""How quiet each study is: when its last instance came, our own not counted, and whether it is stable since.

`digest`: of the content that was judged last; empty since something has come. `complete_digest`: of
the content that somebody has called complete.
"""

NEWS = Table(
    "news",
    METADATA,
    Column("study", String(44), primary_key=True),
    Column("noticed_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("asks", JSON, nullable=False, default=dict),
)
"""Studies that wait to be judged. `asks`: models by whose rules a content is to be judged again, and why."""

GENERATIONS = Table(
    "generations",
    METADATA,
    Column("study", String(44), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("instance_count", Integer, nullable=False),
    Column("last_update", Instant, nullable=False),
    Column("judged_at", Instant, nullable=False, index=True),
    Column("study_instance_uid", String(64), nullable=False, server_default="", index=True),
    Column("headers_sha256", String(64), nullable=False, server_default=""),
)
"""Each content of each study, judged once.

`headers_sha256`: over all its attributes, so that a correction in place is seen; empty where an older
release has judged it.
"""

MODELS = Table(
    "models",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("weights_sha256", String(64), primary_key=True),
    Column("declaration_sha256", String(64), primary_key=True),
    Column("image_digest", String(80), nullable=False),
    Column("declaration", Text, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
)
"""Every model that has ever described itself: the last known declarations survive a restart."""

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("study", String(44), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("model", String(64), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("series_instance_uid", String(64), primary_key=True),
    Column("weights_sha256", String(64), nullable=False),
    Column("declaration_sha256", String(64), nullable=False),
    Column("site_file_sha256", String(64), nullable=False),
    Column("outcome", String(16), nullable=False, index=True),
    Column("judgement", JSON, nullable=False),
    Column("job_key", String(64)),
    Column("decided_at", Instant, nullable=False),
)
"""What every model's rules said about every generation, with the reasons."""

JOBS = Table(
    "jobs",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("study", String(44), nullable=False, index=True),
    Column("series_instance_uid", String(64), nullable=False),
    Column("model", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("weights_sha256", String(64), nullable=False),
    Column("declaration_sha256", String(64), nullable=False),
    Column("image_digest", String(80), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("priority", Integer, nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("engaged", Boolean, nullable=False, default=False),
    Column("executing", Boolean, nullable=False, default=False),
    Column("crashes", Integer, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    Column("not_before", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("state_since", Instant, nullable=False),
    Column("noticed_at", Instant, nullable=False),
    Column("origin", String(16), nullable=False, default="news"),
    Column("shadow", Boolean, nullable=False, default=False),
    Column("input", JSON, nullable=False),
    Column("prediction_sha256", String(64), ForeignKey("predictions.sha256")),
    Column("inference_s", Float),
    Column("summary", String(64), nullable=False, default=""),
    Column("replaces", String(64)),
    Index("jobs_due", "state", "engaged", "not_before"),
    Index("jobs_engaged", "engaged", "model"),
    Index("jobs_of_study", "study", "state"),
    Index("jobs_slot", "study", "series_instance_uid", "model"),
)
"""One row per piece of work. `engaged`: the engine has a workflow for attempt `attempt`.

`executing`: a walk has worked on it since the last start, so that a death of the process counts against it.
"""

PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("endpoint", String(160), nullable=False),
    Column("received_at", Instant, nullable=False),
)
"""Models' answers, saved before anything is made of them."""

ANSWERS = Table(
    "answers",
    METADATA,
    Column("job_key", String(64), ForeignKey("jobs.key"), primary_key=True),
    Column("prediction_sha256", String(64), ForeignKey("predictions.sha256"), nullable=False),
    Column("inputs", JSON, nullable=False),
)
"""What each job's model was last shown: the fingerprint of each image as it was sent, by SOP instance UID.

Equal images of the same person under corrected names need no second inference.
"""

RESULTS = Table(
    "results",
    METADATA,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("job_key", String(64), ForeignKey("jobs.key"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("sop_class_uid", String(64), nullable=False),
    Column("series_instance_uid", String(64), nullable=False, index=True),
    Column("orthanc_id", String(44), nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
)
"""Our objects that are, or may be, in Orthanc: noted before they are sent, until they are withdrawn."""

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("job_key", String(64), ForeignKey("jobs.key"), primary_key=True),
    Column("destination", String(64), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("study", String(44), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("attempt", Integer, nullable=False, default=0),
    Column("engaged", Boolean, nullable=False, default=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("released", Boolean, nullable=False, default=False),
    Column("study_date", String(10), nullable=False),
    Column("altered", Boolean, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("title", String(16), nullable=False, default=""),
    Column("not_before", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("state_since", Instant, nullable=False),
    Column("sent_at", Instant),
    Index("deliveries_engaged", "engaged", "destination"),
    Index("deliveries_of_study", "study", "state"),
    Index("deliveries_due", "state", "engaged", "not_before"),
)
"""One row per job, destination and purpose: `result`, or `rejection` for the note that withdraws it.

`sent_at`: since then some of it may be there. `queued_at`: since then it may go. Study date,
`altered` and stage are what the guards look at again before each attempt.
"""

SHIPMENTS = Table(
    "shipments",
    METADATA,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("destination", String(64), primary_key=True),
    Column("job_key", String(64), ForeignKey("jobs.key"), nullable=False, index=True),
    Column("purpose", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sop_class_uid", String(64), nullable=False),
    Column("series_instance_uid", String(64), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("orthanc_id", String(44), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("relabelled", Boolean, nullable=False, default=False),
    Column("form", Text, nullable=False, default=""),
    Column("transfers", Integer, nullable=False, default=0),
    Column("status", Text, nullable=False, default=""),
    Column("proof", String(16)),
    Column("proven_at", Instant),
)
"""Each object on its way to each destination: what the last transfer said, and how it was proven to be there.

`relabelled`: an object in another form, made for this destination from the one that Orthanc holds; `form` is that
form as JSON.
"""

REJECTED = Table(
    "rejected",
    METADATA,
    Column("sop_instance_uid", String(64), primary_key=True),
    Column("destination", String(64), primary_key=True),
    Column("job_key", String(64), ForeignKey("jobs.key"), nullable=False, index=True),
    Column("sop_class_uid", String(64), nullable=False),
    Column("series_instance_uid", String(64), nullable=False),
    Column("study_instance_uid", String(64), nullable=False),
    Column("rejected_at", Instant, nullable=False),
)
"""Objects that must not count any more where they have been sent: none of their UIDs is used again."""

REMOVALS = Table(
    "removals",
    METADATA,
    Column("orthanc_id", String(44), primary_key=True),
    Column("sop_instance_uid", String(64), nullable=False),
    Column("study", String(44), nullable=False, index=True),
    Column("destination", String(64), nullable=False),
    Column("proof", String(16), nullable=False),
    Column("why", String(32), nullable=False),
    Column("proven_at", Instant, nullable=False),
)
"""Instances that we have deleted from Orthanc, each with the proof of where else it is."""

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, index=True),
    Column("version", String(64), nullable=False),
    Column("weights_sha256", String(64), nullable=False),
    Column("declaration_sha256", String(64), nullable=False),
    Column("image_digest", String(80), nullable=False),
    Column("approved_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)
"""Digests whose results may leave Orthanc; who approved them and why stands in `acts`."""

PAUSES = Table(
    "pauses",
    METADATA,
    Column("model", String(64), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("who", String(128), nullable=False),
    Column("why", Text, nullable=False),
)
"""Models that get no new work, empty for all of them; the history stands in `acts`."""

OUTBOX_PAUSES = Table(
    "outbox_pauses",
    METADATA,
    Column("destination", String(64), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("who", String(128), nullable=False),
    Column("why", Text, nullable=False),
)
"""Destinations that get nothing; the history stands in `acts`."""

REFUSALS = Table(
    "refusals",
    METADATA,
    Column("address", String(160), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
)
"""Endpoints that answer and are not used, and why."""

SITE_FILES = Table(
    "site_files",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("content", Text, nullable=False),
    Column("first_used", Instant, nullable=False),
)
"""Every site file that has decided something; secrets are in files of their own."""

ACTS = Table(
    "acts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False, index=True),
    Column("who", String(128), nullable=False),
    Column("what", String(32), nullable=False),
    Column("subject", String(160), nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("before", String(64)),
    Column("after", String(64)),
)
"""Append-only (the database refuses changes): who did what to what, when, why."""

REPLICAS = Table(
    "replicas",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("beat_at", DateTime(timezone=True), nullable=False),
)
"""The orchestrators on one PostgreSQL, by the database's own clock; one that is not here may change nothing."""
