"""Keys of the WSGI environment by which middleware informs the application."""

FIELD = "_method"
"""The form field that stands for the header where a browser sends the form."""

REFUSED = "sirenhall.refused"
"""Environment key of the reason to answer 400 instead of running anything."""

APPLIED = "sirenhall.method_applied"
"""Environment key that tells a body's reader that `_method` has been followed."""
