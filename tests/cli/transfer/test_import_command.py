"""`sirenhall import` and `export`, into a data folder and over the network."""

import csv
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.client import store, transport
from tests.conftest import Server, environment_for, start_server, stop_server

FILES = {
    "songs/Über Fjord.mp3": b"fjord" * 1000,
    "songs/tide.mp3": b"tide",
    "book.pdf": b"%PDF" + b"x" * 200_000,
    ".hidden/secret": b"no",
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "wares"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    """A server elsewhere, for imports over the network."""
    server = start_server(tmp_path_factory.mktemp("far") / "data")
    yield server
    stop_server(server)


def invoke(*arguments, code=0, environment=None):
    result = CliRunner().invoke(
        main, [*map(str, arguments), "--json"], env=environment or {}
    )
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if result.stdout else result


@pytest.fixture
def run(data_dir):
    def here(*arguments, code=0):
        return invoke(
            *arguments,
            *("--data-dir", data_dir),
            code=code,
            environment=environment_for(data_dir),
        )

    return here


def shown(api, **query):
    listed = api.get("/stores/1/downloadables", query_string=query).json
    return {one["code"]: one for one in listed["_embedded"]["fx:downloadables"]}


def counts(said):
    return tuple(said[name] for name in ("created", "updated", "unchanged", "refused"))


def test_a_folder_is_put_up_for_sale_once(api, run, folder):
    dry = run("import", folder, "--price", "9.95", "--dry-run")
    assert counts(dry) == (3, 0, 0, 0)
    assert shown(api) == {}
    assert counts(run("import", folder, "--price", "9.95")) == (3, 0, 0, 0)
    found = shown(api)
    assert set(found) == {"songs-uber-fjord", "songs-tide", "book"}
    fjord = found["songs-uber-fjord"]
    assert (fjord["name"], fjord["price"]) == ("Über Fjord", 9.95)
    assert fjord["file_name"] == "Über Fjord.mp3"
    assert fjord["file_type"] == "audio/mpeg"
    file = api.get(fjord["_links"]["fx:file"]["href"])
    assert file.data == FILES["songs/Über Fjord.mp3"]
    # Again: nothing is done twice, and only what is new.
    assert counts(run("import", folder, "--price", "9.95")) == (0, 0, 3, 0)
    (folder / "songs" / "tide.mp3").write_bytes(b"another tide")
    api.patch(fjord["_links"]["self"]["href"], json={"name": "Fjord", "price": 7})
    assert counts(run("import", folder, "--price", "12")) == (0, 1, 2, 0)
    found = shown(api)
    assert found["songs-tide"]["version"] == 2
    assert found["book"]["version"] == 1
    # What was changed in the shop meanwhile stays.
    assert found["songs-uber-fjord"]["name"] == "Fjord"
    assert {one["price"] for one in found.values()} == {9.95, 7}


def write_csv(path: Path, rows, delimiter=",", encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def test_a_csv_says_what_each_is(api, run, folder):
    table = write_csv(
        folder / "list.csv",
        [
            ("code", "name", "price", "path", "description", "is_published"),
            ("fjord", "Fjord", "12.50", "songs/Über Fjord.mp3", "two\nlines", "true"),
            ("later", "Later", "3", "", "", "false"),
        ],
        delimiter=";",
        encoding="utf-8-sig",
    )
    assert counts(run("import", table)) == (2, 0, 0, 0)
    found = shown(api)
    assert found["fjord"]["description"] == "two\nlines"
    assert found["fjord"]["file_size"] == 5000
    assert (found["later"]["is_published"], found["later"]["file_name"]) == (
        False,
        None,
    )
    assert counts(run("import", table)) == (0, 0, 2, 0)


def test_what_is_refused_is_listed_and_the_rest_is_done(api, run, folder):
    table = write_csv(
        folder / "list.csv",
        [
            ("code", "name", "price", "path", "category"),
            ("good", "Good", "1", "book.pdf", ""),
            ("dear", "Dear", "twelve", "book.pdf", ""),
            ("lost", "Lost", "1", "nowhere.pdf", ""),
            ("", "Nameless", "1", "", ""),
            ("good", "Twice", "1", "", ""),
            ("fine", "Fine", "1.999", "book.pdf", ""),
            ("odd", "Odd", "1", "", "NONE"),
            ("x" * 60, "", "1", "", ""),
        ],
    )
    dry = run("import", table, "--dry-run", code=1)
    assert shown(api) == {}
    said = run("import", table, code=1)
    assert counts(said) == (1, 0, 0, 7)
    assert dry["refusals"] == said["refusals"]
    reasons = {entry["where"]: entry["reason"] for entry in said["refusals"]}
    assert "price" in reasons["line 3"]
    assert reasons["line 4"] == "path nowhere.pdf is not there"
    assert "code can't be blank" in reasons["line 5"]
    assert "was in line 2 already" in reasons["line 6"]
    assert "at most 2 decimals" in reasons["line 7"]
    assert "there is no item_category NONE" in reasons["line 8"]
    assert "name" in reasons["line 9"]
    assert "code" in reasons["line 9"]
    assert set(shown(api)) == {"good"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("code", "name", "price", "Name")], "the column name appears twice"),
        ([("code", "Preis", "Datei")], "unknown column 'Preis' (did you mean price?)"),
        ([("code", "Preis", "Datei")], "'Datei'"),
        ([("code", "prise")], "unknown column 'prise' (did you mean price?)"),
        ([("name", "price")], "the column code is missing"),
        ([("code", "name")], "there is nothing to import"),
        ([("code", "name"), ("a", 'b"c')], ""),
    ],
)
def test_a_csv_that_cannot_be_read_is_explained(run, tmp_path, rows, words):
    table = write_csv(tmp_path / "list.csv", rows)
    if not words:
        table.write_text('code,name\na,"b"c\n')
        words = "line 2"
    result = CliRunner().invoke(main, ["import", str(table), "--data-dir", "none"])
    assert result.exit_code == 1
    assert words in result.stderr


