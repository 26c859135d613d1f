"""API keys in a file: what it holds, who is found by it, and how keys end."""

import json
import stat
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import StoreError, UsageError
from engine.store.key_file import KEYS_NAME, KeyFile, Scope, UnknownKey, grants, lifetime_of


def test_a_key_is_found_by_its_text_alone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    key, text = file.add("page", "read")
    other, _ = file.add("other", "admin")
    assert file.find(text, "pins") == key
    assert file.listed() == [key, other]
    for wrong in (
        "",
        "pe_",
        text[:-1],
        text + "x",
        text.replace(key.id, other.id),
        text.upper(),
        key.digest,
        f"pe_{key.id}_{key.digest[:43]}",
        "pé" + text,
    ):
        assert file.find(wrong, "pins") is None


def test_the_file_holds_no_key_and_is_for_its_user_alone(tmp_path: Path) -> None:
    _, text = KeyFile(tmp_path).add("page", "read")
    path = tmp_path / KEYS_NAME
    assert text.rpartition("_")[2] not in path.read_text()
    assert text[12:] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    KeyFile(tmp_path).add("other", "read")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_another_process_changes_is_seen_at_once(tmp_path: Path) -> None:
    serving, command = KeyFile(tmp_path), KeyFile(tmp_path)
    key, text = command.add("page", "read")
    assert serving.find(text, "pins") == key
    command.revoke("page")
    assert serving.find(text, "pins") is None


def test_an_expired_key_opens_nothing(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    _, text = file.add("brief", "read", timedelta(seconds=1))
    assert file.find(text, "pins") is not None
    time.sleep(1.2)
    assert file.find(text, "pins") is None
    assert [each.name for each in file.listed()] == ["brief"]


def test_a_key_of_one_collection(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    _, text = file.add("page", "read", collection="art")
    assert file.find(text, "art") is not None
    assert file.find(text, "pins") is None


class TestRotation:
    def test_both_hold_for_a_while(self, tmp_path: Path) -> None:
        file = KeyFile(tmp_path)
        old, before = file.add("page", "write", collection="art")
        new, after = file.rotate("page", timedelta(hours=1))
        assert (new.name, new.scope, new.collection) == ("page", "write", "art")
        assert file.find(before, "art") is not None
        assert file.find(after, "art") == new
        [ended] = [each for each in file.listed() if each.id == old.id]
        assert ended.expires is not None
        left = datetime.fromisoformat(ended.expires) - datetime.now(UTC)
        assert timedelta(minutes=59) < left <= timedelta(hours=1)

    def test_without_overlap_the_old_one_ends(self, tmp_path: Path) -> None:
        file = KeyFile(tmp_path)
        old, before = file.add("page", "write")
        file.rotate(old.id, timedelta())
        assert file.find(before, "pins") is None

    def test_it_never_lengthens_a_life(self, tmp_path: Path) -> None:
        file = KeyFile(tmp_path)
        old, _ = file.add("page", "read", timedelta(minutes=1))
        file.rotate("page", timedelta(days=1))
        assert old in file.listed()

    def test_revoking_a_name_ends_all_of_it(self, tmp_path: Path) -> None:
        file = KeyFile(tmp_path)
        file.add("page", "read")
        file.rotate("page", timedelta(hours=1))
        assert len(file.revoke("page")) == 2
        assert file.listed() == []


def test_names(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    file.add("page", "read")
    for name in ("page", "", "a\nb", "x" * 65, "[red]"):
        with pytest.raises(UsageError):
            file.add(name, "read")
    with pytest.raises(UnknownKey, match="engine keys list"):
        file.revoke("nobody")
    with pytest.raises(UnknownKey):
        file.rotate("nobody", timedelta())


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "keys": []}', '{"version": 1, "keys": [{"id": "a"}]}']
)
def test_a_file_that_is_no_list_of_keys_opens_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / KEYS_NAME).write_text(text)
    with pytest.raises(StoreError, match="can't be read as keys"):
        KeyFile(tmp_path).listed()


def test_an_unknown_scope_is_no_key(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    file.add("page", "read")
    path = tmp_path / KEYS_NAME
    value = json.loads(path.read_text())
    value["keys"][0]["scope"] = "root"
    path.write_text(json.dumps(value))
    with pytest.raises(StoreError, match="scope"):
        file.listed()


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=KeyFile(tmp_path).add, args=(f"key {number}", "read"))
        for number in range(12)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(KeyFile(tmp_path).listed()) == 12


@pytest.mark.parametrize(
    ("scope", "needed", "right"),
    [
        ("read", "read", True),
        ("read", "write", False),
        ("read", "admin", False),
        ("write", "read", True),
        ("write", "admin", False),
        ("admin", "write", True),
    ],
)
def test_scopes_include_each_other(scope: Scope, needed: Scope, right: bool) -> None:
    assert grants(scope, needed) is right


def test_spans() -> None:
    assert lifetime_of("90d") == timedelta(days=90)
    assert lifetime_of(" 12h ") == timedelta(hours=12)
    for wrong in ("", "0d", "90", "1w", "-1d", "1.5h", "999999d"):
        with pytest.raises(UsageError, match="90d"):
            lifetime_of(wrong)
