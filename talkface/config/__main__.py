"""What is generated from the configuration's models: ``python -m talkface.config schema|docs``.

``schema`` is config.schema.json, for editors; ``docs`` is docs/config.md.
"""

import argparse
import sys

from talkface.config.describing import document, schema_json

parser = argparse.ArgumentParser(prog="python -m talkface.config", description=__doc__)
parser.add_argument("what", choices=["schema", "docs"])
sys.stdout.write(schema_json() if parser.parse_args().what == "schema" else document())