def test_a_folder_without_a_price_is_explained(folder):
    result = CliRunner().invoke(main, ["import", str(folder)])
    assert result.exit_code == 1
    assert "files need a --price" in result.stderr


def test_a_category_must_be_named_where_there_are_several(api, run, folder):
    extra = {
        "code": "MUSIC",
        "name": "Music",
        "item_delivery_type": "downloaded",
        "max_downloads_per_customer": 1,
        "max_downloads_time_period": 1,
    }
    api.post("/stores/1/item_categories", json=extra)
    result = run("import", folder, "--price", "1", code=1)
    assert "of downloads there are: DOWNLOADS, MUSIC" in result.stderr
    run("import", folder, "--price", "1", "--category", "MUSIC")
    assert shown(api, **{"item_category:code": "MUSIC"}).keys() == shown(api).keys()


def test_a_store_goes_out_and_comes_in_again_elsewhere(api, run, folder, tmp_path, far):
    run("import", folder, "--price", "9.95")
    external = {"code": "ext", "name": "E", "price": 0, "item_category_id": 2}
    api.post("/stores/1/downloadables", json={**external, "url": "https://a.example/f"})
    archived = shown(api)["book"]["_links"]["self"]["href"]
    api.patch(archived, json={"is_archived": True, "description": 'say "hi",\nthen'})
    out = tmp_path / "out"
    said = run("export", out)
    assert (said["downloadables"], said["files"]) == (4, 3)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.mp3")}
    run("export", out)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.mp3")} == before
    there = ("--server", far.url, "--token", far.token)
    assert counts(invoke("import", out / "downloadables.csv", *there)) == (4, 0, 0, 0)
    listed = json.loads(
        far.curl(f"{far.url}stores/1/downloadables?is_archived:in=true,false").stdout
    )
    for one in listed["_embedded"]["fx:downloadables"]:
        mine = shown(api, code=one["code"], **{"is_archived:in": "true,false"})
        for name in ("name", "price", "file_sha256", "url", "description"):
            assert one[name] == mine[one["code"]][name]
    assert counts(invoke("import", out / "downloadables.csv", *there)) == (0, 0, 4, 0)


