"""Record the hour in which a token is used, after the response.

Tested in `tests/resources/test_tokens.py`.
"""

from contextlib import suppress

from flask import Flask, Response, g
from sqlalchemy.exc import SQLAlchemyError

from app.errors import SirenhallError
from app.http.context import RequestContext


def register_last_use(app: Flask) -> None:
    """Record the use of the token that a request came with."""

    @app.after_request
    def _note(response: Response) -> Response:
        context: RequestContext = g.context
        principal = context.known_principal
        uses = context.installation.last_uses
        if (
            principal is not None
            and uses.record(principal)
            and not uses.is_written_by_another
        ):
            context.release_connection()
            # What a merchant may like to know is no reason to fail.
            with suppress(SirenhallError, SQLAlchemyError):
                uses.write(context.installation.database)
        return response
