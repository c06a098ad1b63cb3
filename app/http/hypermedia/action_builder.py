"""Build the actions of a resource from its declaration."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from app.http.hypermedia.declaration import Declaration
from app.http.hypermedia.registry import ResourceType
from app.http.media_types import JSON, MULTIPART
from app.http.pagination import DEFAULT_LIMIT
from representations import Action, Field, Form, Value
from schemas.base.fields import Upload
from schemas.base.json_schema import title_of
from schemas.base.schema import ResourceSchema


class Choices(NamedTuple):
    """The choices of one field: addresses with names, and where all of them are.

    `href` is a table (text/csv) with the columns of `name` and `href`.
    """

    field: str
    href: str
    name: str
    listed: tuple[tuple[str, str], ...] = ()


def item_actions(
    declaration: Declaration,
    href: str,
    shown: Mapping[str, Value],
    *,
    is_changeable: bool,
    is_removable: bool,
    choices: tuple[Choices, ...] = (),
) -> list[Action]:
    """Return the actions of a resource; its current values fill the forms."""
    name, heading, schema = declaration.name, declaration.heading, declaration.schema
    inputs = _with_choices(_inputs(schema, shown), choices)
    # An update needs none of them.
    changes = tuple(
        replace(field, required=False)
        for field in inputs
        if not schema.writable[field.name].is_fixed
    )
    slug = name.replace("_", "-")
    actions = []
    if is_changeable:
        actions = [
            Action(f"update-{slug}", f"Update {heading}", "PATCH", href, JSON, changes),
            Action(f"replace-{slug}", f"Replace {heading}", "PUT", href, JSON, inputs),
        ]
    if schema.takes_file and not schema.needs_file:
        files = _files(schema)
        actions += [
            Action(
                f"replace-{slug}-with-file",
                f"Replace {heading}, File Included",
                "PUT",
                href,
                MULTIPART,
                _with_file(schema, inputs),
            ),
            Action("upload-file", "Upload File", "PATCH", href, MULTIPART, files),
        ]
    if is_removable:
        actions.append(Action(f"delete-{slug}", f"Delete {heading}", "DELETE", href))
    return [_classed(action) for action in actions]


def create_actions(
    declaration: Declaration, href: str, choices: tuple[Choices, ...] = ()
) -> list[Action]:
    """Return the actions that create a resource: as JSON, and with its file."""
    heading, schema = declaration.heading, declaration.schema
    slug = declaration.name.replace("_", "-")
    inputs, fields = _create_forms(schema, choices)
    title = f"Create {heading}"
    actions = []
    if not schema.needs_file:
        actions += [
            Action(f"create-{slug}{ending}", title + words, "POST", href, JSON, form)
            for ending, words, form in _json_forms(schema, inputs)
        ]
    if schema.takes_file:
        actions.append(
            Action(
                f"create-{slug}-with-file",
                f"{title} with its File",
                "POST",
                href,
                MULTIPART,
                fields,
            )
        )
    return [_classed(action) for action in actions]


def several_actions(
    declaration: Declaration, href: str, *, can_update: bool
) -> list[Action]:
    """Return the bulk actions for the resources that a query names by id."""
    slug = declaration.plural.replace("_", "-")
    many = declaration.many.title()
    actions = [Action(f"delete-{slug}", f"Delete These {many}", "DELETE", href)]
    if can_update:
        inputs, _ = _create_forms(declaration.schema, ())
        # A default would be written into every one of them.
        fields = tuple(replace(f, required=False, value=None) for f in inputs)
        title = f"Update These {many}"
        actions.insert(0, Action(f"update-{slug}", title, "PATCH", href, JSON, fields))
    return [_classed(action) for action in actions]


def filter_action(declaration: Declaration, href: str, form: Form) -> Action:
    """Return the action that filters and pages a collection by its `filter_form`."""
    slug = declaration.plural.replace("_", "-")
    title = f"Filter {declaration.many.title()}"
    return _classed(Action(f"filter-{slug}", title, "GET", href, fields=form))


def filter_form(kind: ResourceType) -> Form:
    """Create the form of what a collection can be asked for."""
    fields = [
        Field("limit", "How many to show", "number", DEFAULT_LIMIT),
        Field("offset", "How many to skip", "number", 0),
        *_search_field(kind),
        Field("order", "Properties to sort by, each with asc or desc"),
        Field("fields", "Properties to show"),
        Field("zoom", f"Relations to embed: {', '.join(kind.relations)}"),
        *(
            # A checkbox would always be sent; a filter that is not set must not be.
            Field(name, title_of(name), "text", options=field.options)
            for name, field in kind.filterable.items()
        ),
    ]
    return Form(fields)


def _search_field(kind: ResourceType) -> list[Field]:
    is_searched = kind.source.searched is not None
    return [Field("search", "Words to look for", "search")] if is_searched else []


@lru_cache(maxsize=128)
def _create_forms(
    schema: ResourceSchema, choices: tuple[Choices, ...]
) -> tuple[Form, Form]:
    inputs = _with_choices(_inputs(schema, defaults(schema)), choices)
    return Form(inputs), Form(_with_file(schema, inputs))


@lru_cache(maxsize=128)
def _json_forms(
    schema: ResourceSchema, inputs: Form
) -> tuple[tuple[str, str, Form], ...]:
    """Return the forms that create a resource without a file, with their names.

    There is one for each property that stands for a file, where one of them must.
    """
    alternatives = [name for name, needs in schema.instead_of_file.items() if needs]
    if not alternatives:
        return (("", "", inputs),)
    return tuple(
        (
            f"-with-{name.replace('_', '-')}" if number else "",
            f" with its {title_of(name)}",
            Form(
                replace(f, required=True)
                if f.name in schema.instead_of_file[name]
                else f
                for f in inputs
                if f.name == name or f.name not in alternatives
            ),
        )
        for number, name in enumerate(alternatives)
    )


def _with_file(schema: ResourceSchema, inputs: tuple[Field, ...]) -> tuple[Field, ...]:
    """Add the file to inputs, without those that can't be sent together with it."""
    # A url beside a file is refused: a form must not offer both.
    kept = tuple(f for f in inputs if f.name not in schema.instead_of_file)
    return (*kept, *_files(schema))