def test_a_large_file_goes_on_where_the_connection_broke(
    far: Server, tmp_path, monkeypatch
):
    monkeypatch.setattr(store, "LARGE", 1000)
    monkeypatch.setattr(store, "PIECE", 100_000)
    monkeypatch.setattr(transport.time, "sleep", lambda _seconds: None)
    content = bytes(range(250)) * 2000
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "large.bin").write_bytes(content)
    real, sent = transport.HttpWire.send, []

    def breaking(self, method, url, headers, body):
        answer = real(self, method, url, headers, body)
        if method == "PATCH":
            sent.append(len(body))
            if len(sent) in {2, 5}:
                # It arrived, but nobody heard of it.
                answer.read_body()
                raise transport.Unreachable("broken")
        return answer

    monkeypatch.setattr(transport.HttpWire, "send", breaking)
    there = ("--server", far.url, "--token", far.token, "--price", "1")
    said = invoke("import", tmp_path / "in", *there)
    assert counts(said) == (1, 0, 0, 0)
    assert sum(sent) == len(content)
    out = tmp_path / "out"
    invoke("export", out, *there[:4])
    [path] = out.rglob("large.bin")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--server", "http://127.0.0.1:9"], "needs a --token"),
        (["--server", "http://127.0.0.1:9", "--token", "x"], "cannot reach 127.0.0.1"),
        (["--server", "ftp://x", "--token", "x"], "must be a URL"),
        (["--token", "x"], "--token is for a --server"),
        (["--store", "9"], "there is no store 9"),
    ],
)
def test_what_is_in_the_way_is_said(data_dir, folder, options, words):
    if "--server" not in options:
        options = [*options, "--data-dir", str(data_dir)]
    result = CliRunner().invoke(
        main,
        ["import", str(folder), "--price", "1", *options],
        env=environment_for(data_dir),
    )
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_token_that_is_refused_is_said(far, folder):
    there = ("--server", far.url, "--token", "wrong", "--price", "1")
    result = CliRunner().invoke(main, ["import", str(folder), *there])
    assert result.exit_code == 1
    assert "The access token provided is invalid" in result.stderr


def test_the_token_of_a_command_is_gone_afterwards(run, folder, installation):
    from app.services.auth import authentication

    run("import", folder, "--price", "1")
    with installation.database.reading() as db:
        assert len(authentication.list_tokens(db)) == 1


def test_people_are_told_in_words(data_dir, folder):
    result = CliRunner().invoke(
        main,
        ["import", str(folder), "--price", "1", "--data-dir", str(data_dir)],
        env=environment_for(data_dir),
    )
    assert result.stdout == (
        f"skipped: {Path('.hidden/secret')}: hidden\n"
        "3 created, 0 updated, 0 unchanged, 0 refused.\n"
    )


def test_an_answer_that_was_lost_is_no_second_downloadable(
    far: Server, tmp_path, monkeypatch
):
    monkeypatch.setattr(transport.time, "sleep", lambda _seconds: None)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "lost-answer.txt").write_bytes(b"once")
    real, lost = transport.HttpWire.send, []

    def losing(self, method, url, headers, body):
        answer = real(self, method, url, headers, body)
        if method == "POST" and not lost:
            lost.append(answer.read_body())
            raise transport.Unreachable("broken")
        return answer

    monkeypatch.setattr(transport.HttpWire, "send", losing)
    there = ("--server", far.url, "--token", far.token, "--price", "1")
    assert counts(invoke("import", tmp_path / "in", *there)) == (1, 0, 0, 0)
    assert lost


