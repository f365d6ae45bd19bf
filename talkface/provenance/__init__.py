"""When two results are the same: code versions, and the versions of tools."""
