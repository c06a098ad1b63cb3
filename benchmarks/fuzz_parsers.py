"""Fuzz the parsers of what clients send, guided by the branches that they take.

    pip install atheris
    python benchmarks/fuzz_parsers.py Range -max_total_time=300

The names are those of PARSERS in tests/torture/attacks/test_parser_cost.py; without one
they are listed. Whatever a parser raises that its callers do not expect is a crash, and
atheris writes down the bytes that led there.
"""

import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import atheris

with atheris.instrument_imports(include=["app", "schemas"]):
    from tests.torture.attacks.test_parser_cost import MAKE_THEIR_OWN, PARSERS, REFUSALS


def main():
    names = [name for name in PARSERS if name not in MAKE_THEIR_OWN]
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        sys.exit(
            f"usage: fuzz_parsers.py PARSER [options]; parsers: {', '.join(names)}"
        )
    parse = PARSERS[sys.argv.pop(1)]

    def one(data):
        source = atheris.FuzzedDataProvider(data)
        text = source.ConsumeUnicodeNoSurrogates(len(data))
        with suppress(*REFUSALS):
            parse(text)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
