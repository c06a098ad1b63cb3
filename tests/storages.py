"""The file storage under test: a folder, or a real S3 server.

`pytest --storage s3` keeps the files of every data folder under a prefix of its own in
a SeaweedFS that the tests start, once, when the first of them needs it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

BUCKET = "files"
KEY, SECRET = "test-key", "test-secret-key"
# Under these names the test processes, and no server, are told of it.
FOLDER, CHOSEN = "TEST_S3_FOLDER", "TEST_STORAGE"
PATIENCE = 60.0
# A process object that is dropped complains that its process runs.
_processes: list[subprocess.Popen[bytes]] = []


def offer() -> None:
    """Make the folder in which the first process that needs a server starts it."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="sirenhall-s3-")
    os.environ.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)


def stop() -> None:
    """Stop the server, if anybody started it."""
    folder = Path(os.environ[FOLDER])
    if (folder / "started.json").exists():
        said = json.loads((folder / "started.json").read_text())
        os.kill(said["pid"], signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def is_s3() -> bool:
    """Tell whether all tests are to keep their files in S3."""
    return os.environ.get(CHOSEN) == "s3"


def storage_url(data_dir: Path) -> str:
    """Give the storage of a data folder; empty is the folder's own."""
    return s3_url(data_dir) if is_s3() else ""


def s3_url(data_dir: Path) -> str:
    """Give the prefix of a data folder."""
    name = hashlib.md5(str(data_dir).encode(), usedforsecurity=False).hexdigest()
    return f"s3://{BUCKET}/{name}?endpoint={endpoint()}"


def endpoint() -> str:
    """Give the address of the server, started at the first use."""
    folder = Path(os.environ[FOLDER])
    told = folder / "started.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            new = folder / "new"
            new.write_text(json.dumps(_start(folder)))
            new.rename(told)
    return str(json.loads(told.read_text())["endpoint"])


def hurry(monkeypatch: Any) -> None:
    """Let nobody wait for other processes, where a test has none."""
    monkeypatch.setattr("app.storage.s3.ROW_PAUSE", 0.0)
    monkeypatch.setattr("app.storage.heartbeat.BEAT", 0.2)
    monkeypatch.setattr("app.storage.heartbeat.SILENCE", 1.0)


def client() -> Any:
    """Give a plain client of the server."""
    return _client(endpoint())


def _client(found: str) -> Any:
    import boto3

    return boto3.session.Session().client(
        "s3", endpoint_url=found, region_name="us-east-1"
    )


def _start(folder: Path) -> dict[str, Any]:
    ports = _free_ports(4)
    access = {
        "name": "tests",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [access]}))
    (folder / "data").mkdir()
    master, volume, filer, s3 = ports
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *(_weed(), "server", "-dir", str(folder / "data")),
                *("-ip", "127.0.0.1", "-ip.bind", "127.0.0.1"),
                *("-master.port", str(master), "-volume.port", str(volume)),
                *("-filer.port", str(filer), "-s3.port", str(s3)),
                *("-master.volumeSizeLimitMB", "64", "-volume.max", "400"),
                *("-s3", "-s3.config", str(folder / "s3.json")),
                *("-s3.port.iceberg", "0", "-s3.port.lance", "0"),
                "-master.telemetry=false",
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _processes.append(process)
    found = f"http://127.0.0.1:{s3}"
    _make_bucket(found, process, folder / "log")
    return {"pid": process.pid, "endpoint": found}


def _make_bucket(found: str, process: subprocess.Popen[bytes], log: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + PATIENCE
    with closing(_client(found)) as made:
        while True:
            try:
                made.create_bucket(Bucket=BUCKET)
                # It says yes before it can keep anything.
                made.put_object(Bucket=BUCKET, Key="ready", Body=b"yes")
            except (BotoCoreError, ClientError):
                assert process.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.2)
            else:
                return


def _weed() -> str:
    context_index = Path(sys.executable).with_name("weed")
    return str(context_index) if context_index.exists() else "weed"


def _free_ports(count: int) -> list[int]:
    """Find ports that are free, with those 10,000 above them, which gRPC takes."""
    found: list[int] = []
    while len(found) < count:
        with socket.create_server(("127.0.0.1", 0)) as low:
            port = low.getsockname()[1] % 20_000 + 20_000
        try:
            for number in (port, port + 10_000):
                socket.create_server(("127.0.0.1", number)).close()
        except OSError:
            continue
        if port not in found:
            found.append(port)
    return found
