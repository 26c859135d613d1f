"""All settings in one value, read from the environment (`ENGINE_*`, nested with `__`)."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from engine.errors import BadSetting

MIB = 1024 * 1024


class StoreSettings(BaseModel):
    """Where the collection lives: without a URL embedded in this process, else a Qdrant server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    api_key: SecretStr | None = None
    min_free_bytes: int = Field(default=256 * MIB, ge=0)
    graph_threshold: int = Field(default=20_000, ge=1_000)


class ImageSettings(BaseModel):
    """What pictures are accepted, and what is kept of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["keep", "thumbnail", "reference"] = "keep"
    max_bytes: int = Field(default=20 * MIB, ge=1)
    max_pixels: int = Field(default=50_000_000, ge=1)


class ServeSettings(BaseModel):
    """The HTTP service; other than loopback addresses want a key in front of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    api_key: SecretStr | None = None
    max_body_bytes: int = Field(default=32 * MIB, ge=1)


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="ENGINE_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    data: Path = Path(".engine")
    collection: str = Field(default="pins", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    encoder: str = "embedded"
    language: str = "english"
    store: StoreSettings = StoreSettings()
    images: ImageSettings = ImageSettings()
    serve: ServeSettings = ServeSettings()


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
