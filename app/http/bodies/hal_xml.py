"""Parse a HAL XML body: the properties of its root element, as texts.

The parser knows no entities, no DTD and no network. Never give it
``collect_ids=False``: with libxml2 2.14 that opens external DTD files.

Tested in `tests/torture/attacks/test_xml_attacks.py`.
"""

import re
from typing import Any

from lxml import etree

from app.errors import BadRequest, TooLarge, UnsupportedMediaType

_DECLARED = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.-]+)["']"""
)

EMBEDDED = "_embedded"
"""The name under which embedded resources are given, as in HAL."""


def read_hal_xml(raw: bytes, *, max_depth: int) -> dict[str, Any]:
    """Return the child elements of ``<resource>`` that are properties, by name.

    Links are left aside; embedded resources are a list. An empty element is the empty
    text.
    Raise `BadRequest` that says where the document is broken, and `TooLarge`.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    # lxml would follow the declaration, and JSON bodies are UTF-8 alone as well.
    declared = _DECLARED.match(raw)
    if declared and declared[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise _not_utf_8()
    try:
        raw.decode()
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        # libxml2 has a limit of its own, which the setting may exceed.
        if "Excessive depth" in str(error.msg):
            raise _too_deep(max_depth) from None
        line, column = error.position
        reason = str(error.msg).partition(", line ")[0]
        raise BadRequest(
            f"the XML body is broken at line {line}, column {column}: {reason}"
        ) from None
    except UnicodeDecodeError:
        raise _not_utf_8() from None
    except (ValueError, LookupError) as error:
        raise BadRequest(f"the XML body cannot be read: {error}") from None
    document: Any = root.getroottree().docinfo
    # It is refused even where it is harmless: no client of this API needs one.
    if document.doctype or document.internalDTD is not None:
        raise BadRequest("the XML body has a DOCTYPE; send it without")
    if _depth(root) > max_depth:
        raise _too_deep(max_depth)
    if etree.QName(root).localname != "resource":
        raise BadRequest(
            "the root of the XML body must be <resource>, as in the answers"
        )
    return _properties(root)


def _not_utf_8() -> UnsupportedMediaType:
    return UnsupportedMediaType("the XML body is not UTF-8; send it as UTF-8")


def _properties(root: etree._Element) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if root.text and root.text.strip():
        raise BadRequest("the XML body has a text that is in no property")
    for child in root:
        if not isinstance(child.tag, str):
            raise BadRequest("the XML body has an entity; send the text itself")
        name = etree.QName(child).localname
        if child.tail and child.tail.strip():
            raise BadRequest(f"the XML body has a text after <{name}>, in no property")
        if etree.QName(child).namespace != etree.QName(root).namespace:
            raise BadRequest(f"<{name}> in the XML body has a namespace of its own")
        if name == "resource":
            values.setdefault(EMBEDDED, []).append(_properties(child))
        elif name != "link":
            _ensure_property(name, child, values)
            values[name] = child.text or ""
    return values


def _ensure_property(name: str, child: etree._Element, values: dict[str, Any]) -> None:
    if child.attrib:
        raise BadRequest(f"<{name}> in the XML body must not have attributes")
    if name in values:
        raise BadRequest(f"the XML body has <{name}> twice")
    if len(child):
        raise BadRequest(f"<{name}> in the XML body must have text only")


def _too_deep(max_depth: int) -> TooLarge:
    return TooLarge(
        f"the XML body is nested deeper than {max_depth} levels "
        "(SIRENHALL_MAX_XML_DEPTH)"
    )


def _depth(root: etree._Element) -> int:
    depth, level = 0, [root]
    # In levels rather than by recursion, which has a limit of its own.
    while level:
        depth += 1
        level = [child for element in level for child in element]
    return depth
