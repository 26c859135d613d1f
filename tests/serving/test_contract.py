"""Whatever is sent to a described route: no 5xx, and no answer outside what the route describes.

A short run of `make soak`, always with the same requests.
"""

from pathlib import Path

from tests.serving.contract import operations, probe, probed


def test_no_answer_is_outside_its_description(tmp_path: Path) -> None:
    asked = 0
    with probed(tmp_path) as client:
        for operation in operations(client):
            probe(client, operation, 8, derandomize=True)
            asked += 1
    assert asked >= 30
