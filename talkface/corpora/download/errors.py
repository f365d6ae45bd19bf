"""What can go wrong between a record on the web and the files on disk."""


class DownloadError(ValueError):
    """A file that cannot be fetched or will not be unpacked; one line naming it and the remedy."""
