"""talkface: from raw talking-face corpora to results tables, and from a photo and a sound to a video."""

__version__ = "0.1.0"
