"""A log that cannot be written changes no answer."""

import io
import json
import os
import subprocess
import sys
import urllib.request
from contextlib import suppress

import pytest

from app.log_stream import LogStream
from app.metrics import LOST_LOG_LINES, METRICS
from tests.conftest import environment_for, wait_until

COMMAND = (
    sys.executable,
    "-m",
    "app",
    "serve",
    "--json",
    "--port",
    "0",
    "--workers",
    "1",
)


def test_a_text_is_written(tmp_path):
    with (tmp_path / "log").open("w") as file:
        stream = LogStream(file)
        stream.write("ü\udce9\n")
    assert (tmp_path / "log").read_bytes() == b"\xc3\xbc\\udce9\n"
    plain = io.StringIO()
    LogStream(plain).write("a")
    assert plain.getvalue() == "a"


def test_what_cannot_be_written_is_counted(tmp_path):
    closed = (tmp_path / "log").open("w")
    closed.close()
    with open("/dev/full", "w") as full:
        for broken in (None, closed, full):
            before = METRICS.total(LOST_LOG_LINES)
            assert LogStream(broken).write("line\n") == 5
            assert METRICS.total(LOST_LOG_LINES) == before + 1
        with suppress(OSError):
            full.close()


def test_a_pipe_that_nobody_reads_is_not_waited_for():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as pipe:
        stream, before = LogStream(pipe), METRICS.total(LOST_LOG_LINES)
        for _ in range(200):
            stream.write("x" * 1000 + "\n")
        assert 0 < METRICS.total(LOST_LOG_LINES) - before < 200
        # Whoever else has the pipe waits as before.
        assert os.get_blocking(pipe.fileno())
        assert reader.read1(10) == b"x" * 10


@pytest.fixture(params=["closed", "full", "stalled"])
def broken(request):
    """A descriptor for standard error that cannot be written to; None is closed."""
    if request.param == "closed":
        yield None
    elif request.param == "full":
        with open("/dev/full", "w") as full:
            yield full.fileno()
    else:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with suppress(BlockingIOError):
            while True:
                os.write(writing, bytes(4096))
        os.set_blocking(writing, True)
        yield writing
        os.close(reading)
        os.close(writing)


def test_every_request_is_answered_as_usual(tmp_path, broken):
    data_dir = tmp_path / "data"
    environment = {**os.environ, **environment_for(data_dir)}
    before = None if broken is not None else lambda: os.close(2)
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(
            [*COMMAND, "--data-dir", str(data_dir)],
            stdout=out,
            stderr=broken,
            env=environment,
            preexec_fn=before,  # noqa: PLW1509 - no threads are there yet
        )
    try:
        assert wait_until(lambda: (tmp_path / "out").stat().st_size > 0, 30)
        url = json.loads((tmp_path / "out").read_text())["url"]
        for _ in range(100):
            with urllib.request.urlopen(f"{url}health/live", timeout=10) as answer:
                assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as found:
            urllib.request.urlopen(f"{url}stores/1", timeout=10)
        assert found.value.code == 401
        found.value.close()
        with urllib.request.urlopen(f"{url}health/ready", timeout=10) as answer:
            ready = json.load(answer)
        assert ready["status"] == "ok"
        assert ready["lost_log_lines"] > 50
    finally:
        process.terminate()
        process.wait(timeout=30)
