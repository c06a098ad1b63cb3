"""Names of files as real senders write them, and what customers then see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.bodies.file_names import file_name
from app.http.headers.content_disposition import InvalidDisposition, parse_disposition
from app.http.headers.field_syntax import MAX_FIELD

PATH = "/stores/1/downloadables"
FIELDS = {"name": "A", "code": "a", "price": "1", "item_category_id": "2"}

RESUME = "résumé.pdf"
REAL = [
    # Browsers (WHATWG HTML, 4.10.22.8): raw UTF-8, three characters escaped.
    ("Chrome", 'form-data; name="file"; filename="résumé.pdf"', RESUME),
    ("Firefox", 'form-data; name="file"; filename="a %22b%22.pdf"', 'a "b".pdf'),
    (
        "Safari on macOS",
        'form-data; name="file"; filename="re\u0301sume\u0301.pdf"',
        RESUME,
    ),
    (
        "Safari on iOS",
        'form-data; name="file"; filename="IMG_0001.HEIC"',
        "IMG_0001.HEIC",
    ),
    (
        "Chrome, a folder",
        'form-data; name="file"; filename="Album/01 Intro.mp3"',
        "01 Intro.mp3",
    ),
    ("IE 8", 'form-data; name="file"; filename="C:\\Users\\me\\résumé.pdf"', RESUME),
    (
        "IE, a share",
        'form-data; name="file"; filename="\\\\nas\\music\\a.mp3"',
        "a.mp3",
    ),
    (
        "Opera's fake path",
        'form-data; name="file"; filename="C:\\fakepath\\a.pdf"',
        "a.pdf",
    ),
    # curl
    ("curl", 'form-data; name="file"; filename="a.pdf"', "a.pdf"),
    (
        "curl before 7.81",
        'form-data; name="file"; filename="a \\"b\\".pdf"',
        'a "b".pdf',
    ),
    (
        "curl before 7.81, \\",
        'form-data; name="file"; filename="dir\\\\a.pdf"',
        "a.pdf",
    ),
    # .NET and PowerShell
    (
        "HttpClient of .NET",
        (
            'form-data; name=file; filename="=?utf-8?B?csOpc3Vtw6kucGRm?="; '
            "filename*=utf-8''r%C3%A9sum%C3%A9.pdf"
        ),
        RESUME,
    ),
    (
        ".NET, ASCII",
        "form-data; name=file; filename=a.pdf; filename*=utf-8''a.pdf",
        "a.pdf",
    ),
    (
        "PowerShell 7",
        'form-data; name="file"; filename="=?utf-8?B?csOpc3Vtw6kucGRm?="',
        RESUME,
    ),
    (
        "RestSharp",
        (
            'form-data; name="file"; filename="r_sum_.pdf"; '
            "filename*=UTF-8''r%C3%A9sum%C3%A9.pdf"
        ),
        RESUME,
    ),
    # Java
    ("OkHttp", 'form-data; name="file"; filename="résumé.pdf"', RESUME),
    (
        "Spring's RestTemplate",
        'form-data; name="file"; filename="=?UTF-8?Q?r=C3=A9sum=C3=A9.pdf?="',
        RESUME,
    ),
    (
        "Jersey",
        "form-data; name=\"file\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf",
        RESUME,
    ),
    (
        "Apache HttpClient 5",
        (
            'form-data; name="file"; filename="r?sum?.pdf"; '
            "filename*=\"UTF-8''r%C3%A9sum%C3%A9.pdf\""
        ),
        RESUME,
    ),
    (
        "Apache HttpClient 4",
        'form-data; name="file"; filename="r?sum?.pdf"',
        "r?sum?.pdf",
    ),
    (
        "JavaMail",
        'form-data; name="file"; filename*0="a long "; filename*1="name.pdf"',
        "a long name.pdf",
    ),
    (
        "JavaMail, encoded",
        (
            "form-data; name=\"file\"; filename*0*=UTF-8''r%C3%A9; "
            'filename*1*=sum%C3%A9; filename*2=".pdf"'
        ),
        RESUME,
    ),
    # Go, PHP, Python, Ruby, JavaScript
    (
        "Go's mime/multipart",
        'form-data; name="file"; filename="a \\"b\\".pdf"',
        'a "b".pdf',
    ),
    ("PHP's CURLFile", 'form-data; name="file"; filename="résumé.pdf"', RESUME),
    ("Guzzle", 'form-data; name="file"; filename="a b.pdf"', "a b.pdf"),
    (
        "requests before 2.22",
        "form-data; name=\"file\"; filename*=utf-8''r%C3%A9sum%C3%A9.pdf",
        RESUME,
    ),
    (
        "aiohttp",
        (
            'form-data; name="file"; filename="r%C3%A9sum%C3%A9.pdf"; '
            "filename*=utf-8''r%C3%A9sum%C3%A9.pdf"
        ),
        RESUME,
    ),
    ("rest-client of Ruby", 'form-data; name="file"; filename="a.pdf"', "a.pdf"),
    ("form-data of Node", 'form-data; name="file"; filename="a.pdf"', "a.pdf"),
    (
        "Dart's http",
        'form-data; name="file"; filename="a%0D%0A.pdf"',
        "a\ufffd\ufffd.pdf",
    ),
    # Phones
    (
        "Android's files",
        'form-data; name="file"; filename="primary:Download/a.pdf"',
        "a.pdf",
    ),
    (
        "Android's raw paths",
        'form-data; name="file"; filename="raw:/storage/emulated/0/a.pdf"',
        "a.pdf",
    ),
    (
        "React Native",
        'form-data; name="file"; filename="image.jpg"; filename*=utf-8\'\'image.jpg',
        "image.jpg",
    ),
    # By hand
    ("no spaces", 'form-data;name="file";filename="a.pdf"', "a.pdf"),
    ("no quotes", "form-data; name=file; filename=my song.mp3", "my song.mp3"),
    ("names in capitals", 'Form-Data; Name="file"; FileName="a.pdf"', "a.pdf"),
    (
        "a semicolon at the end",
        'form-data; name="file"; filename="a;b.pdf";',
        "a;b.pdf",
    ),
    ("spaces around", 'form-data ; name = "file" ; filename = "a.pdf"', "a.pdf"),
    ("the file first", 'form-data; filename="a.pdf"; name="file"', "a.pdf"),
    (
        "Latin-1 in filename*",
        "form-data; name=\"file\"; filename*=iso-8859-1'en'r%E9sum%E9.pdf",
        RESUME,
    ),
    (
        "several encoded words",
        (
            'form-data; name="file"; '
            'filename="=?utf-8?Q?r=C3=A9?= =?utf-8?Q?sum=C3=A9.pdf?="'
        ),
        RESUME,
    ),
    (
        "broken filename*",
        'form-data; name="file"; filename="a.pdf"; filename*=UTF-8\'\'%FF',
        "a.pdf",
    ),
    ("100%", 'form-data; name="file"; filename="100%.pdf"', "100%.pdf"),
    ("latin1", "form-data; name=\"file\"; filename*=latin1''r%E9sum%E9.pdf", RESUME),
    ("cp932", "form-data; name=\"file\"; filename*=windows-31j''%93%FA.pdf", "日.pdf"),
    (
        "PHP's mb_encode_mimeheader",
        'form-data; name="file"; filename="Mon =?UTF-8?B?csOpc3Vtw6kucGRm?="',
        "Mon résumé.pdf",
    ),
    (
        "an encoded word and an ending",
        'form-data; name="file"; filename="=?utf-8?B?csOpc3Vtw6k=?=.pdf"',
        RESUME,
    ),
    ("single quotes", "form-data; name='file'; filename='a b.pdf'", "a b.pdf"),
    (
        "an empty filename*",
        "form-data; name=file; filename*=UTF-8''; filename=b.pdf",
        "b.pdf",
    ),
]


def body_of(disposition, content=b"data"):
    parts = [
        f'--X\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
        for n, v in FIELDS.items()
    ]
    head = b"--X\r\nContent-Disposition: " + disposition + b"\r\n\r\n"
    return b"".join([*parts, head, content, b"\r\n--X--\r\n"])


def post(api, disposition, content=b"data"):
    body = body_of(disposition, content)
    return api.post(PATH, data=body, content_type="multipart/form-data; boundary=X")


@pytest.mark.parametrize(("sender", "sent", "shown"), REAL, ids=[r[0] for r in REAL])
def test_customers_see_the_name_that_was_meant(api, sender, sent, shown):
    answer = post(api, sent.encode())
    assert answer.status_code == 201, (sender, answer.text)
    assert answer.json["file_name"] == shown


def test_a_name_in_another_charset_counts_less_than_an_encoded_one(api):
    sent = b"form-data; name=file; filename=\"r\xe9.pdf\"; filename*=UTF-8''r%C3%A9.pdf"
    assert post(api, sent).json["file_name"] == "ré.pdf"


WRONG = [
    (b'form-data; filename="a.pdf"', 400, "part 5 has no name"),
    (b'form-data; name=""; filename="a.pdf"', 400, "with its file a.pdf"),
    (b"form-data", 400, 'send form-data; name=\\"…\\"'),
    (
        b'form-data; name="file"; filename="r\xe9sum\xe9.pdf"',
        400,
        "its filename is not UTF-8 (it has the byte 0xE9)",
    ),
    (b'form-data; name="fil\xe9"; filename="a.pdf"', 400, "its name is not UTF-8"),
    (
        b'form-data; name="file"; filename*=r%E9.pdf',
        400,
        "filename* must be written as UTF-8''…",
    ),
    (
        b"form-data; name=\"file\"; filename*=punycode''a",
        400,
        "the charset punycode of its filename* is not supported",
    ),
    (
        b"form-data; name=\"file\"; filename*=UTF-8''%E9.txt",
        400,
        "its filename* is not UTF-8 (it has the byte 0xE9)",
    ),
    (
        b"form-data; name=\"file\"; filename*=UTF-8''r\xe9.txt",
        400,
        "its filename* is not UTF-8 (it has the byte 0xE9)",
    ),
    (
        b'form-data; name="file"; filename*0="r\xe9.txt"',
        400,
        "its filename*0 is not utf-8 (it has the byte 0xE9)",
    ),
    (
        b'form-data; name="file"; filename=""',
        422,
        "file must be sent as a file with a name",
    ),
    (b'form-data; name="file"', 422, 'add filename=\\"…\\"'),
]


@pytest.mark.parametrize(("sent", "status", "says"), WRONG)
def test_an_error_names_what_is_wrong(api, sent, status, says):
    answer = post(api, sent)
    assert answer.status_code == status, answer.text
    assert says in answer.text


def test_a_part_without_the_header_is_named(api):
    body = b"--X\r\nContent-Type: text/plain\r\n\r\na\r\n--X--\r\n"
    answer = api.post(PATH, data=body, content_type="multipart/form-data; boundary=X")
    assert answer.status_code == 400
    assert "part 1 has no Content-Disposition" in answer.text


def test_a_text_with_an_empty_file_name_is_a_text(api):
    body = body_of(b'form-data; name="description"; filename=""', b"about it")
    body = body.replace(
        b"--X--",
        b'--X\r\nContent-Disposition: form-data; name="url"'
        b"\r\n\r\nhttps://files.example/a\r\n--X--",
    )
    kind = "multipart/form-data; boundary=X"
    answer = api.post(PATH, data=body, content_type=kind)
    assert answer.json["description"] == "about it", answer.text


def test_a_file_input_that_was_left_empty_is_not_given(api):
    answer = post(api, b'form-data; name="file"; filename=""', b"")
    assert api.errors(answer) == {"file": "required"}


def test_a_raw_body_is_named_by_its_request(api):
    item = api.post(PATH, json={**FIELDS}).json
    headers = {"Content-Disposition": 'attachment; filename="r\xc3\xa9sum\xc3\xa9.pdf"'}
    url = f"/downloadables/{item['_links']['self']['href'].rpartition('/')[2]}/file"
    assert api.put(url, data=b"x", headers=headers).status_code == 200
    assert api.get(url.removesuffix("/file")).json["file_name"] == RESUME


OCTETS = st.characters(exclude_categories=["Cs"]) | st.characters(
    min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"]
)
STARTS = st.sampled_from(
    ["filename=", "filename*=", "filename*=UTF-8''", "filename*0=", "filename*0*=", ""]
)


@given(STARTS, st.text(OCTETS, max_size=200))
def test_any_field_has_a_name_or_an_error(start, text):
    try:
        found = parse_disposition(f"form-data; {start}{text}")
    except InvalidDisposition:
        return
    for name in (found.name, found.file_name):
        assert name is None or isinstance(name, str)
        assert "/" not in file_name(name or "")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=50))
def test_what_a_browser_escapes_comes_back(name):
    escaped = name.replace('"', "%22")
    if "%22" in name or "\\" in name or "=?" in name:
        return
    assert parse_disposition(f'form-data; filename="{escaped}"').file_name == name


def test_a_name_of_many_encoded_words_costs_little():
    words = "=?utf-8?Q?a?= " * (MAX_FIELD // 15)
    found = parse_disposition(f'form-data; filename="{words}"')
    assert set((found.file_name or "").strip()) == {"a"}


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('x; filename="=?utf-8?b?w6Q=?="', "\u00e4"),
        ('x; filename="=?UTF-8?B?w6Q?="', "\u00e4"),
        ('x; filename="=?utf-8?q?a_b=C3=A4?="', "a b\u00e4"),
        ('x; filename="=?utf-8?Q?a?= =?utf-8?Q?b?="', "ab"),
        # What cannot be decoded may be the true name.
        ('x; filename="=?utf-8?B?/w==?="', "=?utf-8?B?/w==?="),
        ('x; filename="=?x-unknown?B?YQ==?="', "=?x-unknown?B?YQ==?="),
        ("x; filename*0=a; filename*1=b", "ab"),
        (
            "x; filename*0*=utf-8''%C3%A4; filename*1*=%C3%B6; filename*2=u",
            "\u00e4\u00f6u",
        ),
        ("x; filename*1=b", None),
        ("x; name=a", None),
    ],
)
def test_words_and_sections_are_decoded_where_they_can_be(field, name):
    assert parse_disposition(field).file_name == name
