"""Multipart uploads: any order, any name, and nothing left of a broken one."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import RequestError
from app.http.bodies.form_data import MultipartReader, media_type
from app.storage.local import LocalStorage
from tests.conftest import blobs

COLLECTION = "/stores/1/downloadables"
FIELDS = {"name": "A", "code": "a", "price": "1", "item_category_id": "2"}
TYPE = "multipart/form-data; boundary=XYZ"


def text(name, value):
    return (
        f'--XYZ\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    ).encode()


def file(content=b"data", disposition='filename="a.txt"', content_type="text/plain"):
    return (
        (
            f'--XYZ\r\nContent-Disposition: form-data; name="file"; {disposition}\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        ).encode()
        + content
        + b"\r\n"
    )


TEXTS = b"".join(text(name, value) for name, value in FIELDS.items())
END = b"--XYZ--\r\n"


def post(api, body):
    return api.post(COLLECTION, data=body, content_type=TYPE)


@pytest.mark.parametrize(
    "body",
    [
        TEXTS + file() + END,
        file() + TEXTS + END,
        text("name", "A") + file() + TEXTS.partition(b"A\r\n")[2] + END,
        b"preamble\r\n" + TEXTS + file() + END + b"epilogue",
    ],
)
def test_the_file_may_stand_anywhere(api, body):
    response = post(api, body)
    assert response.status_code == 201, response.text
    assert response.json["file_size"] == 4
    assert response.json["file_sha256"] == hashlib.sha256(b"data").hexdigest()


@pytest.mark.parametrize(
    ("disposition", "shown"),
    [
        ('filename="a.txt"', "a.txt"),
        ("filename=a.txt", "a.txt"),
        ('filename="日本語 ♫.mp3"', "日本語 ♫.mp3"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="C:\\dir\\a.txt"', "a.txt"),
        ('filename="say %22hi%22.txt"', 'say "hi".txt'),
        ('filename="say \\"hi\\".txt"', 'say "hi".txt'),
        ('filename="a;b=c.txt"', "a;b=c.txt"),
        ('filename="100%.txt"', "100%.txt"),
        ('filename="bell\x07.txt"', "bell\ufffd.txt"),
        ('filename="line%0D%0Abreak.txt"', "line\ufffd\ufffdbreak.txt"),
        ("filename*=UTF-8''x.txt; filename=\"a.txt\"", "x.txt"),
        ('filename="CON"', "CON"),
        ('filename="."', "download"),
        ('filename="x"', "x"),
        ('filename="' + "x" * 255 + '"', "x" * 255),
    ],
)
def test_a_name_is_kept_for_show_and_never_a_path(api, data_dir, disposition, shown):
    response = post(api, TEXTS + file(disposition=disposition) + END)
    assert response.status_code == 201, response.text
    assert response.json["file_name"] == shown
    [path] = blobs(data_dir)
    assert len(path.name) == 32
    assert "blobs" in path.parts
    got = api.get("/downloadables/1/file")
    assert got.data == b"data"
    for answer in ("xml", "siren", "html"):
        assert api.get(f"/downloadables/1?format={answer}").status_code == 200


def test_an_empty_file_is_a_file(api):
    response = post(api, TEXTS + file(b"") + END)
    assert response.json["file_size"] == 0
    assert api.get("/downloadables/1/file").data == b""


def test_an_empty_file_input_sends_no_file(api):
    body = TEXTS + file(b"", 'filename=""', "application/octet-stream")
    response = post(api, body + text("url", "http://a/b") + END)
    assert response.status_code == 201
    assert response.json["file_name"] is None


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"nothing like it", 400, "broken"),
        (TEXTS + file(), 400, "broken"),
        (TEXTS + file()[:-10], 400, "broken"),
        ((TEXTS + file() + END).replace(b"XYZ", b"ABC"), 400, "broken"),
        (b"--XYZ\r\n\r\nno headers\r\n" + END, 400, "broken"),
        (b"--XYZ\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END, 400, "broken"),
        (
            b'--XYZ\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n' + END,
            400,
            "UTF-8",
        ),
        (
            b'--XYZ\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n'
            + END,
            400,
            "UTF-8",
        ),
        (
            TEXTS + file(disposition='filename="x"').replace(b'"x"', b'"\xe9"') + END,
            400,
            "UTF-8",
        ),
        (TEXTS + END, 422, "file can't be blank"),
        (TEXTS + text("file", "not a file") + END, 422, "must be sent as a file"),
        (TEXTS + file() + file() + END, 422, "more than once"),
        (TEXTS + file().replace(b'"file"', b'"attachment"') + END, 422, "attachment"),
        (TEXTS + text("name", "again") + file() + END, 422, "more than once"),
        (TEXTS + file(disposition=f'filename="{"x" * 256}"') + END, 422, "255"),
        (file() + text("name", "x" * 101) + END, 422, "too long"),
        (file() + text("price", "ten") + END, 422, "price must be a decimal"),
    ],
)
def test_a_broken_one_is_refused_and_leaves_nothing(api, data_dir, body, status, says):
    response = post(api, body)
    assert response.status_code == status, response.text
    assert says in response.text.replace("\\u2019", "'")
    assert blobs(data_dir) == []
    assert api.get(COLLECTION).json["total_items"] == 0


def test_a_conflict_takes_the_file_back(api, data_dir):
    api.add(code="a")
    response = post(api, TEXTS + file() + END)
    assert response.status_code == 409
    assert "code a is already in use" in response.text
    assert blobs(data_dir) == []


def test_a_patch_needs_no_more_than_the_file(api, data_dir):
    number = api.upload(b"one", "1.txt")
    changed = api.patch(
        f"/downloadables/{number}", data={"file": (io.BytesIO(b"two!"), "2.txt")}
    ).json
    assert (changed["file_name"], changed["version"]) == ("2.txt", 2)
    assert changed["name"] == "Unicorn"
    assert api.get(f"/downloadables/{number}/file").data == b"two!"
    assert len(blobs(data_dir)) == 2


def test_a_put_as_multipart_replaces_all(api):
    number = api.upload(description="old")
    data = {**FIELDS, "file": (io.BytesIO(b"new"), "new.txt")}
    changed = api.put(f"/downloadables/{number}", data=data).json
    assert (changed["description"], changed["file_name"]) == ("", "new.txt")


def test_deleting_removes_the_files_of_all_versions(api, data_dir):
    path = f"/downloadables/{api.upload()}"
    api.patch(path, data={"file": (io.BytesIO(b"two"), "2.txt")})
    assert api.delete(path).status_code == 200
    assert blobs(data_dir) == []
    assert api.get(path).status_code == 404


def test_multipart_without_a_file_suits_resources_that_have_none(api):
    response = api.post(
        "/stores/1/item_categories",
        data={"code": "X", "name": "X"},
        content_type="multipart/form-data",
    )
    assert response.status_code == 201, response.text


@pytest.mark.parametrize(
    ("declared", "name", "expected"),
    [
        ("image/png", "x", "image/png"),
        ("Image/PNG; a=b", "x", "image/png"),
        ("", "a.pdf", "application/pdf"),
        ("application/octet-stream", "a.mp3", "audio/mpeg"),
        ("nonsense", "a.zip", "application/zip"),
        ("a/b\r\nX: y", "a", "application/octet-stream"),
        ("", "a.tar.gz", "application/octet-stream"),
        ("", "unknown.zzz", "application/octet-stream"),
        ("", "../x.png", "image/png"),
    ],
)
def test_the_type_is_declared_or_told_by_the_name(declared, name, expected):
    assert media_type(declared, name) == expected


@given(
    st.binary(max_size=300),
    st.lists(st.integers(1, 40), min_size=1, max_size=60),
    st.booleans(),
)
def test_pieces_of_any_size_make_the_same_file(tmp_path_factory, content, sizes, first):
    if b"--XYZ" in content:
        return
    body = (file(content) + TEXTS if first else TEXTS + file(content)) + END
    storage = LocalStorage(tmp_path_factory.mktemp("pieces"))
    reader = new_reader(storage)
    position = 0
    for size in sizes:
        reader.feed(body[position : position + size])
        position += size
    reader.feed(body[position:])
    fields, upload = reader.close()
    assert dict(fields) == FIELDS
    assert upload is not None
    blob = upload.writer.commit()
    with storage.open(blob.key) as stream:
        assert stream.read() == content
    assert blob.sha256 == hashlib.sha256(content).hexdigest()
    reader.discard()


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory, noise):
    storage = LocalStorage(tmp_path_factory.mktemp("noise"))
    for body in (noise, TEXTS + noise, file()[:-6] + noise + END):
        reader = new_reader(storage)
        try:
            reader.feed(body)
            reader.close()
        except RequestError as error:
            assert error.status in {400, 413, 422}
        finally:
            reader.discard()
    assert list(storage.incoming.iterdir()) == []


@pytest.mark.parametrize("cut", range(0, len(TEXTS + file() + END) - 4, 7))
def test_cut_anywhere_it_is_broken(tmp_path, cut):
    body = TEXTS + file() + END
    storage = LocalStorage(tmp_path)
    reader = new_reader(storage)
    with pytest.raises(RequestError):
        reader.feed(body[:cut])
        reader.close()
    reader.discard()
    assert list(storage.incoming.iterdir()) == []


def new_reader(storage):
    return MultipartReader(
        boundary=b"XYZ",
        file_fields=("file",),
        new_writer=storage.writer,
        max_file_size=10_000,
        max_fields_size=10_000,
        max_parts=20,
    )
