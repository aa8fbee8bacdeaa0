"""The orchestrator's one HTTP port: health and metrics; calls operations only."""
