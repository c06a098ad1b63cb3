"""The forms of a page: how each action is sent by a browser, and grouped for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from representations.html.values import plain_value
from representations.resource import Action, Display, Failure, Field, Resource, Viewer

MULTIPART = "multipart/form-data"
RAW = frozenset({"application/octet-stream"})
"""Bodies that no form can make: the bytes of a file, and nothing around them."""

FOLDED = "More"
"""The title of the fields that few people change."""

TYPES = {"number": "number", "url": "url", "email": "email", "password": "password"}
"""The input types that browsers help with; others are texts."""


@dataclass(frozen=True)
class Input:
    """A field of a form as it is shown: its label, what is in it, and what is wrong."""

    field: Field
    label: str
    value: str
    error: str = ""
    current: str | None = None
    """What the resource has now, where somebody else has changed it meanwhile."""
    step: str = "1"

    @property
    def type(self) -> str:
        """The type of the input element."""
        return TYPES.get(self.field.type, "text")

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The legal values with their names, where they are few."""
        if self.field.choices:
            return list(self.field.choices)
        if self.field.type == "checkbox":
            return [("true", "Yes"), ("false", "No")]
        return [(option, option) for option in self.field.options]


@dataclass(frozen=True)
class PageForm:
    """An action as a form."""

    action: Action
    display: Display | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    """What the resource has now."""

    failure: Failure | None = None
    etag: str = ""
    is_resumable: bool = False
    """Whether its file can be sent in pieces, by a script."""

    @cached_property
    def groups(self) -> Sequence[tuple[str, Sequence[Input]]]:
        """Titles and inputs; those without a title are always shown."""
        fields = self.action.fields
        return groups_of(fields, self.display, self.properties, self.failure)

    @property
    def is_multipart(self) -> bool:
        """Whether it is sent with files."""
        return self.action.type == MULTIPART

    @property
    def verb(self) -> str:
        """What it does, in one word."""
        return self.action.classes[0] if self.action.classes else ""

    @property
    def is_open(self) -> bool:
        """Whether it is shown without being asked for."""
        return self.failure is not None

    @property
    def general_errors(self) -> list[str]:
        """What is wrong, and is about none of the inputs."""
        if self.failure is None:
            return []
        shown = {i.field.name for _, inputs in self.groups for i in inputs}
        return [text for name, text in self.failure.problems if name not in shown]


@dataclass(frozen=True)
class FormPage:
    """The forms of a page: those that people use, and those of programs."""

    main: Sequence[PageForm]
    further: Sequence[PageForm]
    filter: Action | None = None
    create: PageForm | None = None
    problems: Sequence[str] = ()
    """What is wrong with a form that is not on the page any more."""


def page_forms(resource: Resource, viewer: Viewer) -> FormPage:
    """Return the forms of a page, in the order in which people need them."""
    failed = _failed(resource.actions, viewer.failure)
    forms = [
        _form(action, resource, viewer.failure if action is failed else None)
        for action in resource.actions
        if action.method != "GET" and action.type not in RAW
    ]
    filters = [action for action in resource.actions if action.method == "GET"]
    creating = [form for form in forms if form.verb == "create" and _makes_member(form)]
    # A file is what a downloadable is about, so the form with a file comes first.
    creating.sort(key=lambda form: not form.is_multipart)
    is_collection = "total_items" in resource.properties
    create = creating[0] if creating and is_collection else None
    rest = [form for form in forms if form is not create]
    # PUT replaces the whole resource: programs do that, people change some of it.
    main = [form for form in rest if form.action.method != "PUT" or form.failure]
    if create is not None:
        others = [form for form in main if form in creating and not form.failure]
    else:
        others = []
    return FormPage(
        [form for form in main if form not in others],
        [form for form in rest if form not in main or form in others],
        filters[0] if filters else None,
        create,
        [text for _, text in viewer.failure.problems]
        if viewer.failure and failed is None
        else (),
    )


def _makes_member(form: PageForm) -> bool:
    return form.action.method == "POST" and bool(form.action.fields)


def _failed(actions: Sequence[Action], failure: Failure | None) -> Action | None:
    """Return the action whose form was refused."""
    if failure is None:
        return None
    found = [
        action
        for action in actions
        if action.method == failure.method
        and action.href.partition("?")[0] == failure.href.partition("?")[0]
    ]
    found.sort(key=lambda a: (a.type == MULTIPART) != failure.is_multipart)
    return found[0] if found else None


def _form(action: Action, resource: Resource, failure: Failure | None) -> PageForm:
    return PageForm(
        action,
        resource.display,
        resource.properties,
        failure,
        resource.etag if action.method in {"PATCH", "PUT", "DELETE"} else "",
        _is_resumable(action, resource),
    )


def groups_of(
    fields: Sequence[Field],
    display: Display | None,
    properties: Mapping[str, Any],
    failure: Failure | None,
) -> list[tuple[str, list[Input]]]:
    """Return the inputs of a form, by the titles of their groups.

    `properties` are what the resource has now, and `failure` what was typed before.
    """
    inputs = {one.name: _input(one, display, properties, failure) for one in fields}
    return [
        (title, [inputs[name] for name in names])
        for title, names in _grouped(list(inputs), display)
    ]


def _is_resumable(action: Action, resource: Resource) -> bool:
    """Return whether the resource, or a new one without its file, has upload slots."""
    if action.type != MULTIPART:
        return False
    if action.method == "POST":
        # One that may be created without its file gets it afterwards.
        others = [a for a in resource.actions if a.method == "POST" and a is not action]
        return any(a.href == action.href and a.type != MULTIPART for a in others)
    is_file_alone = [field.type for field in action.fields] == ["file"]
    has_slots = any(link.rel == "fx:create_upload_url" for link in resource.links)
    return is_file_alone and has_slots


def _input(
    field: Field,
    display: Display | None,
    properties: Mapping[str, Any],
    failure: Failure | None,
) -> Input:
    label = display.labels.get(field.name, field.title) if display else field.title
    value, current, error = plain_value(field.value), None, ""
    if failure is not None:
        if field.type != "file":
            typed = failure.typed.get(field.name, "")
            if failure.is_stale and field.name in properties and typed != value:
                current = value
            value = typed
        error = "; ".join(text for name, text in failure.problems if name == field.name)
    kind = display.kinds.get(field.name, "") if display else ""
    step = "any" if kind == "money" else "1"
    return Input(field, label, value, error, current, step)


def _grouped(
    names: Sequence[str], display: Display | None
) -> Iterator[tuple[str, list[str]]]:
    """Yield the groups of the fields; without any, all of them are in one."""
    if display is None or not display.groups:
        yield "", list(names)
        return
    left = list(names)
    for title, group in display.groups:
        there = [name for name in group if name in left]
        if there:
            yield title, there
            left = [name for name in left if name not in there]
    if left:
        yield FOLDED, left
