"""What is needed to notice a correction and to make a result anew without asking the model again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("study_instance_uid", "headers_sha256"):
        op.add_column("generations", sa.Column(name, sa.String(length=64), nullable=False, server_default=""))
    op.create_index(op.f("ix_generations_study_instance_uid"), "generations", ["study_instance_uid"], unique=False)
    op.create_table(
        "answers",
        sa.Column("job_key", sa.String(length=64), sa.ForeignKey("jobs.key"), nullable=False),
        sa.Column("prediction_sha256", sa.String(length=64), sa.ForeignKey("predictions.sha256"), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("job_key"),
    )
