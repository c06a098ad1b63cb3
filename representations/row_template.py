"""Row templates: the plain renderer's output, with the values cut out.

For instance, HAL+JSON of a resource with the columns ``name`` and ``price``:

1. `ItemDocuments` builds a prototype, a `Resource` whose values are markers:
   ``{"name": marker(0), "price": marker(1)}``.
2. The plain renderer writes it: ``{"name":"<0>","price":"<1>"}``.
3. `compile_template` cuts that at the markers (`Representation.slot` finds them, with
   their quotes) and asks `Representation.expression` how a value is written there.
4. `Template.bind` compiles one function for a base URL. `Template.source` shows it::

       def fill(row, *, quote=quote, mark=mark, to_text1=to_text1):
           return f'{{"name":{quote(row[0])},"price":{to_text1(row[1])}}}'

So a page of a hundred items costs a hundred calls of one f-string, eleven times less
than to render each (benchmarks/reads.py), and no format is written twice.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from representations.representation import Representation
from representations.resource import Resource, Vocabulary
from representations.slots import Slot

# Private-use characters, so that no format escapes a marker.
OPEN, CLOSE = "\ue000", "\ue001"
BASE = f"{OPEN}base{CLOSE}"
VOCABULARY = Vocabulary(f"{OPEN}rels{CLOSE}")

# Base URLs that a template is kept for; a server has one or a few.
KEPT_BASES = 16

Fill = Callable[[Sequence[Any]], str]


def marker(number: int) -> str:
    """Return the marker of a slot inside a prototype."""
    return f"{OPEN}{number}{CLOSE}"


@dataclass(slots=True)
class Template:
    """A rendering with its values cut out; `parts` are texts and expressions."""

    parts: Sequence[tuple[str, str | None]]
    names: Mapping[str, Any]
    escape: Callable[[str], str]
    _bound: dict[tuple[str, str], Fill] = field(default_factory=dict)

    def bind(self, base: str, vocabulary: Vocabulary) -> Fill:
        """Return the function that writes a row's document under that base URL."""
        key = base, vocabulary.base
        fill = self._bound.get(key)
        if fill is None:
            if len(self._bound) >= KEPT_BASES:
                # Without PUBLIC_URL a client chooses the base by its Host header, so it
                # must not grow.
                self._bound.clear()
            fill = self._bound[key] = self._function(base, vocabulary)
        return fill

    def source(self, base: str, vocabulary: Vocabulary) -> str:
        """Return the Python source of the function, for a reader."""
        return ast.unparse(self._module(base, vocabulary))

    def _function(self, base: str, vocabulary: Vocabulary) -> Fill:
        module = self._module(base, vocabulary)
        namespace = dict(self.names)
        # No client's text is compiled: constants come from declarations, names from the
        # code.
        exec(compile(module, "<template>", "exec"), namespace)  # noqa: S102
        fill: Fill = namespace["fill"]
        return fill

    def _module(self, base: str, vocabulary: Vocabulary) -> ast.Module:
        """Build one f-string: its constants stay data, never source code."""
        values: list[ast.expr] = []
        for constant, expression in self.parts:
            text = constant.replace(BASE, self.escape(base))
            text = text.replace(VOCABULARY.base, self.escape(vocabulary.base))
            # A constant node instead of source text, so that quotes and braces need no
            # escaping.
            values.append(ast.Constant(text))
            if expression is not None:
                value = ast.parse(expression, mode="eval").body
                values.append(ast.FormattedValue(value, conversion=-1))
        # Default arguments are local variables, which Python reads faster than globals.
        arguments = ", ".join(f"{name}={name}" for name in self.names)
        module = ast.parse(f"def fill(row, *, {arguments}): return None")
        returned = module.body[0].body[0]  # type: ignore[attr-defined]
        returned.value = ast.JoinedStr(values)
        return ast.fix_missing_locations(module)


def compile_template(
    representation: Representation,
    prototype: Resource,
    slots: Sequence[Slot],
    rel: str | None = None,
) -> Template:
    """Cut the rendering of a prototype at its markers.

    The prototype's hrefs start with `BASE`, and the value of slot *n* is
    ``marker(n)``, alone or inside a longer string.
    """
    rendered = representation.render_embedded(prototype, VOCABULARY, rel)
    pattern = representation.slot
    if pattern is None:
        raise TypeError(f"{representation.name} cannot be compiled")
    parts: list[tuple[str, str | None]] = []
    names: dict[str, Any] = dict(representation.compiled_names)
    position = 0
    for match in pattern.finditer(rendered):
        # The pattern has one group for a whole value and one for a part of a text.
        number = int(match[match.lastindex or 1])
        slot = slots[number]
        value = f"row[{slot.index}]"
        text = value
        if slot.to_text is not None:
            names[f"to_text{number}"] = slot.to_text
            context = (
                "" if slot.context_index is None else f", row[{slot.context_index}]"
            )
            text = f"to_text{number}({value}{context})"
        written = representation.expression(match[0], slot, value, text)
        parts.append((rendered[position : match.start()], written))
        position = match.end()
    parts.append((rendered[position:], None))
    return Template(parts, names, representation.escape)
