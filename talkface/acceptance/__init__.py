"""Golden outputs, and the command that accepts refactored code if they are equal."""
