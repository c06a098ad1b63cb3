"""`sirenhall serve`: set up and run the server with one command."""

import json
import os
import shlex
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.command import data_dir_option, explaining, json_option
from app.errors import ConfigurationError
from app.http.paths import SIGN_IN

if TYPE_CHECKING:
    from app.services.operations.installation import StarterAccess
    from app.settings import Settings

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
GRACE = 30
"""Seconds that requests in flight have to end when the server is stopped."""

CONNECTIONS = 4096
"""Connections that a worker has open; those that wait for a request hold no thread."""

LEAST_THREADS, LEAST_FILES = 8, 128
OTHER_FILES = 64


@click.command()
@click.option(
    "--host", metavar="ADDRESS", help="Address to listen at.  [default: 127.0.0.1]"
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port to listen at; 0 takes any free one.  [default: 8000]",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Worker processes.  [default: 2]",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    help="Threads of each worker: the requests that it can have open.  [default: 256]",
)
@click.option(
    "--demo",
    is_flag=True,
    help="Fill an empty store with a small catalogue of real files.",
)
@data_dir_option
@json_option
@explaining
def serve(
    host: str | None,
    port: int | None,
    workers: int | None,
    threads: int | None,
    data_dir: Path | None,
    demo: bool,
    as_json: bool,
) -> None:
    """Start the server.

    The first start makes the data folder, the database, a store with two item
    categories, and a token; it then prints lines to paste into another terminal.
    Scripts can wait for the line "Sirenhall is listening at http://HOST:PORT/".
    """
    from app.log_stream import ensure_standard_descriptors
    from app.services.operations import demo as catalogue
    from app.services.operations.installation import starter_access, with_sign_in
    from app.services.operations.provisioning import provision
    from app.settings import BACKUP_MARK, Settings

    ensure_standard_descriptors()
    settings = Settings.from_environment(
        host=host, port=port, workers=workers, threads=threads, data_dir=data_dir
    )
    # Checked before anything is created: these are the mistakes of a first start.
    _ensure_packages_are_ours()
    _ensure_port_is_free(settings.host, settings.port)
    for rate in (settings.effective_rate_limit, settings.effective_attempts_limit):
        if rate:
            from app.http import rate_limit

            # What a worker would only find when it starts.
            rate_limit.make_limiter(rate, settings.rate_limit_storage)
    # Here, before the workers start: they open what is there, and refuse another
    # version.
    installation = provision(settings)
    first = starter_access(installation)
    if not settings.is_reachable:
        first = with_sign_in(installation, first)
    if demo and first.store_id:
        catalogue.fill_demo_store(installation, first.store_id)
    # What is sold from it now is not to be written over.
    (settings.data_dir / BACKUP_MARK).unlink(missing_ok=True)
    # gunicorn forks next, and no connection may cross that.
    installation.close()
    _run(settings, first, as_json=as_json)


