"""What operators count, for all workers of a server together."""

import re
import time

from app.metrics import METRICS, Metrics, requests
from tests.conftest import start_server, stop_server
from tests.torture.loads import ask


def counted(text):
    return {
        name: int(value)
        for name, value in re.findall(r"^(sirenhall\S+) (\d+)$", text, re.MULTILINE)
    }


def test_an_operator_reads_them_in_the_format_of_prometheus(operator):
    before = METRICS.total(requests(200))
    answer = operator.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert counted(answer.text)[requests(200)] == before
    for name in ("requests", "lost_log_lines", "removals_put_off", "refused_writes"):
        assert f"# TYPE sirenhall_{name}_total counter\n" in answer.text
        assert answer.text.count(f"# HELP sirenhall_{name}_total ") == 1
    assert METRICS.total(requests(200)) == before + 1


def test_of_one_store_nobody_reads_them(api, anonymous, reader):
    for client, status in ((api, 403), (reader, 403), (anonymous, 401)):
        answer = client.get("/metrics")
        assert answer.status_code == status
        assert "sirenhall_" not in answer.text


def test_all_workers_are_counted_together(tmp_path):
    server = start_server(tmp_path / "data", "--workers", "3")
    while ask(server, "GET", "/health/live").status != 200:
        time.sleep(0.05)
    from app.database import Database
    from app.services import scopes
    from app.services.auth import authentication
    from app.settings import Settings
    from tests.conftest import environment_for

    environment = environment_for(server.data_dir)
    settings = Settings.from_environment(environment, data_dir=server.data_dir)
    database = Database(settings.database)
    with database.writing() as tx:
        _, token = authentication.create_token(tx, scope=scopes.CLIENT, store_id=None)
    database.close()
    headers = {"Authorization": f"Bearer {token}"}
    before = counted(ask(server, "GET", "/metrics", headers=headers).body.decode())
    for _ in range(60):
        assert ask(server, "GET", "/rels").status == 200
    after = counted(ask(server, "GET", "/metrics", headers=headers).body.decode())
    stop_server(server)
    assert after[requests(200)] - before[requests(200)] == 61


def test_what_a_process_counted_stays():
    import multiprocessing

    metrics = Metrics({"a_total": "As.", "b_total": "Bs."})
    fork = multiprocessing.get_context("fork")
    for number in range(3):
        child = fork.Process(target=metrics.add, args=("b_total", number))
        child.start()
        child.join()
    metrics.add("a_total")
    assert (metrics.total("a_total"), metrics.total("b_total")) == (1, 3)
    assert "b_total 3\n" in metrics.as_text()
