"""A multimodal retrieval engine for pins: pictures with, sometimes, a little text."""

__version__ = "0.1.0"
