"""Snakemake's logger plugin ``talkface``: a quiet screen for a run (docs/running.md).

Snakemake finds it by the name of this module; ``logger: [talkface]`` in a profile turns it on. Everything
that Snakemake says itself is in its own log file as before. Every job's Snakemake imports this module, so it
imports little, and has no annotations as text, which the settings' types must not be.
"""

from dataclasses import dataclass, field
from logging import LogRecord
from typing import TYPE_CHECKING

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

if TYPE_CHECKING:
    from snakemake_logger_plugin_talkface.show import Show

__all__ = ["LogHandler", "LogHandlerSettings"]


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """``--logger-talkface-...`` on the command line, or in a profile."""

    every: int = field(
        default=15,
        metadata={"help": "Seconds between two lines about running trainings, where there is no terminal."},
    )


class LogHandler(LogHandlerBase):
    """Takes Snakemake's events and shows the run; who asks for more or for a dry run sees Snakemake's own."""

    def __post_init__(self) -> None:
        common = self.common_settings
        self._aside = bool(common.dryrun or common.verbose or common.debug_dag or common.printshellcmds)
        self._show: Show | None = None
        if not self._aside:
            from snakemake_logger_plugin_talkface import show

            quiet = {str(getattr(what, "name", what)).lower() for what in common.quiet or ()}
            every = getattr(self.settings, "every", None) or 15
            self._show = show.Show(quiet=quiet, colour=not common.nocolor, every_s=every)

    def emit(self, record: LogRecord) -> None:
        """Show one record; whatever goes wrong here is noted and never reaches the run."""
        if self._show is not None:
            self._show.take(record)

    def close(self) -> None:
        """Say how the run ended."""
        if self._show is not None:
            self._show.end()
            self._show = None
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """Whether Snakemake leaves the screen to this plugin."""
        return not self._aside

    @property
    def writes_to_file(self) -> bool:
        """Snakemake's own log file stays as it is; the record beside it is no log."""
        return False

    @property
    def has_filter(self) -> bool:
        """``--quiet`` hides things from the screen, not from the count of finished jobs."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Lines are made from the events themselves."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """The plan of the run comes with an event of the workflow's own (rules/checks.smk)."""
        return False
