"""Read and set the cookies of browsers: sessions, form tokens and notices.

A session counts for pages alone. A request that changes something, or that asks for
anything but a page, also needs the token that only our own forms have (CSRF): a cookie
is sent along whoever made the form.

Tested in `tests/resources/pages/test_sign_in.py`.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.http.environ import FORM_TOKEN

SESSION_COOKIE = "sirenhall_session"
FORM_COOKIE = "sirenhall_form"
"""What forms are tied to while nobody is signed in, so that sign-in has a token too."""

NOTICE_COOKIE = "sirenhall_notice"
"""What a page says after the change that led to it."""

NOTICE_SECONDS = 60
MAX_COOKIE = 4000


@dataclass(slots=True)
class Browser:
    """The cookies of a request, and those that its response sets."""

    secret: bytes
    path: str
    is_secure: bool
    sent: dict[str, str]
    form_token: str
    """What came with a form, or with a script's request."""

    cookies: list[str] = field(default_factory=list)
    """The Set-Cookie fields of the response."""

    @property
    def session(self) -> str:
        """The text of the session, empty if there is none."""
        return self.sent.get(SESSION_COOKIE, "")

    @property
    def expected_token(self) -> str:
        """The token of the forms of this browser, and of its session."""
        tied_to = self.session or self.sent.get(FORM_COOKIE, "")
        if not tied_to:
            tied_to = secrets.token_urlsafe(16)
            self.sent[FORM_COOKIE] = tied_to
            self.set_cookie(FORM_COOKIE, tied_to)
        # Derived, so that nothing about forms has to be stored on the server.
        named = f"form\n{tied_to}".encode()
        return hmac.new(self.secret, named, "sha256").hexdigest()

    @property
    def has_form_token(self) -> bool:
        """Whether the request comes from one of our own forms."""
        if not (self.session or FORM_COOKIE in self.sent):
            return False
        # Whoever measures the time of the answer must not find it byte by byte.
        return hmac.compare_digest(
            self.form_token.encode(), self.expected_token.encode()
        )

    def set_cookie(self, name: str, value: str, seconds: int | None = None) -> None:
        """Set a cookie; without `seconds` it ends with the browser."""
        lifetime = "" if seconds is None else f"; Max-Age={seconds}"
        secure = "; Secure" if self.is_secure else ""
        self.cookies.append(
            f"{name}={value}; Path={self.path}{lifetime}; HttpOnly; SameSite=Lax"
            f"{secure}"
        )

    def delete_cookie(self, name: str) -> None:
        """Delete a cookie that was sent."""
        if name in self.sent:
            self.set_cookie(name, "", 0)

    def set_notice(self, text: str) -> None:
        """Have the next page say something."""
        self.set_cookie(NOTICE_COOKIE, self._notices.dumps(text), NOTICE_SECONDS)

    def take_notice(self) -> str:
        """Return the notice for this page, and delete its cookie."""
        sealed = self.sent.get(NOTICE_COOKIE)
        if sealed is None:
            return ""
        self.delete_cookie(NOTICE_COOKIE)
        try:
            return str(self._notices.loads(sealed, max_age=NOTICE_SECONDS))
        except BadSignature:
            return ""

    @property
    def _notices(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="notice")


def browser_of(environ: dict[str, Any], secret: bytes) -> Browser:
    """Return the browser of a request, whatever its cookies are."""
    cookies: SimpleCookie = SimpleCookie()
    sent = environ.get("HTTP_COOKIE", "")
    # Cookies of other applications on the same host come along, of any size.
    if len(sent) <= MAX_COOKIE:
        try:
            cookies.load(sent)
        except ValueError:
            cookies.clear()
    token = environ.get(FORM_TOKEN) or environ.get("HTTP_X_CSRF_TOKEN", "")
    return Browser(
        secret,
        environ.get("SCRIPT_NAME", "").rstrip("/") + "/",
        environ["wsgi.url_scheme"] == "https",
        {name: morsel.value for name, morsel in cookies.items()},
        str(token),
    )
