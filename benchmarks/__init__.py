"""Measurements, each beside the table that it made."""
