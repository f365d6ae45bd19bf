"""Networks of other people, by their published names and shapes; their weights come from the user's files."""
