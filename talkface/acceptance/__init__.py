"""Golden outputs, and the command that accepts refactored code as equal where they are equal."""
