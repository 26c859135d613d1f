"""The service that one writes first: FastAPI, rank-bm25, qdrant-client's local mode, half and half.

    python -m benchmarks.naive_service 100000

Prints its address on loopback once it is ready, and serves until it is ended.
"""

import socket
import sys
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI
from qdrant_client import QdrantClient, models
from rank_bm25 import BM25Okapi

from benchmarks.synthetic import corpus
from engine.features.embedded import EmbeddedEncoder


def app(pins: int) -> FastAPI:
    """Return the service over made-up pins."""
    encoder = EmbeddedEncoder.load()
    made = corpus(pins, encoder.dimension)
    texts = [
        [*description.split(), *board.split()]
        for description, board in zip(made.descriptions, made.boards, strict=True)
    ]
    bm25 = BM25Okapi(texts)
    client = QdrantClient(":memory:")
    size = models.VectorParams(size=encoder.dimension, distance=models.Distance.COSINE)
    client.create_collection("pins", vectors_config=size)
    client.upload_collection("pins", made.vectors, ids=range(pins), batch_size=2_048)
    service = FastAPI()

    @service.post("/v1/search")
    def search(asked: dict[str, Any]) -> dict[str, Any]:
        vector = encoder.encode_texts([asked["text"]])[0]
        lexical = bm25.get_scores(asked["text"].split())
        found = client.query_points("pins", vector.tolist(), limit=400).points
        similar = np.zeros(pins)
        similar[[int(each.id) for each in found]] = [each.score for each in found]
        mixed = 0.5 * lexical / max(float(lexical.max()), 1e-9) + 0.5 * similar
        best = np.argpartition(-mixed, asked["limit"])[: asked["limit"]]
        ordered = best[np.argsort(-mixed[best])]
        return {"hits": [{"id": f"pin-{row}", "score": float(mixed[row])} for row in ordered]}

    return service


def main() -> None:
    """Serve on a free port of loopback."""
    service = app(int(sys.argv[1]))
    sock = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(service, log_level="warning")).run(sockets=[sock])


if __name__ == "__main__":
    main()
