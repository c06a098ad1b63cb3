"""Set the cookies that a request has changed: a session, a notice, the tie of forms.

Tested in `tests/resources/pages/test_sign_in.py`.
"""

from flask import Flask, Response, g

from app.http.context import RequestContext


def register_browser_cookies(app: Flask) -> None:
    """Add the Set-Cookie fields to the response, last of all."""

    @app.after_request
    def _set(response: Response) -> Response:
        context: RequestContext = g.context
        if RequestContext.browser.is_computed(context):
            for cookie in context.browser.cookies:
                response.headers.add("Set-Cookie", cookie)
        return response
