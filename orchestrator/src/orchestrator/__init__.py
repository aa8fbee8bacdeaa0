"""Watches Orthanc, matches studies to models, collects predictions, puts labelled results back."""
