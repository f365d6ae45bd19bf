"""``talkface serve``: a page on this machine that makes a photo speak."""
