"""`sirenhall deliver`: send webhooks when `sirenhall serve` is not running.

Tested in `tests/resources/test_webhooks.py`.
"""

import time
from pathlib import Path

import click

from app.cli.command import (
    data_dir_option,
    explaining,
    installation_at,
    json_option,
    print_result,
)


@click.command()
@click.option("--watch", is_flag=True, help="Go on until it is stopped.")
@data_dir_option
@json_option
@explaining
def deliver(watch: bool, data_dir: Path | None, as_json: bool) -> None:
    """Send pending webhooks, and retry failed ones.

    `sirenhall serve` does that by itself. This is for other WSGI servers.
    """
    from app.services.operations import background_tasks

    with installation_at(data_dir) as opened:
        while True:
            sent, failed = background_tasks.webhook_sender(opened).deliver()
            if sent or failed or not watch:
                text = f"{sent} sent, {failed} failed."
                print_result({"sent": sent, "failed": failed}, text, as_json=as_json)
            if not watch:
                return
            time.sleep(background_tasks.PAUSE)
