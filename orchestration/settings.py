"""Settings, in one place. What is said first wins: command line, environment (`KHO_…`), the file
`kho.toml` in the working folder, the defaults here.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PROJECT = Path(__file__).resolve().parent.parent
TIME_ZONE = "Asia/Ho_Chi_Minh"


def local_now() -> datetime:
    """The time of day in Lạng Sơn, to the second, without zone: read once, where a run starts."""
    return datetime.now(ZoneInfo(TIME_ZONE)).replace(tzinfo=None, microsecond=0)


class Settings(BaseSettings):
    """Where things are. Secrets are never settings of a file: they come from the environment."""

    model_config = SettingsConfigDict(env_prefix="KHO_", toml_file="kho.toml", extra="forbid")

    home: Path = PROJECT / "var"
    inbox: str = str(PROJECT / "samples" / "inbox")
    workers: int = 2

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
