"""tuspy and aiotus, which nobody here wrote, upload and resume at a live server."""

import hashlib
import json

import pytest

from tests.cutting import CuttingProxy

CONTENT = bytes(range(256)) * 8_000

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def slot(server):
    listed = json.loads(server.curl(f"{server.url}stores/1/downloadables").stdout)
    item = listed["_embedded"]["fx:downloadables"][0]
    create = item["_links"]["fx:create_upload_url"]["href"]
    made = server.curl("-X", "POST", "-H", "Content-Length: 0", create)
    return item["_links"]["self"]["href"], json.loads(made.stdout)["upload_url"]


def test_tuspy_uploads_stops_and_resumes(server, slot, tmp_path):
    from tusclient import client

    href, url = slot
    file = tmp_path / "song.mp3"
    file.write_bytes(CONTENT)
    metadata = {"filename": "song.mp3", "filetype": "audio/mpeg"}
    started = client.TusClient(url).uploader(
        str(file), chunk_size=300_000, metadata=metadata, upload_checksum=True
    )
    started.upload_chunk()
    started.upload_chunk()
    # Another process knows the address alone.
    resumed = client.TusClient(url).uploader(str(file), url=started.url)
    assert resumed.offset == 600_000
    resumed.upload()
    shown = json.loads(server.curl(href).stdout)
    assert shown["file_sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert (shown["file_name"], shown["file_type"]) == ("song.mp3", "audio/mpeg")


def test_aiotus_uploads_and_goes_on_where_the_line_broke(server, slot, tmp_path):
    import asyncio

    import aiotus

    href, url = slot
    file = tmp_path / "song.flac"
    file.write_bytes(CONTENT)
    proxy = CuttingProxy(server.port, after=700_000, times=2)
    behind = url.replace(f":{server.port}/", f":{proxy.port}/")

    async def upload():
        with file.open("rb") as stream:
            return await aiotus.upload(
                behind, stream, {"filename": b"song.flac"}, chunksize=100_000
            )

    location = asyncio.run(upload())
    proxy.close()
    assert str(location) == behind
    assert proxy.cuts == 2
    shown = json.loads(server.curl(href).stdout)
    assert shown["file_sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert shown["file_name"] == "song.flac"
