"""Errors of a download."""


class DownloadError(ValueError):
    """A file that cannot be fetched or will not be unpacked; one line naming it and the remedy."""
