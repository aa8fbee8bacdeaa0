"""Objects that must not count any more where they have been sent."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "rejected",
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("job_key", sa.String(length=64), sa.ForeignKey("jobs.key"), nullable=False),
        sa.Column("sop_class_uid", sa.String(length=64), nullable=False),
        sa.Column("series_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("rejected_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("sop_instance_uid", "destination"),
    )
    op.create_index(op.f("ix_rejected_job_key"), "rejected", ["job_key"], unique=False)
