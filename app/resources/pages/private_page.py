"""Answer with a page that is of no resource, for one browser alone.

Tested in `tests/resources/pages/test_sign_in.py`.
"""

from typing import Any

from flask import Response

from app.http.context import RequestContext
from app.http.responses import page_policy
from representations.html import render_page


def private_page(
    context: RequestContext,
    template: str,
    status: int = 200,
    **values: Any,
) -> Response:
    """Return a page that is not cached, not framed and sends no referrer."""
    body = render_page(
        template,
        context.viewer,
        home=f"{context.urls.base}/",
        here=context.url,
        form_token=context.browser.expected_token,
        **values,
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": page_policy(is_framed=False).replace(
            "frame-ancestors 'self'", "frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Cookie",
    }
    return Response(body, status, headers)
