"""HTTP: the engine's answers under `/v1`, with problem details for errors."""
