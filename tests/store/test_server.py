"""What only a collection on a server promises; the contract's suite has the rest."""

from dataclasses import replace

import pytest
from qdrant_client import QdrantClient, models

from engine.errors import FingerprintMismatch, NoCollection, StoreError, StoreUnreachable
from engine.store.identity import Identity
from engine.store.server import ServerCollection

IDENTITY = Identity("encoder-a", 8, "english-a")

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


def open_(client: QdrantClient, identity: Identity | None, create: bool) -> ServerCollection:
    word = models.TokenizerType.WORD
    return ServerCollection.over(client, "pins", identity, create=create, tokenizer=word)


def test_a_collection_keeps_its_fingerprints() -> None:
    client = QdrantClient(":memory:")
    with pytest.raises(NoCollection, match="index pins first"):
        open_(client, IDENTITY, create=False)
    open_(client, IDENTITY, create=True)
    assert open_(client, None, create=False).identity == IDENTITY
    with pytest.raises(FingerprintMismatch, match=r"encoder-a.*encoder-b.*--collection"):
        open_(client, replace(IDENTITY, encoder_fingerprint="encoder-b"), create=True)


def test_a_collection_of_somebody_else_is_refused() -> None:
    client = QdrantClient(":memory:")
    vectors = models.VectorParams(size=8, distance=models.Distance.COSINE)
    client.create_collection("pins", vectors_config=vectors)
    with pytest.raises(StoreError, match="not made by this engine"):
        open_(client, IDENTITY, create=True)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(StoreUnreachable, match="ENGINE_STORE__URL"):
        ServerCollection.open("http://127.0.0.1:1", "key", "pins", IDENTITY, create=True)
