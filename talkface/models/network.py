"""What all published networks share: a name, and the arguments that rebuild them, both written once."""

from __future__ import annotations

import functools
import inspect
from typing import Any, ClassVar

from torch import nn


class Network(nn.Module):
    """A network that can be rebuilt: ``Class(**settings)``.

    ``settings`` are the constructor's arguments, defaults included, in plain values; those of a base class
    that come as ``**keywords`` are among them. A subclass that is published as a file says its name::

        class AuClassifier(Network, name="au_classifier"): ...

    The name is that of the training which makes it; the file's metadata carry it, and ``NETWORKS`` finds the
    class by it.
    """

    settings: dict[str, Any]
    name: ClassVar[str] = ""

    def __init_subclass__(cls, name: str = "", **keywords: Any) -> None:
        """Keep the class under its name, and each call's arguments as ``settings``."""
        super().__init_subclass__(**keywords)
        if name:
            assert name not in NETWORKS, f"two networks are named {name}"
            cls.name, NETWORKS[name] = name, cls
        own = cls.__init__
        signature = inspect.signature(own)

        @functools.wraps(own)
        def init(self: Network, *args: Any, **given: Any) -> None:
            bound = signature.bind(self, *args, **given)
            bound.apply_defaults()
            # The outermost class comes first; a base class adds the defaults that nobody gave.
            self.settings = _plain(bound) | getattr(self, "settings", {})
            own(self, *args, **given)

        cls.__init__ = init  # type: ignore[method-assign, assignment]


NETWORKS: dict[str, type[Network]] = {}
"""Name -> class, for every published network whose module has been imported."""


def _plain(bound: inspect.BoundArguments) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        several = bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
        found |= value if several else {name: value}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
