"""Every setting: its type, default, unit and meaning, read from the environment.

Tested in `tests/services/operations/test_installation.py`.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.errors import ConfigurationError

PREFIX = "SIRENHALL_"
TOKEN = f"{PREFIX}TOKEN"
"""No setting: what the commands that are clients of a server send it."""

APP, X_ACCEL, REDIRECT = "app", "x-accel", "redirect"
"""Who sends the bytes of files."""

DATABASE, FILES = "sirenhall.db", "files"
"""What the data folder has of its own, where no setting says otherwise."""

BACKUP_MARK = "this-is-a-sirenhall-backup"
"""The file by which a folder is known that a backup may be written over."""

SIZE = re.compile(r"([0-9]{1,15})\s*(|K|M|G|T)(?:i?B)?", re.IGNORECASE)
FACTORS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
NO_RATE = "none"
TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _setting(*, default: Any, meaning: str, read: Callable[[str], Any] = str) -> Any:
    return field(default=default, metadata={"meaning": meaning, "read": read})


def _whole_number(text: str) -> int:
    # Python's int() would accept 1_000 and digits of other scripts.
    if not re.fullmatch(r"[0-9]{1,9}", text.strip(), re.ASCII):
        raise ValueError("must be a whole number")
    return int(text)


def _at_least_one(text: str) -> int:
    number = _whole_number(text)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _port(text: str) -> int:
    number = _whole_number(text)
    if number > 65_535:  # noqa: PLR2004
        raise ValueError("must be a port from 0 (any free one) to 65535")
    return number


def _size(text: str) -> int:
    found = SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError("must be a size in bytes, such as 1048576, 64KiB or 5GiB")
    return int(found[1]) * FACTORS[found[2].upper()]


def _size_of_something(text: str) -> int:
    size = _size(text)
    if size < 1:
        raise ValueError("must be at least one byte, such as 64KiB")
    return size


def _secret(text: str) -> str:
    if len(text.strip()) < 32:  # noqa: PLR2004
        raise ValueError("must have at least 32 characters")
    return text.strip()


def _truth(text: str) -> bool:
    if text.strip().lower() not in TRUTH:
        raise ValueError("must be true or false")
    return TRUTH[text.strip().lower()]


def _address(text: str) -> str:
    # Links are made by appending a path, which a query or fragment would break.
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text.strip()):
        raise ValueError("must be an http or https URL without query or fragment")
    return text.strip()


def _contact(text: str) -> str:
    if not re.fullmatch(r"mailto:[^\s@]+@[^\s@]+|https://\S+", text.strip()):
        raise ValueError("must be mailto: with an e-mail address, or an https URL")
    return text.strip()


def _addresses(text: str) -> str:
    if text.strip().lower() not in {"full", "truncated", "none"}:
        raise ValueError("must be full, truncated or none")
    return text.strip().lower()


def _delivery(text: str) -> str:
    if text.strip().lower() not in {APP, X_ACCEL, REDIRECT}:
        raise ValueError(f"must be {APP}, {X_ACCEL} or {REDIRECT}")
    return text.strip().lower()


def _location(text: str) -> str:
    if not re.fullmatch(r"/[^\s?#]*", text.strip()):
        raise ValueError("must be a path that begins with /")
    # nginx's `location` and `alias` need the slash at the end.
    return text.strip().rstrip("/") + "/"


def _origins(text: str) -> tuple[str, ...]:
    if text.strip().lower() == "none":
        return ()
    found = tuple(origin.strip() for origin in text.split(","))
    for origin in found:
        if origin != "*" and not re.fullmatch(r"https?://[^\s/?#,]+", origin):
            raise ValueError("must be *, none, or origins such as https://shop.example")
    return found


def _rate(text: str) -> str:
    if text.strip().lower() == NO_RATE:
        return NO_RATE
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour|day)", text.strip()):
        raise ValueError("must be none, or a rate such as 600/minute")
    return text.strip()


def _rate_storage(text: str) -> str:
    if not re.fullmatch(r"memory://|rediss?://\S+", text.strip()):
        raise ValueError("must be memory:// or redis://host:6379")
    return text.strip()


def _close(unknown: Iterable[str], known: Iterable[str]) -> str:
    close = [get_close_matches(name, list(known), n=1) for name in unknown]
    found = [names[0] for names in close if names]
    return f" (did you mean {', '.join(found)}?)" if found else ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings; a variable is the name in capitals with the prefix."""

    data_dir: Path = _setting(
        default=Path("sirenhall-data"),
        meaning="Folder of the database, the files and the secret key.",
        read=Path,
    )
    secret_key: str = _setting(
        default="",
        meaning="Secret of at least 32 characters, the same on all machines that share "
        "a database. Empty: the file secret_key of the data folder.",
        read=_secret,
    )
    database_url: str = _setting(
        default="",
        meaning="Database, as sqlite:////file or postgresql://user:password@host/name. "
        "Empty: SQLite in the data folder.",
    )
    database_connections: int = _setting(
        default=40,
        meaning="Most database connections of each worker; PostgreSQL allows 100 in "
        "all by default.",
        read=_at_least_one,
    )
    storage_url: str = _setting(
        default="",
        meaning="Where files are stored: file:/folder, or s3://bucket/prefix with "
        "?endpoint=, &region= and &public= (the endpoint that customers reach). Empty: "
        "in the data folder.",
    )
    public_url: str = _setting(
        default="",
        meaning="Address that clients use. Empty: that of the request.",
        read=_address,
    )
    rel_base: str = _setting(
        default="",
        meaning="Base URL of the link relations. Empty: the server's own /rels/.",
        read=_address,
    )
    download_session_minutes: int = _setting(
        default=60,
        meaning="Minutes after its last bytes for which requests count as the same "
        "download; 0: each request counts.",
        read=_whole_number,
    )
    download_addresses: str = _setting(
        default="truncated",
        meaning="What is stored of the IP addresses of customers: full, "
        "truncated (the network) or none.",
        read=_addresses,
    )
    delivery: str = _setting(
        default=APP,
        meaning="Who sends files: app; x-accel, an nginx in front (deploy/nginx.conf); "
        "or redirect, the S3 by signed URLs.",
        read=_delivery,
    )
    x_accel_location: str = _setting(
        default="/sirenhall-files/",
        meaning="The internal location of nginx for the storage's folder.",
        read=_location,
    )
    upload_hours: int = _setting(
        default=24,
        meaning="Hours until an upload slot expires.",
        read=_at_least_one,
    )
    webhook_private: bool = _setting(
        default=False,
        meaning="Whether webhooks may go to private addresses, such as a shop on the "
        "same machine.",
        read=_truth,
    )
    require_api_version: bool = _setting(
        default=False,
        meaning="Whether a request must have FOXY-API-VERSION.",
        read=_truth,
    )
    cors_origins: tuple[str, ...] = _setting(
        default=("*",),
        meaning="Origins whose pages may use the API, separated by commas; none: no "
        "page.",
        read=_origins,
    )
    trusted_proxies: int = _setting(
        default=0,
        meaning="How many proxies in front are trusted (X-Forwarded-For, "
        "X-Forwarded-Proto).",
        read=_whole_number,
    )
    rate_limit: str = _setting(
        default="",
        meaning="Requests that a client may send, as 600/minute, or none. Empty: "
        "600/minute, or none if only this machine can reach the server: a loopback "
        "`host`, no trusted proxy and no public URL. In memory each worker counts its "
        "own.",
        read=_rate,
    )
    rate_limit_attempts: str = _setting(
        default="",
        meaning="Attempts of one address: requests to /token, wrong tokens, and "
        "unknown download links. Empty: 30/minute where requests are limited, else "
        "none.",
        read=_rate,
    )
    rate_limit_storage: str = _setting(
        default="memory://",
        meaning="Where requests are counted: memory:// (each worker its own) or "
        "redis://host:6379.",
        read=_rate_storage,
    )
    security_contact: str = _setting(
        default="",
        meaning="Contact for security reports, for /.well-known/security.txt: "
        "mailto:security@example.com or an https URL. Empty: no such file.",
        read=_contact,
    )
    security_policy: str = _setting(
        default="",
        meaning="URL of the policy for security reports.",
        read=_address,
    )
    require_preconditions: bool = _setting(
        default=False,
        meaning="Whether PUT, PATCH and DELETE must have If-Match.",
        read=_truth,
    )
    host: str = _setting(
        default="127.0.0.1", meaning="Address that `serve` listens at."
    )
    port: int = _setting(
        default=8000,
        meaning="Port that `serve` listens at; 0: any free one.",
        read=_port,
    )
    workers: int = _setting(
        default=2, meaning="Worker processes of `serve`.", read=_at_least_one
    )
    threads: int = _setting(
        default=256, meaning="Threads of each worker of `serve`.", read=_at_least_one
    )
    threads_per_address: int = _setting(
        default=64,
        meaning="Threads of each worker of `serve` that one client address (of IPv6 "
        "its /64) may hold, three quarters of all at most; 0: any number. Not counted "
        "behind trusted proxies.",
        read=_whole_number,
    )
    header_seconds: int = _setting(
        default=20,
        meaning="Seconds in which the headers of a request must arrive.",
        read=_at_least_one,
    )
    body_seconds: int = _setting(
        default=60,
        meaning="Seconds for which a request's body may pause, or a client may stop "
        "reading.",
        read=_at_least_one,
    )
    body_rate: int = _setting(
        default=256,
        meaning="Bytes a second that a body must average, once it has taken as long as "
        "it may pause; 0: none.",
        read=_whole_number,
    )
    max_file_size: int = _setting(
        default=10 * 2**30,
        meaning="Largest file, in bytes or as 10GiB.",
        read=_size_of_something,
    )
    max_body_size: int = _setting(
        default=256 * 2**10,
        meaning="Largest body without a file, in bytes or as 256KiB.",
        read=_size_of_something,
    )
    page_cache_size: int = _setting(
        default=32 * 2**20,
        meaning="Memory of all workers together for the cache of pages, in bytes or as "
        "32MiB; 0: no cache.",
        read=_size,
    )
    max_fields: int = _setting(
        default=64,
        meaning="Most fields of a form or parts of a multipart body.",
        read=_at_least_one,
    )
    max_json_depth: int = _setting(
        default=32, meaning="Deepest nesting of a JSON body.", read=_at_least_one
    )
    max_xml_depth: int = _setting(
        default=32, meaning="Deepest nesting of an XML body.", read=_at_least_one
    )

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, **overrides: Any
    ) -> "Settings":
        """Read the variables with our prefix.

        Raise `ConfigurationError` that names a variable which is unknown or has a
        value that is not right.
        """
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        given = {
            name: value
            for name, value in environment.items()
            if name.startswith(PREFIX) and name != TOKEN
        }
        wrong = []
        # A mistyped name would leave a default in force without a word.
        unknown = sorted(given.keys() - known.keys())
        if unknown:
            wrong.append(
                f"unknown setting {', '.join(unknown)}"
                f"{_close(unknown, known)}; known are {', '.join(known)}"
            )
        values: dict[str, Any] = {}
        for name, text in given.items():
            # An empty variable counts as unset, as in most containers.
            if text.strip() and name in known:
                try:
                    values[known[name].name] = known[name].metadata["read"](text)
                except ValueError as error:
                    # The message may end up in a log.
                    shown = "…" if known[name].name == "secret_key" else repr(text)
                    wrong.append(f"{name}={shown}: {error}")
        if wrong:
            raise ConfigurationError("\n       ".join(wrong))
        # Options of a command come before the environment.
        values.update((k, v) for k, v in overrides.items() if v is not None)
        return cls(**values)

    @property
    def database(self) -> str:
        """The database's URL, the embedded one if none is set."""
        path = self.data_dir.resolve() / DATABASE
        return self.database_url or f"sqlite:///{path}"

    @property
    def has_database(self) -> bool:
        """Whether there is a database already, as far as the settings show."""
        return bool(self.database_url) or (self.data_dir / DATABASE).exists()

    @property
    def effective_rate_limit(self) -> str:
        """The rate that counts, empty where there is none."""
        if self.rate_limit:
            return "" if self.rate_limit == NO_RATE else self.rate_limit
        return "600/minute" if self.is_reachable else ""

    @property
    def effective_attempts_limit(self) -> str:
        """The rate of attempts that counts, empty where there is none."""
        if self.rate_limit_attempts:
            is_none = self.rate_limit_attempts == NO_RATE
            return "" if is_none else self.rate_limit_attempts
        return "30/minute" if self.effective_rate_limit else ""

    @property
    def is_reachable(self) -> bool:
        """Whether other machines can reach the server, perhaps through a proxy."""
        # All of 127.0.0.0/8 is this machine (RFC 1122, section 3.2.1.3).
        is_loopback = self.host in {"localhost", "::1"} or self.host.startswith("127.")
        public = urlsplit(self.public_url).hostname or "localhost"
        is_named = public not in {"localhost", "::1"} and not public.startswith("127.")
        # A public name or a trusted proxy means that somebody else listens in front.
        return not is_loopback or is_named or self.trusted_proxies > 0

    @property
    def storage(self) -> str:
        """The file storage's URL, the local one if none is set."""
        return self.storage_url or f"file:{self.data_dir.resolve() / FILES}"
