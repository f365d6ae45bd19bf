"""Errors that end a training."""

from __future__ import annotations


class TrainingError(ValueError):
    """A training that cannot go on: a loss or gradient that is not finite, a collapsed network, no memory."""
