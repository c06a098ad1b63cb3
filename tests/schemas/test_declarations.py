"""What every schema must say of its properties."""

import pytest
from sqlalchemy import String

from app.models import METADATA
from app.resources.documentation.rels import DECLARATIONS
from schemas.base.fields import Date, Pattern, Text

PARAMETERS = [
    pytest.param(d, name, field, id=f"{d.name}.{name}")
    for d in DECLARATIONS
    for name, field in d.schema.properties.items()
]


@pytest.mark.parametrize(("declaration", "name", "field"), PARAMETERS)
def test_a_property_is_described_and_fits_its_column(declaration, name, field):
    assert field.description.endswith(".")
    if field.load_only:
        return
    assert field.column in declaration.columns
    elsewhere = {"library_files": "versions", "uploads": "upload_slots"}
    table = elsewhere.get(declaration.plural, declaration.plural)
    column = METADATA.tables[table].c.get(field.column)
    if column is None or isinstance(field, Date) or field.dump_only:
        return
    assert column.nullable or not field.allow_none
    if isinstance(field, Pattern):
        assert isinstance(column.type, String)
        assert column.type.length >= len(field.example)
    elif isinstance(field, Text) and isinstance(column.type, String):
        longest = field.max_length or max(map(len, field.options), default=10)
        assert column.type.length is None or column.type.length >= longest


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda d: d.name)
def test_examples_are_legal_values(declaration):
    schema = declaration.schema
    for name, field in schema.writable.items():
        if field.example is None:
            continue
        _, errors = schema.read({name: field.example}, partial=True)
        assert errors == []
