"""The way to a Qdrant server: a client of it, and a collection that is there with all its indexes.

Knows nothing of what is done with the collection then.
"""

import math
import warnings
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from engine.errors import NoCollection
from engine.store import server_schema
from engine.store.cluster import Cluster
from engine.store.identity import Identity, check
from engine.store.server_calls import Calls
from engine.time_left import time_left

TIMEOUT_S: Final = 60
# No waiting at all would be taken for none to be bounded.
LEAST_S: Final = 0.001


def connect(
    url: str, api_key: str | None, *, timeout_s: int = TIMEOUT_S, ca: Path | None = None
) -> QdrantClient:
    """Return a client of the server at `url`; `ca` is a file of certificates to trust.

    timeout_s: for one call, or what is left of the request's time where that is less.
    """
    trusted: dict[str, Any] = {} if ca is None else {"verify": str(ca)}
    with warnings.catch_warnings():
        # Between containers of one private network a key without TLS is what is meant.
        warnings.filterwarnings("ignore", message="Api key is used with an insecure")
        return QdrantClient(
            url=url,
            api_key=api_key,
            timeout=timeout_s,
            check_compatibility=False,
            event_hooks={"request": [_in_time]},
            **trusted,
        )


def _in_time(request: httpx.Request) -> None:
    """Have a call wait no longer than the request that it is made for may take."""
    if (left := max(time_left(), LEAST_S)) < math.inf:
        given: dict[str, float | None] = request.extensions["timeout"]
        request.extensions["timeout"] = {
            name: left if most is None else min(most, left) for name, most in given.items()
        }


def opened(
    client: QdrantClient,
    name: str,
    identity: Identity | None,
    cluster: Cluster,
    calls: Calls,
    tokenizer: models.TokenizerType,
    *,
    create: bool,
) -> Identity:
    """Return what the collection `name` holds, having made it with `create` unless it was there.

    identity: what the opener expects; None takes what is there.
    Raises NoCollection, FingerprintMismatch.
    """
    if not calls(lambda: client.collection_exists(name)):
        if not create or identity is None:
            raise NoCollection(f"the server has no collection {name!r}: index pins first")
        calls(lambda: _make(client, name, identity, cluster))
    facts = calls(lambda: client.get_collection(name))
    kept = Identity.from_json(facts.config.metadata, f"collection {name!r}")
    check(kept, identity, f"collection {name!r}")
    for field, index in server_schema.indexes(tokenizer).items():
        # A creator that died half-way leaves indexes out; they are made up for here.
        if field not in facts.payload_schema:
            calls(partial(client.create_payload_index, name, field, index))
    return kept


def _make(client: QdrantClient, name: str, identity: Identity, cluster: Cluster) -> None:
    try:
        client.create_collection(
            name,
            vectors_config=server_schema.vectors(
                identity.dimension, on_disk=cluster.on_disk, regions=identity.regions > 0
            ),
            quantization_config=server_schema.quantization(cluster.quantization),
            shard_number=cluster.shards,
            replication_factor=cluster.replicas,
            write_consistency_factor=cluster.write_consistency,
            metadata=identity.to_json(),
        )
    except UnexpectedResponse as error:
        # Another process was quicker, which is as good.
        if error.status_code != HTTPStatus.CONFLICT:
            raise
