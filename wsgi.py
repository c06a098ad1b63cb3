"""The WSGI application, for any server: ``gunicorn wsgi:app``.

In an empty data folder it creates a store. It never upgrades an older one: that is for
``sirenhall migrate``.
"""

import sys

from app import create_app
from app.services.operations.provisioning import provision_if_empty
from app.settings import Settings

settings = Settings.from_environment()
if provision_if_empty(settings):
    sys.stderr.write(
        f"Created a store in {settings.data_dir.resolve()}. To get an access token, "
        "run `sirenhall token create --store 1`.\n"
    )
app = create_app(settings)
