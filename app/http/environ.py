"""Keys of the WSGI environment by which middleware informs the application.

Tested in `tests/torture/attacks/test_strange_requests.py`.
"""

FIELD = "_method"
"""The form field that stands for the header where a browser sends the form."""

FORM_TOKEN_FIELD = "_csrf_token"  # noqa: S105 - the name of a field
"""The form field of the token that shows that a form is ours."""

IF_MATCH_FIELD = "_if_match"
"""The form field that stands for If-Match."""

IDS_FIELD = "_ids"
"""The form field that names one of several resources to change, once for each."""

CHANGE_FIELD = "_change"
"""The form field of a button that changes one property: ``is_archived=true``."""

OWN_FIELDS = frozenset(
    {FIELD, FORM_TOKEN_FIELD, IF_MATCH_FIELD, IDS_FIELD, CHANGE_FIELD}
)
"""The fields of our forms that are no properties."""

FORM_TOKEN = "sirenhall.form_token"  # noqa: S105 - a key
"""Environment key of the token that came with a form."""

REFUSED = "sirenhall.refused"
"""Environment key of the reason to answer 400 instead of running anything."""

APPLIED = "sirenhall.method_applied"
"""Environment key that tells a body's reader that `_method` has been followed."""
