"""The drawing behind the sample pins; it knows nothing of the engine."""
