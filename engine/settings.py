"""All settings in one value, read from the environment (`ENGINE_*`, nested with `__`)."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from engine.errors import BadSetting

MIB = 1024 * 1024


class StoreSettings(BaseModel):
    """Where the collection lives: without a URL embedded in this process, else a Qdrant server.

    ca: a file with the certificate authority that the server's certificate is signed by.
    timeout_s, attempts: for one call to the server, and how often one that may pass is tried.
    The rest is the layout of a new collection on a cluster; see `store/cluster.py`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    api_key: SecretStr | None = None
    min_free_bytes: int = Field(default=256 * MIB, ge=0)
    graph_threshold: int = Field(default=20_000, ge=1_000)
    ca: Path | None = None
    timeout_s: int = Field(default=60, ge=1, le=3_600)
    attempts: int = Field(default=3, ge=1, le=20)
    shards: int | None = Field(default=None, ge=1, le=10_000)
    replicas: int = Field(default=1, ge=1, le=100)
    write_consistency: int = Field(default=1, ge=1, le=100)
    read_consistency: Literal["one", "majority", "quorum", "all"] = "one"
    ordering: Literal["weak", "medium", "strong"] = "medium"
    quantization: Literal["int8", "none"] = "int8"
    on_disk: bool = False

    @model_validator(mode="after")
    def _copies_that_there_are(self) -> Self:
        if self.write_consistency > self.replicas:
            raise ValueError(
                f"write_consistency {self.write_consistency} is more than replicas {self.replicas}"
            )
        return self


class ImageSettings(BaseModel):
    """What pictures are accepted, and what is kept of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["keep", "thumbnail", "reference"] = "keep"
    max_bytes: int = Field(default=20 * MIB, ge=1)
    max_pixels: int = Field(default=50_000_000, ge=1)


def _networks(text: str) -> str:
    for part in filter(None, (part.strip() for part in text.split(","))):
        ip_network(part)  # its ValueError names what is wrong
    return text


def _ports(text: str) -> str:
    numbers = [part.strip() for part in text.split(",")]
    if text != "any" and not all(n.isdecimal() and 0 < int(n) < 65_536 for n in numbers):
        raise ValueError("give port numbers with commas between them, or 'any'")
    return text


class FetchSettings(BaseModel):
    """How pictures are fetched from URLs; none larger than ENGINE_IMAGES__MAX_BYTES.

    allow: networks that are fetched from though they are not public, as `10.1.0.0/16,fd00::/8`.
    ports: as `80,443`, or `any`.
    timeout_s: for one picture, redirects and repeated attempts included.
    idle_timeout_s: for a connection to open, and between two pieces of an answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow: Annotated[str, AfterValidator(_networks)] = ""
    ports: Annotated[str, AfterValidator(_ports)] = "80,443"
    timeout_s: float = Field(default=20.0, gt=0, le=600)
    idle_timeout_s: float = Field(default=5.0, gt=0, le=600)
    attempts: int = Field(default=3, ge=1, le=10)
    redirects: int = Field(default=5, ge=0, le=20)
    per_host: int = Field(default=4, ge=1, le=64)
    parallel: int = Field(default=16, ge=1, le=256)


def _origins(text: str) -> str:
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = urlsplit(part)
        if found.scheme not in {"http", "https"} or part != f"{found.scheme}://{found.netloc}":
            raise ValueError("give origins such as https://pins.example, with commas between them")
    return text


