"""Sirenhall: a hypermedia API server for selling and delivering digital downloads.

`create_app` puts it together, and reads like a table of contents.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Create the WSGI application, over an installation that a command created.

    Without settings, those of the environment are used. Raise `ConfigurationError` if
    there is no installation, or if its database is of another version.
    """
    # Imported late, here and below, so that `sirenhall --help` loads none of it.
    from app import dialects, resources
    from app.http import error_handler, routing
    from app.http.application import Application
    from app.services.operations.installation import open_installation
    from app.settings import Settings

    settings = settings or Settings.from_environment()
    app = Application()
    app.extensions[routing.EXTENSION] = open_installation(settings)
    app.before_request(routing.open_call)
    resources.register_routes(app)
    dialects.register_routes(app, resources.REGISTRY)
    error_handler.register_error_handlers(app)
    _register_middleware(app, settings)
    _wrap(app, settings)
    return app


def _register_middleware(app: "Flask", settings: "Settings") -> None:
    """Register what looks at each request and answer within the application."""
    from app.http.middleware import (
        access_log,
        browser_cookies,
        compression,
        cors,
        last_use,
        response_header_size,
        secret_urls,
    )

    # What is registered last sees an answer first.
    response_header_size.register_header_limit(app)
    secret_urls.register_secret_urls(app)
    last_use.register_last_use(app)
    access_log.register_access_log(app)
    cors.register_cors(app, settings.cors_origins)
    if settings.effective_rate_limit or settings.effective_attempts_limit:
        from app.http import rate_limit

        rate_limit.register_rate_limit(app, settings)
    compression.register_compression(app)
    browser_cookies.register_browser_cookies(app)


def _wrap(app: "Flask", settings: "Settings") -> None:
    """Wrap the application in what changes a request before it is routed."""
    from app.http.middleware.complete_bodies import CompleteBodies
    from app.http.middleware.method_override import MethodOverride
    from app.http.middleware.proxies import behind_proxies

    override = MethodOverride(app.wsgi_app, max_body_size=settings.max_body_size)
    app.wsgi_app = behind_proxies(  # type: ignore[method-assign,assignment]
        CompleteBodies(override),
        trusted=settings.trusted_proxies,
        public_url=settings.public_url,
    )
