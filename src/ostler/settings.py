"""All settings, read once: ostler.toml < environment (OSTLER__SECTION__KEY) < command line.

A secret may stand in a file: OSTLER__HTTP__SETUP_CODE_FILE names it. OSTLER_DATA is a short form of
OSTLER__DATA.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from ostler.api.settings import ApiSettings
from ostler.gateway.settings import GatewaySettings
from ostler.services.faults import nearest
from ostler.store.settings import LogSettings

PREFIX = "OSTLER__"
FILE_SUFFIX = "_file"
CONFIG_FILE = Path("ostler.toml")
SECRETS = frozenset({"http.setup_code"})
MASK = "********"
DEFAULT = "default"


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server tells on standard error; `auto` is text for a terminal and JSON for everything else."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set. `ocpp` is the stations' side, `http` pages and REST."""

    data: Path = Path("data")
    ocpp: GatewaySettings = GatewaySettings()
    http: ApiSettings = ApiSettings()
    log: LogSettings = LogSettings()
    console: ConsoleSettings = ConsoleSettings()
    demo: bool = False


class SettingsError(Exception):
    """A setting cannot be used; the text names it, where it came from and what to do."""


class Given(NamedTuple):
    """A value that somebody set, and where: a file, the environment variable, the option."""

    value: Any
    origin: str


class Loaded(NamedTuple):
    """The settings, and for each key (`ocpp.port`) that was set, where."""

    settings: Settings
    origins: dict[str, str]


def load(config: Path | None, environment: Mapping[str, str], options: Mapping[str, Given]) -> Loaded:
    """Read all sources; raises `SettingsError`. `config` None reads ./ostler.toml if there is one."""
    given = {**dict(_from_file(config)), **dict(_from_environment(environment)), **options}
    known = keys(Settings)
    for key, (_, origin) in given.items():
        if key not in known:
            raise SettingsError(f"There is no setting {key} ({origin}).{nearest(key, known)}")
    settings = _build(given)
    _check(settings)
    return Loaded(settings, {key: origin for key, (_, origin) in given.items()})


def keys(kind: type[msgspec.Struct], prefix: str = "") -> list[str]:
    """All keys of a settings struct, sections first to last: `data`, `ocpp.host`, ..."""
    found: list[str] = []
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found += keys(field.type, f"{prefix}{field.encode_name}.")
        else:
            found.append(prefix + field.encode_name)
    return found


def effective(loaded: Loaded) -> Iterator[tuple[str, Any, str]]:
    """Each key with its value (secrets masked) and where it came from."""
    for key in keys(Settings):
        value: Any = loaded.settings
        for name in key.split("."):
            value = getattr(value, name)
        if key in SECRETS and value:
            value = MASK
        yield key, str(value) if isinstance(value, Path) else value, loaded.origins.get(key, DEFAULT)


def _from_file(config: Path | None) -> Iterator[tuple[str, Given]]:
    path = config or CONFIG_FILE
    if config is None and not path.exists():
        return
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    for name, value in content.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", Given(inner, str(path))) for key, inner in value.items())
        else:
            yield name, Given(value, str(path))


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Given]]:
    if "OSTLER_DATA" in environment:
        yield "data", Given(environment["OSTLER_DATA"], "OSTLER_DATA")
    known = keys(Settings)
    for variable, value in environment.items():
        if not variable.startswith(PREFIX):
            continue
        key = variable.removeprefix(PREFIX).lower().replace("__", ".")
        if key not in known and key.endswith(FILE_SUFFIX):
            yield key.removesuffix(FILE_SUFFIX), Given(_read_secret(variable, value), variable)
        else:
            yield key, Given(value, variable)


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file that {variable} names cannot be read: {error}.") from error


def _build(given: Mapping[str, Given]) -> Settings:
    nested: dict[str, Any] = {}
    for key, (value, _) in given.items():
        *section, name = key.split(".")
        place = nested
        for part in section:
            place = place.setdefault(part, {})
        place[name] = value
    try:
        return msgspec.convert(nested, Settings, strict=False, dec_hook=_convert)
    except msgspec.ValidationError as error:
        reason, _, place_of = str(error).partition(" - at `$.")
        key = place_of.rstrip("`")
        origin = given[key].origin if key in given else "?"
        raise SettingsError(f"{key} ({origin}) cannot be used: {reason}.") from error


def _convert(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    raise TypeError("Expected a path")


def _check(settings: Settings) -> None:
    ocpp = settings.ocpp
    if ocpp.tls_port is not None and not (ocpp.tls_certificate and ocpp.tls_key):
        raise SettingsError("ocpp.tls_port needs ocpp.tls_certificate and ocpp.tls_key: two PEM files.")
    if ocpp.tls_port is None and not ocpp.plain:
        raise SettingsError("Stations could not connect: set ocpp.plain = true, or ocpp.tls_port.")
    ports = {"ocpp.port": ocpp.port, "ocpp.tls_port": ocpp.tls_port, "http.port": settings.http.port}
    for key, port in ports.items():
        if port is not None and not 0 <= port <= 65535:
            raise SettingsError(f"{key} is {port}; ports go from 1 to 65535.")
