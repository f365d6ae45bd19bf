"""From a photo and a sound to a film: what the command ``talkface generate`` and ``talkface.load`` call."""
