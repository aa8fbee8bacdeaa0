"""Deliveries, what was shipped with them, and what was deleted on the strength of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _make_deliveries()
    _make_shipments()
    _make_removals()


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("job_key", sa.String(length=64), sa.ForeignKey("jobs.key"), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("study", sa.String(length=44), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("engaged", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("study_date", sa.String(length=10), nullable=False),
        sa.Column("altered", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=16), nullable=False),
        sa.Column("not_before", sa.String(27), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("queued_at", sa.String(27), nullable=False),
        sa.Column("state_since", sa.String(27), nullable=False),
        sa.Column("sent_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("job_key", "destination", "purpose"),
    )
    op.create_index(op.f("ix_deliveries_study"), "deliveries", ["study"], unique=False)
    op.create_index("deliveries_due", "deliveries", ["state", "engaged", "not_before"], unique=False)


def _make_shipments() -> None:
    op.create_table(
        "shipments",
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("job_key", sa.String(length=64), sa.ForeignKey("jobs.key"), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sop_class_uid", sa.String(length=64), nullable=False),
        sa.Column("series_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("orthanc_id", sa.String(length=44), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("relabelled", sa.Boolean(), nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proof", sa.String(length=16), nullable=True),
        sa.Column("proven_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("sop_instance_uid", "destination"),
    )
    op.create_index(op.f("ix_shipments_job_key"), "shipments", ["job_key"], unique=False)


def _make_removals() -> None:
    op.create_table(
        "removals",
        sa.Column("orthanc_id", sa.String(length=44), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("study", sa.String(length=44), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("proof", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("proven_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("orthanc_id"),
    )
    op.create_index(op.f("ix_removals_study"), "removals", ["study"], unique=False)
