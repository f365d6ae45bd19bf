"""talkface: from raw talking-face corpora to results tables, and from a photo and a sound to a video."""

from talkface.runtime.caches import move_unwritable_caches

__version__ = "0.1.0"

move_unwritable_caches()  # before anything imports matplotlib or librosa