def test_who_asks_for_patience_gets_it(tmp_path, monkeypatch):
    server = start_server(
        tmp_path / "data", environment={"SIRENHALL_RATE_LIMIT": "20/second"}
    )
    (tmp_path / "in").mkdir()
    for number in range(40):
        (tmp_path / "in" / f"{number}.txt").write_bytes(b"x")
    there = ("--server", server.url, "--token", server.token, "--price", "1")
    try:
        assert counts(invoke("import", tmp_path / "in", *there)) == (40, 0, 0, 0)
    finally:
        stop_server(server)


def test_a_server_that_goes_away_leaves_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(transport.time, "sleep", lambda _seconds: None)
    server = start_server(tmp_path / "data")
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / "in" / f"{number}.txt").write_bytes(b"x")
    there = ("--server", server.url, "--token", server.token, "--price", "1")
    real, sent = transport.HttpWire.send, []

    def leaving(self, method, url, headers, body):
        if method == "POST":
            sent.append(url)
            if len(sent) == 3:
                stop_server(server)
        return real(self, method, url, headers, body)

    monkeypatch.setattr(transport.HttpWire, "send", leaving)
    said = invoke("import", tmp_path / "in", *there, code=1)
    assert said["created"] == 2
    assert "cannot reach" in said["stopped"]


def test_a_list_sells_nothing_from_outside_of_its_folder(api, run, folder, tmp_path):
    (tmp_path / "secret").write_text("not for sale")
    table = write_csv(
        folder / "list.csv",
        [
            ("code", "name", "price", "path"),
            ("a", "A", "1", "../secret"),
            ("b", "B", "1", str(tmp_path / "secret")),
        ],
    )
    said = run("import", table, code=1)
    assert [one["reason"] for one in said["refusals"]] == [
        "path ../secret is outside of the CSV's folder",
        f"path {tmp_path / 'secret'} is outside of the CSV's folder",
    ]


