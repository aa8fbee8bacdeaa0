"""In which form an object goes to a destination that wants another one than Orthanc holds."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("shipments", sa.Column("form", sa.Text(), nullable=False, server_default=""))
