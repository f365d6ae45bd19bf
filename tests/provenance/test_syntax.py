"""Files are parsed whatever else parses in between."""

import ast
import gc

from talkface.provenance.syntax import parsed


class Left:
    """Garbage whose finaliser parses, deeper down, as one does whose error is printed with its source."""

    def __init__(self):
        self.itself = self

    def __del__(self):
        self.parse(20)

    def parse(self, depth):
        return self.parse(depth - 1) if depth else ast.parse("1 + (2 * (3 + 4))")


def test_a_finaliser_that_parses_does_no_harm(tmp_path):
    path = tmp_path / "long.py"
    path.write_text(
        "".join(f"def f{n}(a, b):\n    return [a + b * {n}, (a, {{b: a}})]\n" for n in range(400))
    )
    expected = ast.dump(ast.parse(path.read_bytes()))
    before = gc.get_threshold()
    try:
        gc.set_threshold(5)
        Left()
        found = parsed(path)
    finally:
        gc.set_threshold(*before)
    assert ast.dump(found) == expected