@pytest.mark.parametrize(
    "setting",
    [
        {"SIRENHALL_DELIVERY": "x-accel"},
        {"SIRENHALL_REQUIRE_API_VERSION": "true"},
        {"SIRENHALL_REQUIRE_PRECONDITIONS": "true"},
        {"SIRENHALL_PUBLIC_URL": "https://downloads.example/shop"},
        {"SIRENHALL_TOKEN": "for another server"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_the_servers_settings_are_in_nobodys_way(data_dir, folder, tmp_path, setting):
    here = {
        "environment": {**environment_for(data_dir), **setting},
    }
    if "SIRENHALL_DELIVERY" in setting:
        here["environment"]["SIRENHALL_STORAGE_URL"] = ""
    where = ("--data-dir", data_dir)
    new = invoke("import", folder, "--price", "1", *where, **here)
    assert counts(new) == (3, 0, 0, 0)
    (folder / "book.pdf").write_bytes(b"another")
    again = invoke("import", folder, "--price", "1", *where, **here)
    assert counts(again) == (0, 1, 2, 0)
    assert invoke("export", tmp_path / "out", *where, **here)["files"] == 3


def test_what_cannot_be_exported_is_named_and_the_rest_is_there(
    api, run, folder, tmp_path, installation
):
    run("import", folder, "--price", "1")
    api.upload(b"x", "名" * 80 + ".txt", code="long")
    lost = next(iter(installation.storage.stored()))
    installation.storage.delete(lost.key)
    said = run("export", tmp_path / "out", code=1)
    assert (said["downloadables"], said["files"]) == (4, 3)
    [problem] = said["problems"]
    assert "cannot be found" in problem["reason"]
    assert len((tmp_path / "out" / "downloadables.csv").read_text().splitlines()) == 5


def test_formats_of_one_title_are_each_for_sale(api, run, tmp_path):
    (tmp_path / "in").mkdir()
    for ending in ("epub", "mobi", "azw3", "pdf"):
        (tmp_path / "in" / f"The Sea.{ending}").write_bytes(ending.encode())
    run("import", tmp_path / "in", "--price", "1")
    found = shown(api)
    assert {one["name"] for one in found.values()} == {
        "The Sea (EPUB)",
        "The Sea (MOBI)",
        "The Sea (AZW3)",
        "The Sea (PDF)",
    }
    assert found["the-sea-epub"]["file_type"] == "application/epub+zip"
    assert found["the-sea-mobi"]["file_type"] == "application/x-mobipocket-ebook"


def test_what_is_not_for_sale_is_skipped_and_named(api, run, folder, tmp_path):
    for name in ("Thumbs.db", "~$doc.docx"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "outside").write_bytes(b"x")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "broken").symlink_to(tmp_path / "nothing")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    said = run("import", folder, "--price", "1")
    assert counts(said) == (3, 0, 0, 0)
    named = {words.partition(": ")[0]: words for words in said["skipped"]}
    assert set(named) == {
        *(str(Path(".hidden") / "secret"), "Thumbs.db", "~$doc.docx"),
        *("link", "broken", "pipe"),
    }


def test_a_table_as_spreadsheets_write_it(api, run, folder):
    table = folder / "list.csv"
    table.write_bytes(
        "sep=;\r\ncode;name;price;path\r\n"
        "fjord;Größe;9,95;songs\\Über Fjord.mp3\r\n;;;\r\n\r\n".encode("utf-8-sig")
    )
    assert counts(run("import", table)) == (1, 0, 0, 0)
    assert shown(api)["fjord"]["price"] == 9.95
    assert shown(api)["fjord"]["file_size"] == 5000


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("film.mkv", b"\x1aE\xdf\xa3", "files need a --price"),
        ("list.xlsx", b"PK\x03\x04", "is a spreadsheet: save it as CSV UTF-8"),
        ("list.csv", b'code,name\na,"b', "line 2: a quotation mark is never closed"),
        ("list.csv", b"", "is empty"),
        ("list.csv", "code;name\nä;b".encode("cp1252"), "save it as CSV UTF-8"),
        ("list.csv", "code,name".encode("utf-16-le"), "save it as CSV UTF-8"),
    ],
)
def test_what_is_no_csv_is_said(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    result = CliRunner().invoke(main, ["import", str(tmp_path / name)])
    assert result.exit_code == 1
    assert words in result.stderr


def test_empty_columns_are_ignored(api, run, folder):
    table = folder / "list.csv"
    table.write_text("code,name,price,,\r\nt1,Trailing,6.50,,\r\n,,,,\r\n")
    assert counts(run("import", table)) == (1, 0, 0, 0)
    table.write_text("code,,name,price\r\nt2,?,Second,1\r\nt3,,Third,1,,extra\r\n")
    said = run("import", table, code=1)
    assert [entry["reason"] for entry in said["refusals"]] == [
        "column 2 has the value '?', but no name in the first line",
        "column 6 has the value 'extra', but no name in the first line",
    ]


@pytest.mark.parametrize("name", ["list.csv", "list.txt"])
def test_excel_writes_unicode_text_in_utf_16(api, run, folder, name):
    table = folder / name
    table.write_bytes("\r\nCode\tName\tPrice\r\na\tGröße\t6,50\r\n".encode("utf-16"))
    assert counts(run("import", table)) == (1, 0, 0, 0)
    assert shown(api)["a"]["name"] == "Größe"


def test_an_old_end_of_file_is_no_line(run, folder):
    table = folder / "list.csv"
    table.write_bytes(b"code,name,price\r\na,A,1\r\n\x1a")
    assert counts(run("import", table)) == (1, 0, 0, 0)


def test_headers_may_be_written_in_any_case(api, run, folder):
    header = " Code ,NAME,Price,Max Downloads Per Customer,Is-Published,PATH"
    table = folder / "list.csv"
    table.write_text(f"{header}\nc,N,6.50,4,FALSE,book.pdf\n")
    assert counts(run("import", table)) == (1, 0, 0, 0)
    [one] = shown(api).values()
    assert (one["name"], one["price"], one["file_name"]) == ("N", 6.5, "book.pdf")
    assert (one["max_downloads_per_customer"], one["is_published"]) == (4, False)


def test_a_list_finds_what_is_composed_otherwise(api, run, folder):
    # macOS writes names in NFD, and spreadsheets in NFC.
    (folder / "Cafe\u0301.mp3").write_bytes(b"caf\xc3\xa9")
    table = folder / "list.csv"
    table.write_text("code,name,price,path\ncaf\u00e9,Caf\u00e9,1,Caf\u00e9.mp3\n")
    assert counts(run("import", table)) == (1, 0, 0, 0)
    table.write_text("code,name,price,path\ncafe\u0301,Cafe\u0301,1,Cafe\u0301.mp3\n")
    assert counts(run("import", table)) == (0, 0, 1, 0)
    assert set(shown(api)) == {"caf\u00e9"}


def test_a_single_file_is_put_up_for_sale(api, run, folder):
    song = folder / "songs" / "Über Fjord.mp3"
    assert counts(run("import", song, "--price", "3")) == (1, 0, 0, 0)
    [one] = shown(api).values()
    assert (one["code"], one["name"]) == ("uber-fjord", "Über Fjord")
    assert one["file_name"] == "Über Fjord.mp3"
    assert counts(run("import", song, "--price", "3")) == (0, 0, 1, 0)
    # A text is a file, too, unless it begins like a table.
    story = folder / "Story.txt"
    story.write_text("It was the code, and a dark night.")
    assert counts(run("import", story, "--price", "3")) == (1, 0, 0, 0)


def test_a_file_whose_name_is_not_utf_8_is_named(run, folder):
    (folder / os.fsdecode(b"latin-\xfc.mp3")).write_bytes(b"x")
    said = run("import", folder, "--price", "1", code=1)
    assert counts(said) == (3, 0, 0, 1)
    [entry] = said["refusals"]
    assert entry["where"] == "latin-\ufffd.mp3"
    assert entry["reason"].startswith("its name is not UTF-8; rename it")


@pytest.mark.parametrize("price", ["9,95", "abc", "-5"])
def test_a_wrong_price_is_said_once(folder, price):
    result = CliRunner().invoke(main, ["import", str(folder), "--price", price])
    assert result.exit_code == 2
    assert "--price must be" in result.stderr


def test_an_interrupted_import_says_how_far_it_came(data_dir, folder, monkeypatch):
    from app.cli.client.store import StoreClient

    real, made = StoreClient.create, []

    def create(self, *arguments):
        if made:
            raise KeyboardInterrupt
        made.append(arguments)
        return real(self, *arguments)

    monkeypatch.setattr(StoreClient, "create", create)
    result = CliRunner().invoke(
        main,
        ["import", str(folder), "--price", "1", "--data-dir", str(data_dir)],
        env=environment_for(data_dir),
    )
    assert result.exit_code == 1
    assert "1 created" in result.stdout
    assert "Stopped: interrupted; run it again, it goes on." in result.stdout


def test_a_folder_that_cannot_be_made_is_said_in_a_line(data_dir):
    for command in ("export", "backup"):
        result = CliRunner().invoke(
            main,
            [command, "/proc/x/y", "--data-dir", str(data_dir)],
            env=environment_for(data_dir),
        )
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1].startswith("Error: /proc/x")
        assert "Traceback" not in result.output


def test_an_export_is_put_into_no_folder_of_others(run, folder):
    result = run("export", folder, code=1)
    assert "is not empty, and no earlier export" in result.stderr
