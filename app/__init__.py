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
    # Imported late, so that `sirenhall --help` loads none of it.
    from app.dialects import easycart, surecart, zid
    from app.http import error_handler, routing
    from app.http.application import Application
    from app.http.middleware import (
        access_log,
        browser_cookies,
        compression,
        cors,
        last_use,
        response_header_size,
        secret_urls,
    )
    from app.http.middleware.complete_bodies import CompleteBodies
    from app.http.middleware.method_override import MethodOverride
    from app.http.middleware.proxies import behind_proxies
    from app.resources import (
        REGISTRY,
        attributes,
        downloadables,
        downloads,
        files,
        home,
        item_categories,
        library_files,
        oauth,
        offers,
        open_uploads,
        property_helpers,
        purchases,
        statistics,
        stores,
        tokens,
        translations,
        upload_slots,
        users,
        versions,
        webhook_deliveries,
    )
    from app.resources.documentation import api_docs, problem_types, profiles, rels
    from app.resources.operations import health, metrics, security_txt
    from app.resources.pages import raw_view, sign_in, static_files, viewer
    from app.services.operations.installation import open_installation
    from app.settings import Settings

    settings = settings or Settings.from_environment()
    app = Application()
    app.extensions[routing.EXTENSION] = open_installation(settings)

    app.before_request(routing.open_call)
    for resource in (
        home,
        stores,
        item_categories,
        downloadables,
        attributes,
        versions,
        files,
        library_files,
        offers,
        translations,
        purchases,
        downloads,
        statistics,
        webhook_deliveries,
        upload_slots,
        open_uploads,
        tokens,
        users,
        oauth,
        property_helpers,
        rels,
        profiles,
        problem_types,
        api_docs,
        health,
        metrics,
        security_txt,
        static_files,
        viewer,
        sign_in,
        raw_view,
        easycart,
        surecart,
        zid,
    ):
        resource.register_routes(app, REGISTRY)
    error_handler.register_error_handlers(app)
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

    override = MethodOverride(app.wsgi_app, max_body_size=settings.max_body_size)
    app.wsgi_app = behind_proxies(  # type: ignore[method-assign,assignment]
        CompleteBodies(override),
        trusted=settings.trusted_proxies,
        public_url=settings.public_url,
    )
    return app
