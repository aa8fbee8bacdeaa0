"""The archive: what we need of it, and Orthanc's REST API behind it."""