def defaults(schema: ResourceSchema) -> dict[str, Value]:
    """Return the defaults of a schema in the form in which they are shown."""
    loaded, _ = schema.read({}, partial=False)
    return {
        name: field.serialize(field.column, loaded)
        for name, field in schema.writable.items()
        # A required property has no default that anybody would want to send.
        if field.column in loaded and not field.required
    }


def inputs_of(schema: ResourceSchema) -> tuple[Field, ...]:
    """Return the inputs of a form, with their defaults."""
    return _inputs(schema, defaults(schema))


def _inputs(schema: ResourceSchema, values: Mapping[str, Value]) -> tuple[Field, ...]:
    return tuple(
        Field(
            name,
            title_of(name),
            field.input_type,
            values.get(name),
            required=field.required,
            options=field.options,
            max_length=field.max_length,
            minimum=field.minimum,
            maximum=field.maximum,
            pattern=field.regex,
            help=field.description,
            is_multiline=field.meaning == "multiline",
        )
        for name, field in schema.writable.items()
        if not isinstance(field, Upload)
    )


def _with_choices(
    inputs: tuple[Field, ...], choices: tuple[Choices, ...]
) -> tuple[Field, ...]:
    """Return inputs whose legal values are other resources with those."""
    by_name = {one.field: one for one in choices}
    return tuple(
        replace(
            field,
            choices=by_name[field.name].listed,
            choices_href=by_name[field.name].href,
            choices_name=by_name[field.name].name,
        )
        if field.name in by_name
        else field
        for field in inputs
    )


def _files(schema: ResourceSchema) -> tuple[Field, ...]:
    return tuple(
        Field(
            name,
            title_of(name),
            field.input_type,
            required=True,
            help=field.description,
        )
        for name, field in schema.writable.items()
        if isinstance(field, Upload)
    )


def _classed(action: Action) -> Action:
    """Return an action with a class that says what it does: create, delete, …."""
    verb = action.name.partition("-")[0]
    return Action(
        action.name,
        action.title,
        action.method,
        action.href,
        action.type,
        action.fields,
        (verb,),
    )
