"""The formats a resource can be had in, in the order in which ties are broken.

Nothing here knows Flask, the database or the app. To add a format, write one module
with one `Representation` and add it to this list.
"""

from representations.hal_json import HalJson
from representations.hal_xml import HalXml
from representations.html import Html
from representations.representation import Representation
from representations.resource import (
    Action,
    Embedded,
    Field,
    Form,
    Link,
    Rendered,
    Resource,
    Slot,
    Value,
    Vocabulary,
)
from representations.siren import Siren

HAL = HalJson()

REPRESENTATIONS: tuple[Representation, ...] = (HAL, Siren(), HalXml(), Html())

__all__ = [
    "HAL",
    "REPRESENTATIONS",
    "Action",
    "Embedded",
    "Field",
    "Form",
    "Link",
    "Rendered",
    "Representation",
    "Resource",
    "Slot",
    "Value",
    "Vocabulary",
]
