"""Parameters put in the place of others while the service runs: the next answer goes by them."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from engine.retrieval.parameters import Mixing, Parameters
from engine.retrieval.parameters_file import NAME, Tuned, write
from engine.settings import load_settings
from engine.workspace import collection_folder
from tests.serving.conftest import inline, picture
from tests.serving.process import served


def test_a_running_service_takes_up_new_parameters(tmp_path: Path) -> None:
    with (
        served(tmp_path, "--allow-write") as server,
        httpx2.Client(base_url=server.address) as http,
    ):
        pins = [
            {"id": "says-red", "image": inline(picture("blue")), "description": "red"},
            {"id": "shows-red", "image": inline(picture("red")), "description": "cloth"},
        ]
        assert http.post("/v1/pins", json=pins).status_code == 200
        path = collection_folder(load_settings(data=tmp_path)) / NAME

        def first() -> str:
            hits = http.get("/v1/search", params={"q": "red"}).json()["hits"]
            return str(hits[0]["id"])

        facts = http.get("/v1/info").json()
        assert facts["parameters"] == "defaults"

        def put(share_of_words: float) -> int:
            def weigh(mixing: Mixing) -> Mixing:
                return replace(mixing, lexical_weight=share_of_words)

            own = Parameters().mixed_by(weigh)
            now = datetime.now(UTC)
            return write(path, Tuned(own, facts["encoder"], facts["analysis"], now, {})).number

        for share, wanted in ((1.0, "says-red"), (0.0, "shows-red"), (1.0, "says-red")):
            number = put(share)
            assert first() == wanted
            assert http.get("/v1/info").json()["parameters"] == number
        # What can't be read changes nothing, and is no reason to stop.
        path.write_text("{")
        os.utime(path, (1, 1))
        assert first() == "says-red"
        # Fitted with another encoder they are passed over, as if there were none.
        path.unlink()
        write(path, Tuned(Parameters(), "another", facts["analysis"], datetime.now(UTC), {}))
        assert http.get("/v1/info").json()["parameters"] == "defaults"
        assert server.process.poll() is None
