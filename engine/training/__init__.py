"""How the embedded encoder is made: data, towers, losses, stages, judging, export.

Needs the extra `train`; no other room imports it. `python -m engine.training --help` runs it.
"""
