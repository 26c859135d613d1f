"""Pins arriving: where they come from, what is checked, and how they become records."""
