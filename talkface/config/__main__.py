"""Prints the schema of a configuration file, for editors: python -m talkface.config > config.schema.json."""

import sys

from talkface.config import schema_json

sys.stdout.write(schema_json())
