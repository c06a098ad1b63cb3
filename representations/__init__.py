"""The formats of resources; a tie that the client leaves is decided by this order.

Nothing here knows Flask, the database or the app. To add a format, write one module
with one `Representation` and add it to `_FOR_PROGRAMS`.

Tested in `tests/representations/test_formats.py`.
"""

from representations.csv_table import CsvTable
from representations.hal_forms import HalForms
from representations.hal_json import HalJson
from representations.hal_xml import HalXml
from representations.html import Html
from representations.link_header import LinkHeader
from representations.problem import ProblemJson, ProblemXml
from representations.representation import Representation
from representations.resource import (
    Action,
    Display,
    Embedded,
    Failure,
    Field,
    Form,
    Link,
    Resource,
    Value,
    Viewer,
    Vocabulary,
)
from representations.siren import Siren
from representations.slots import Rendered, Slot

HAL = HalJson()
HAL_FORMS = HalForms()

CSV = CsvTable()
LINK_HEADER = LinkHeader()

_FOR_PROGRAMS = (HAL, HAL_FORMS, Siren(), HalXml())
REPRESENTATIONS: tuple[Representation, ...] = (
    *_FOR_PROGRAMS,
    Html(_FOR_PROGRAMS, (CSV,)),
)
COLLECTION_REPRESENTATIONS = (*REPRESENTATIONS, CSV)
ERROR_REPRESENTATIONS = (*REPRESENTATIONS, ProblemJson(), ProblemXml())

__all__ = [
    "COLLECTION_REPRESENTATIONS",
    "CSV",
    "ERROR_REPRESENTATIONS",
    "HAL",
    "HAL_FORMS",
    "LINK_HEADER",
    "REPRESENTATIONS",
    "Action",
    "Display",
    "Embedded",
    "Failure",
    "Field",
    "Form",
    "Link",
    "Rendered",
    "Representation",
    "Resource",
    "Slot",
    "Value",
    "Viewer",
    "Vocabulary",
]
