"""What a run forecast against what came: ``python -m snakemake_logger_plugin_talkface [--again] RECORD``.

``--again``: what the present code would have forecast.
"""

from __future__ import annotations

import sys
from pathlib import Path

from snakemake_logger_plugin_talkface.forecast import duration
from snakemake_logger_plugin_talkface.record import judge, read
from snakemake_logger_plugin_talkface.replay import replay


def main(arguments: list[str]) -> int:
    """Print a line for each quarter of the run; status 1 where a forecast was more than 25 % off."""
    again = arguments[:1] == ["--again"]
    if len(arguments) != 1 + again:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        entries = read(Path(arguments[-1]))
        judged = judge(list(replay(entries)) if again else entries)
    except (OSError, ValueError) as error:
        print(f"{arguments[-1]}: {error}", file=sys.stderr)
        return 2
    worst = 0.0
    for share, told, came in judged:
        off = told / came - 1
        worst = max(worst, abs(off))
        print(f"at {share:.0%}: {duration(told)} left by the forecast, {duration(came)} came ({off:+.0%})")
    return int(worst > 0.25)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
