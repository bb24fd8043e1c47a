"""The list of sources (`sources.yml`): where files come from, whose they are, how to connect.

Secrets are never in the file: it names variables of the environment, which are read when a
connection is made. A server that is reached over SSH is known by the key that the file declares.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ingest import reference
from ingest.sources import Retries, SecretMissing, Source, WrongHostKey
from ingest.strict_yaml import StrictYamlError, read_strictly

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_HOST_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}")
_SSH = ("sftp", "ssh")


class SourceListError(StrictYamlError):
    """A list of sources that cannot be used: the text says line, key and what was expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Retry(_Strict):
    tries: int = Field(default=3, ge=1, le=10)
    pause_seconds: float = Field(default=5, ge=0, le=600)
    longest_seconds: float = Field(default=300, gt=0, le=7200)
    silence_seconds: float = Field(default=30, gt=0, le=600)

    def as_retries(self) -> Retries:
        return Retries(self.tries, self.pause_seconds, self.longest_seconds, self.silence_seconds)


class _Entry(_Strict):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    unit: str = ""
    address: str = Field(min_length=1)
    pattern: tuple[str, ...] = ("*",)
    user_env: str = ""
    password_env: str = ""
    key_file_env: str = ""
    host_key: tuple[str, ...] = ()
    # what else a file system of fsspec asks for: option -> variable
    options_env: Mapping[str, str] = {}
    retry: _Retry | None = None

    @field_validator("pattern", "host_key", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("host_key")
    @classmethod
    def _keys_are_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _HOST_KEY.fullmatch(key) for key in keys):
            raise ValueError("a host key is its kind and its base64: ssh-ed25519 AAAA…")
        return keys

    @field_validator("unit")
    @classmethod
    def _unit_is_known(cls, unit: str) -> str:
        if unit and unit not in reference.reporting_units():
            raise ValueError("no unit has this code")
        return unit

    @property
    def protocol(self) -> str:
        return self.address.partition("://")[0] if "://" in self.address else "file"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if "@" in self.address.partition("://")[2].partition("/")[0]:
            raise ValueError("address: user and password belong into the environment")
        named = (self.user_env, self.password_env, self.key_file_env, *self.options_env.values())
        if any(name and not _VARIABLE.fullmatch(name) for name in named):
            raise ValueError("…_env is the name of a variable (A-Z, 0-9, _), not its value")
        if self.protocol in _SSH and not self.host_key:
            raise ValueError("host_key: the key that the server is known by is needed")
        if self.protocol not in _SSH and (self.host_key or self.key_file_env):
            raise ValueError("host_key and key_file_env are for sftp:// alone")
        return self


class _List(_Strict):
    version: Literal[1] = 1
    retry: _Retry = _Retry()
    sources: tuple[_Entry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_different(self) -> Self:
        names = [entry.name for entry in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("sources: a name stands twice")
        return self


def read_sources(path: Path) -> list[Source]:
    """The sources that a file declares, in order. Raises SourceListError."""
    try:
        found = read_strictly(path, _List.model_validate, lambda *_: ())
    except FileNotFoundError:
        raise SourceListError(f"{path}: there is no such file") from None
    except StrictYamlError as error:
        raise SourceListError(str(error)) from None
    return [_source(entry, (entry.retry or found.retry).as_retries()) for entry in found.sources]


def _source(entry: _Entry, retries: Retries) -> Source:
    return Source(
        entry.address, entry.name, entry.unit, entry.pattern, retries, _options(entry, retries)
    )


def _options(entry: _Entry, retries: Retries) -> Callable[[], Mapping[str, Any]]:
    return partial(_ssh_options if entry.protocol in _SSH else _plain_options, entry, retries)


def _secret(variable: str) -> str:
    try:
        return os.environ[variable]
    except KeyError:
        raise SecretMissing(variable) from None


def _plain_options(entry: _Entry, _: Retries) -> Mapping[str, Any]:
    found = {option: _secret(variable) for option, variable in entry.options_env.items()}
    if entry.user_env:
        found["username"] = _secret(entry.user_env)
    if entry.password_env:
        found["password"] = _secret(entry.password_env)
    return found


def _ssh_options(entry: _Entry, retries: Retries) -> Mapping[str, Any]:
    import paramiko  # only where a server is asked

    class Declared(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        """No server is known beforehand, so every one comes by here."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            if f"{key.get_name()} {key.get_base64()}" not in entry.host_key:
                raise WrongHostKey(hostname)

    found = dict(_plain_options(entry, retries))
    if entry.key_file_env:
        found["key_filename"] = _secret(entry.key_file_env)
    silence = retries.silence
    return found | {
        "host_key_policy": Declared(),
        "look_for_keys": False,
        "allow_agent": False,
        "timeout": silence,
        "banner_timeout": silence,
        "auth_timeout": silence,
        "channel_timeout": silence,
    }
