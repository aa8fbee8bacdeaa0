"""What Orthanc's change log says at our place in it: another log says something else there."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("cursor", sa.Column("mark", sa.String(160)))
