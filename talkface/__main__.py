"""``python -m talkface``: the command, where its script is not on the PATH."""

from talkface.cli.main import app

app(prog_name="talkface")
