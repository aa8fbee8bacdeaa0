"""How long a study has been quiet, which arrivals belong to it, pauses of destinations, indexes for large ledgers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "studies",
        sa.Column("study", sa.String(length=44), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("last_instance_at", sa.String(27), nullable=False),
        sa.Column("stable", sa.Boolean(), nullable=False),
        sa.Column("complete_digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("study"),
    )
    op.add_column("arrivals", sa.Column("study", sa.String(length=44), nullable=True))
    op.add_column("arrivals", sa.Column("looked_at", sa.String(27), nullable=True))
    op.create_index(op.f("ix_arrivals_study"), "arrivals", ["study"], unique=False)
    op.create_index(op.f("ix_arrivals_noticed_at"), "arrivals", ["noticed_at"], unique=False)
    op.create_index(op.f("ix_results_orthanc_id"), "results", ["orthanc_id"], unique=False)
    op.create_index("jobs_engaged", "jobs", ["engaged", "model"], unique=False)
    op.create_index("deliveries_engaged", "deliveries", ["engaged", "destination"], unique=False)
    op.create_index("jobs_of_study", "jobs", ["study", "state"], unique=False)
    op.create_index("deliveries_of_study", "deliveries", ["study", "state"], unique=False)
    op.create_table(
        "outbox_pauses",
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("destination"),
    )
