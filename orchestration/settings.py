"""Settings, in one place. What is said first wins: command line, environment (`KHO_…`), the file
`kho.toml` in the working folder, the defaults here.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from expectations.addresses import is_address

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
    sources: Path | None = None
    """The list of sources; without one, `<home>/sources.yml` where it exists."""
    workers: int = 2
    quiet_minutes: int = Field(default=10, ge=1, le=240)
    """How long nothing must move in the sources before files that arrived are built."""

    step_pause_seconds: float = Field(default=30, ge=0, le=3600)
    """How long a step waits before its second try, where the machine failed it."""

    mend_days: int = Field(default=5, ge=1, le=60)
    """Days that a sender has to mend what was found."""

    mail_host: str = ""
    """Without a host, mails stay in the outbox."""
    mail_port: int = Field(default=587, ge=1, le=65535)
    mail_tls: Literal["starttls", "tls", "none"] = "starttls"
    mail_ca_file: Path | None = None
    mail_user: str = ""
    mail_from: str = "khong-tra-loi@kho.invalid"
    mail_reply_to: str = ""
    mail_team: list[str] = []
    mail_contacts: Path | None = None
    mail_tries: int = Field(default=3, ge=1, le=10)
    mail_pause_seconds: float = Field(default=20, ge=0, le=600)

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        addresses = [self.mail_from, *self.mail_team, *filter(None, [self.mail_reply_to])]
        if wrong := [address for address in addresses if not is_address(address)]:
            raise ValueError(f"{wrong[0]!r} is not an address")
        if self.mail_host and "mail_from" not in self.model_fields_set:
            raise ValueError("mail_host needs mail_from")
        if self.mail_user and self.mail_tls == "none":
            raise ValueError("mail_user needs mail_tls: a password goes over no open connection")
        return self

    @property
    def mail_password(self) -> SecretStr:
        """From the environment alone (KHO_MAIL_PASSWORD), never from a file."""
        return SecretStr(os.environ.get("KHO_MAIL_PASSWORD", ""))

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
