"""What each command takes and shows; only `cli.py` exits."""
