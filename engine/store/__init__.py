"""A pin collection in Qdrant: its schema, the plan of a query, one adapter per kind of engine."""