def _run(settings: "Settings", first: "StarterAccess", *, as_json: bool) -> None:
    from gunicorn.app.base import BaseApplication

    from app.cli.worker import MAX_HEAD

    settings, connections = _within_open_files(settings)
    worker_class = _worker_class(settings)

    class Server(BaseApplication):  # type: ignore[misc]
        """gunicorn, set up by us."""

        def load_config(self) -> None:
            options = {
                "bind": _bind(settings.host, settings.port),
                "workers": settings.workers,
                "worker_class": worker_class,
                "threads": settings.threads,
                "worker_connections": connections,
                # The worker bounds all headers; what is too long in them is refused in
                # the format that was asked for.
                "limit_request_line": 0,
                "limit_request_field_size": MAX_HEAD,
                "graceful_timeout": GRACE,
                "keepalive": 15,
                "loglevel": "warning",
                # Nothing here uses it.
                "control_socket_disable": True,
                # Whom to believe is SIRENHALL_TRUSTED_PROXIES' business alone.
                "forwarded_allow_ips": "",
                "proc_name": "sirenhall",
                "when_ready": when_ready,
                "post_fork": _heed_signals,
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from app import create_app
            from app.http.routing import EXTENSION
            from app.services.operations import background_tasks

            # In each worker, after the fork: threads and connections do not survive
            # one.
            app = create_app(settings)
            background_tasks.start_tasks(app.extensions[EXTENSION])
            return app

    def when_ready(server: Any) -> None:
        # With port 0 the system has chosen one by now.
        port = server.LISTENERS[0].sock.getsockname()[1]
        welcome = Welcome(settings, first, port)
        click.echo(welcome.as_json() if as_json else welcome.as_text())

    from app import heap

    _log_to_stderr()
    heap.limit_fragmentation()
    Server().run()


def _worker_class(settings: "Settings") -> type:
    from app.cli.worker import FairWorker, Patience, most_of

    class Worker(FairWorker):
        """The worker of this server."""

        patience = Patience(
            settings.header_seconds,
            settings.body_seconds,
            settings.body_rate,
            # Everything comes from a proxy's address; deploy/nginx.conf limits it.
            0
            if settings.trusted_proxies
            else min(settings.threads_per_address, most_of(settings.threads)),
        )

    return Worker


@dataclass(frozen=True, slots=True)
class Welcome:
    """The text that the server prints after its start."""

    settings: "Settings"
    first: "StarterAccess"
    port: int

    @property
    def line(self) -> str:
        """The line that scripts wait for."""
        return f"Sirenhall is listening at {_address(self.settings.host, self.port)}/"

    @property
    def url(self) -> str:
        """The URL for clients on this machine."""
        host = self.settings.host
        return self.settings.public_url.rstrip("/") or _address(
            ANYWHERE.get(host, host), self.port
        )

    @property
    def token(self) -> str | None:
        """The starter token; no server that others reach, or a journal, is told it."""
        is_logged = "JOURNAL_STREAM" in os.environ and not sys.stdout.isatty()
        # The journal is kept for months, and read by more people than the terminal.
        return None if is_logged or self.settings.is_reachable else self.first.token

    @property
    def sign_in_url(self) -> str | None:
        """The address that signs in a browser once; told to whom the token is told."""
        if self.token is None or self.first.code is None:
            return None
        return f"{self.url}{SIGN_IN}?code={self.first.code}"

    def as_json(self) -> str:
        """Return the details of the server as JSON, for scripts."""
        return json.dumps(
            {
                "message": self.line,
                "url": f"{self.url}/",
                "data_dir": str(self.settings.data_dir.resolve()),
                "store_id": self.first.store_id,
                "item_category_id": self.first.category_id,
                "token": self.token,
                "sign_in_url": self.sign_in_url,
            }
        )

    def as_text(self) -> str:
        """Return the details of the server as text, with commands to paste."""
        lines = [
            self.line,
            "",
            f"  Data folder   {self.settings.data_dir.resolve()}",
            f"  Relations     {self.url}/rels",
        ]
        if self.token is None:
            lines += [
                "",
                "Others may read this, so no token is shown. Make one with:",
                "",
                (
                    f"  {_command()} token create --data-dir "
                    f"{shlex.quote(str(self.settings.data_dir.resolve()))}"
                ),
            ]
        else:
            lines += [
                f"  Token         {self.token}",
                f"  In a browser  {self.sign_in_url}",
                "                (signs you in once)",
                "",
                *self._curl(),
            ]
        return "\n".join([*lines, "", "Press Ctrl+C to stop.", ""])

    def _curl(self) -> list[str]:
        url, store = self.url, self.first.store_id
        token = f"-H 'Authorization: Bearer {self.token}'"
        lines = [
            "Try it in another terminal: look at your store, then sell a file.",
            "",
            f"  curl {token} {url}/stores/{store}",
            "",
        ]
        if self.first.category_id:
            category = f"{url}/item_categories/{self.first.category_id}"
            lines += [
                f"  echo 'Hello, customer!' | curl {token} \\",
                (
                    "    -F 'file=@-;filename=hello.txt' -F name=Hello -F code=hello "
                    "-F price=9.95 \\"
                ),
                f"    -F item_category_uri={category} \\",
                f"    {url}/stores/{store}/downloadables",
                "",
            ]
        return [
            *lines,
            f"  curl {token} {url}/stores/{store}/downloadables",
            (
                f"  curl {token} -H 'Accept: application/hal+xml' "
                f"{url}/stores/{store}/downloadables"
            ),
            (
                f"  curl {token} -H 'Accept: application/vnd.siren+json' "
                f"{url}/stores/{store}/downloadables"
            ),
        ]


def _command() -> str:
    """Return this command, as it can be pasted into another terminal."""
    path = Path(sys.argv[0])
    return shlex.quote(str(path.resolve())) if path.name == "sirenhall" else "sirenhall"


def _address(host: str, port: int) -> str:
    return f"http://{_bind(host, port)}"


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _ensure_port_is_free(host: str, port: int) -> None:
    """Raise `ConfigurationError` if the port is in use; gunicorn would retry."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen at {_bind(host, port)}: {error.strerror or error}. "
            "Choose another port with --port (0 takes any free one), or an address of "
            "this machine with --host"
        ) from None


def _ensure_packages_are_ours() -> None:
    """Notice a distribution whose files lie over ours: `app` is a common name."""
    from importlib.metadata import packages_distributions

    found = packages_distributions()
    for package in ("app", "schemas", "representations"):
        others = set(found.get(package, [])) - {"sirenhall"}
        if others:
            raise ConfigurationError(
                f"the package {package} is also installed by {', '.join(others)}. "
                "Install Sirenhall into a virtual environment of its own"
            )


def _heed_signals(_server: Any, _worker: Any) -> None:
    """Handle signals in a worker that is just starting.

    Until it has handlers of its own it has its parent's, which swallow the signal
    while the parent waits for it to act.
    """
    import signal

    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))


def _within_open_files(settings: "Settings") -> "tuple[Settings, int]":
    """Raise the number of open files, as far as the system lets us.

    Return the settings with as many threads as there are files for, and how many
    connections a worker may have open.
    """
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # As many as are needed: some programs go through all numbers that are allowed.
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, CONNECTIONS + _files(settings))
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    fitting = settings
    # A third is left for connections, which wait without a thread.
    while _files(fitting) > hard * 2 // 3 and fitting.threads > LEAST_THREADS:
        fitting = replace(
            fitting,
            threads=max(LEAST_THREADS, fitting.threads // 2),
            database_connections=max(4, fitting.database_connections // 2),
        )
    connections = min(CONNECTIONS, hard - _files(fitting))
    if connections < 2 * fitting.threads:
        raise ConfigurationError(
            f"only {hard} files may be open; allow at least {LEAST_FILES} (ulimit -n)"
        )
    if fitting != settings:
        click.echo(
            f"Only {hard} files may be open (ulimit -n), so each worker has "
            f"{fitting.threads} threads, {fitting.database_connections} connections to "
            f"the database, and {connections} to clients.",
            err=True,
        )
    return fitting, connections


def _files(settings: "Settings") -> int:
    """Return the number of files that a worker may open besides its connections."""
    # A thread has one open, perhaps two; SQLite has three for each connection.
    return 2 * settings.threads + 3 * settings.database_connections + OTHER_FILES


def _log_to_stderr() -> None:
    """Write all logs to standard error, gunicorn's too, so that none ever waits."""
    import logging

    from app.log_stream import LogStream

    # A full pipe behind standard error must not stop a request.
    sys.stderr = LogStream(sys.stderr)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
