"""The two curl commands of Foxy's reference, against a running server.

Host, ids, token and path are replaced, nothing else.
"""

import json
import shlex
import subprocess
from pathlib import Path

CREATE = (
    'curl -H "FOXY-API-VERSION: 1" '
    '-H "Authorization: Bearer 61a7197472c9f9e4481f2d2f6a7d0352" '
    '-F "code=unicorn" -i -F "name=Unicorn" '
    '-F "file=@/Users/lukestokes/Pictures/temp/unicorn_web.png" -F "price=10" '
    '-F "item_category_uri=https://api-sandbox.foxycart.com/item_categories/307" '
    "https://api-sandbox.foxycart.com/stores/8/downloadables"
)
REPLACE = (
    'curl -H "X-HTTP-Method-Override: PATCH" -H "FOXY-API-VERSION: 1" '
    '-H "Authorization: Bearer 61a7197472c9f9e4481f2d2f6a7d0352" '
    '-F "file=@/Users/lukestokes/Pictures/temp/1209_mcmillan_630x420.jpg" '
    "https://api-sandbox.foxycart.com/downloadables/40"
)


def run(command, replaced):
    for theirs, ours in replaced.items():
        assert theirs in command
        command = command.replace(theirs, ours)
    result = subprocess.run(
        [*shlex.split(command), "-sS"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return result.stdout


def test_both_work(server, tmp_path: Path):
    first, second = tmp_path / "unicorn_web.png", tmp_path / "1209_mcmillan.jpg"
    first.write_bytes(bytes(267_069))
    second.write_bytes(b"\xff\xd8 smaller")
    common = {
        "https://api-sandbox.foxycart.com/": server.url,
        "61a7197472c9f9e4481f2d2f6a7d0352": server.token,
    }
    answer = run(
        CREATE,
        {
            **common,
            "/Users/lukestokes/Pictures/temp/unicorn_web.png": str(first),
            "item_categories/307": "item_categories/2",
            "stores/8/": "stores/1/",
        },
    )
    head, _, body = answer.replace("\r\n", "\n").rpartition("\n\n")
    assert "HTTP/1.1 201" in head
    created = json.loads(body)
    assert created["file_name"] == "unicorn_web.png"
    assert created["file_size"] == 267_069
    assert created["price"] == 10
    location = created["_links"]["self"]["href"]
    assert f"Location: {location}" in head
    body = run(
        REPLACE,
        {
            **common,
            "/Users/lukestokes/Pictures/temp/1209_mcmillan_630x420.jpg": str(second),
            "downloadables/40": location.removeprefix(server.url),
        },
    )
    replaced = json.loads(body)
    assert replaced["file_name"] == "1209_mcmillan.jpg"
    assert replaced["file_size"] == 10
    assert replaced["name"] == "Unicorn"
    assert server.curl("-X", "DELETE", location).returncode == 0