class ServeSettings(BaseModel):
    """The HTTP service; other than loopback addresses want a key in front of them.

    anonymous: what may be done without a key; `auto` is reading (and feedback) on loopback where
        no api_key is set, and nothing elsewhere.
    cors: other origins whose pages may ask, as `https://pins.example`, with commas between them.
    rate, burst, parallel: how many requests a second, at once after a pause, and at a time each
        key, or each address without one, may send; 0 for any number. Unless set, there is a limit
        where others than this machine can ask.
    head_s: how long the head of a request may take to arrive.
    body_idle_s, body_s: how long the next piece of a body may take, and all of it.
    deadline_s: how long a request may wait for its turn, also one that allows more itself; 0 for
        any time.
    log: what is written to stderr: warnings and errors for people, with a line for each request,
        or all of it as JSON.
    cache_s: for how many seconds an answer to a search may be given again; 0 for none.
    recall_probe: what share of the searches is made again, exactly, to measure what is left out.
    telemetry: send traces to OTEL_EXPORTER_OTLP_ENDPOINT; needs the extra `telemetry`.
    cursor_secret: signs cursors in place of a secret in the collection's folder, for services on
        several machines behind one name.
    threads, waiting: how many requests work at once, and how many may wait for that; more are told
        to come again (503). Writing requests have threads of their own, and as long a queue.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    api_key: SecretStr | None = None
    anonymous: Literal["auto", "none", "read", "write", "admin"] = "auto"
    cors: Annotated[str, AfterValidator(_origins)] = ""
    max_body_bytes: int = Field(default=32 * MIB, ge=1)
    head_s: float = Field(default=10.0, gt=0, le=3_600)
    body_idle_s: float = Field(default=10.0, gt=0, le=3_600)
    body_s: float = Field(default=60.0, gt=0, le=3_600)
    rate: float | None = Field(default=None, ge=0)
    burst: float = Field(default=200.0, ge=1)
    parallel: int | None = Field(default=None, ge=0)
    deadline_s: float = Field(default=60.0, ge=0, le=3_600)
    log: Literal["errors", "plain", "json"] = "errors"
    cache_s: float = Field(default=0.0, ge=0, le=3_600)
    recall_probe: float = Field(default=0.0, ge=0, le=1)
    telemetry: bool = False
    cursor_secret: SecretStr | None = Field(default=None, min_length=16)
    threads: int = Field(default=8, ge=1, le=256)
    waiting: int = Field(default=48, ge=1, le=10_000)


class QueueSettings(BaseModel):
    """The NATS server that pins come by; without a URL there is no queue.

    name: what the streams are called: PINS and PINS_DEAD, with the subjects pins.upsert and so on.
    attempts: how often a pin that fails for what may pass is tried.
    max_deliver: how often a message is delivered at all, also to workers that died over it.
    max_bytes: what the stream may hold; publishers are refused beyond it, nothing is dropped.
    replicas: copies of new streams on different servers of a NATS cluster; odd, for a majority.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    name: str = Field(default="pins", pattern=r"^[a-z][a-z0-9_-]{0,30}$")
    batch: int = Field(default=64, ge=1, le=1_000)
    ack_wait_s: float = Field(default=30.0, ge=1, le=3_600)
    attempts: int = Field(default=5, ge=1, le=100)
    max_deliver: int = Field(default=50, ge=2, le=10_000)
    max_ack_pending: int = Field(default=512, ge=1)
    max_bytes: int = Field(default=1024 * MIB, ge=MIB)
    replicas: int = Field(default=1, ge=1, le=5)


class VersionSettings(BaseModel):
    """Which of two states of a pin counts as the newer one.

    keep_deleted_days: how long a deletion holds back older states of its pin.
    max_ahead_s: how far ahead of this machine's clock an `updated_at` may lie; a day lets a bare
    date of any time zone pass.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_deleted_days: float = Field(default=7.0, ge=0, le=3_650)
    max_ahead_s: float = Field(default=86_400.0, ge=0, le=315_360_000)

    @property
    def kept(self) -> timedelta:
        """How long a deletion is remembered."""
        return timedelta(days=self.keep_deleted_days)


class BlockingSettings(BaseModel):
    """What looks at arriving pins and may keep them out of every answer; nothing by default.

    classifier: `words`, or `package.module:name` of what makes one.
    words, threshold: for `words`: what to block, and the cosine of picture and word it takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifier: str = ""
    words: str = ""
    threshold: float = Field(default=0.5, ge=-1, le=1)


class RegionSettings(BaseModel):
    """The things in pictures.

    keep: how many of a picture are kept with vectors of their own in a collection that is made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: int = Field(default=0, ge=0, le=16)


class PeopleSettings(BaseModel):
    """Known people; nothing is kept of anybody by default.

    keep: keep likes and hides under the ids that callers give to people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: bool = False


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="ENGINE_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    data: Path = Path(".engine")
    collection: str = Field(default="pins", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    encoder: str = "embedded"
    language: str = "english"
    vocabulary: Path | None = None
    detector: Path | None = None
    regions: RegionSettings = RegionSettings()
    store: StoreSettings = StoreSettings()
    images: ImageSettings = ImageSettings()
    versions: VersionSettings = VersionSettings()
    fetch: FetchSettings = FetchSettings()
    serve: ServeSettings = ServeSettings()
    queue: QueueSettings = QueueSettings()
    blocking: BlockingSettings = BlockingSettings()
    people: PeopleSettings = PeopleSettings()


def load_settings(**given: object) -> Settings:
    """Read the settings, `given` before the environment; BadSetting names the variable."""
    present = {key: value for key, value in given.items() if value is not None}
    try:
        return Settings(**present)  # type: ignore[arg-type]
    except SettingsError as error:
        raise BadSetting(f"an ENGINE_* variable can't be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "ENGINE_" + "__".join(str(part) for part in first["loc"]).upper()
        raise BadSetting(f"{name}: {first['msg']} (got {str(first['input'])[:60]!r})") from None
