"""Problem details (RFC 9457), for errors only, in JSON and in XML.

Tested in `tests/http/test_error_handler.py`.
"""

from typing import Any, ClassVar

from lxml import etree

from representations.hal_json import ENCODER
from representations.representation import Representation
from representations.resource import Resource, Vocabulary

NAMESPACE = "urn:ietf:rfc:7807"


class ProblemJson(Representation):
    """A type that is a documented page, and everything that is wrong as `errors`."""

    name = "problem"
    title = "Problem Details"
    media_types: ClassVar[tuple[str, ...]] = ("application/problem+json",)

    def render(self, resource: Resource, vocabulary: Vocabulary) -> bytes:  # noqa: ARG002
        """Write the members, those of the standard first."""
        document: dict[str, Any] = dict(resource.problem)
        document.update({k: v for k, v in resource.properties.items() if k != "total"})
        document["errors"] = [dict(entry.properties) for entry in _entries(resource)]
        return ENCODER.encode(document) + b"\n"


class ProblemXml(Representation):
    """The same in the XML form of the standard (its appendix B)."""

    name = "problem-xml"
    title = "Problem Details in XML"
    media_types: ClassVar[tuple[str, ...]] = ("application/problem+xml",)

    def render(self, resource: Resource, vocabulary: Vocabulary) -> bytes:  # noqa: ARG002
        """Write the members; a list has an element `i` for each of its own."""
        root = etree.Element("problem", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
        for name, value in resource.problem.items():
            etree.SubElement(root, name).text = str(value)
        errors = etree.SubElement(root, "errors")
        for entry in _entries(resource):
            item = etree.SubElement(errors, "i")
            for name, value in entry.properties.items():
                etree.SubElement(item, name).text = str(value)
        body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
        return body + b"\n"


def _entries(resource: Resource) -> list[Resource]:
    return [
        entry
        for embedded in resource.embedded.values()
        if isinstance(embedded, list)
        for entry in embedded
    ]
