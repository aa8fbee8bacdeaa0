"""News from Orthanc: what has changed, what was missed, what a study consists of now."""
