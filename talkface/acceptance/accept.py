"""Compares the present code with the golden outputs, and accepts or rejects it.

It runs the smallest experiment. If the golden outputs are equal, the ledger records that the present code
equals the earlier code. Results of the earlier code then do not rerun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from talkface.acceptance import golden
from talkface.config import RENDERERS
from talkface.evaluation.needs import code_behind
from talkface.metrics.catalogue import all_metrics, optional_metrics
from talkface.provenance.code import code_name, code_version
from talkface.provenance.ledger import Entry, accepted_code, append_entry

_WITHOUT_FIGURES = ("plot_", "build_", "tabulate_", "render_", "download_", "check_setup", "verify")
"""Rules whose outputs no golden figure tells: they simply run again."""
_SAMPLER = "talkface.generation.samplers.ddim.sample"
CHOSEN: Mapping[str, Sequence[Sequence[str]]] = {
    "train_renderer": [[f"talkface.training.tasks.{own.section}.build"] for own in RENDERERS.values()],
    "generate_clips": [
        [f"talkface.models.{own.section}.{own.__name__}", _SAMPLER] for own in RENDERERS.values()
    ],
}
"""Rule -> for each kind of its jobs the code that the smallest experiment's variants choose by name."""
_SHOWN = 20
_OF_ANOTHER_MACHINE = (
    "\nThe golden figures were made on another machine, which rounds differently: check out the commit "
    "before your change, run make golden, and try again."
)


class RefusedError(ValueError):
    """Code that does not give the golden outputs; the message lists the figures that differ."""


def versions_of(checkout: Path) -> dict[str, str]:
    """The present version of each rule's code, for the rules that golden outputs cover.

    Each metric of rule ``score_clips`` has its own, named ``score_{metric}``; there is none of a metric that
    needs optional packages.
    """
    scripts = sorted((checkout / "workflow_scripts").glob("*.py"))
    versions = {
        code_name(script.stem, *chosen): code_version(script, *chosen)
        for script in scripts
        if not script.stem.startswith((*_WITHOUT_FIGURES, "score_clips"))
        for chosen in CHOSEN.get(script.stem, [()])
    }
    always = [name for name in all_metrics() if name not in optional_metrics()]
    metrics = [(script, name) for script in scripts if script.stem == "score_clips" for name in always]
    versions |= {f"score_{name}": code_version(script, *code_behind(name)) for script, name in metrics}
    return dict(sorted(versions.items()))


def recorded_versions(checkout: Path) -> dict[str, str]:
    """The versions with which the golden outputs were last found equal."""
    path = checkout / "golden" / "code.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(line.split() for line in lines)


def changed_since(checkout: Path) -> dict[str, str | None]:
    """The present version of each recorded rule whose code has changed since; None of one that is gone.

    A new rule has no earlier results that could be kept: it is recorded when the outputs are next compared.
    """
    now = versions_of(checkout)
    recorded = recorded_versions(checkout).items()
    return {rule: now.get(rule) for rule, version in recorded if now.get(rule) != version}


def accept(checkout: Path, found: golden.Figures, who: str, why: str) -> Mapping[str, tuple[str, str]]:
    """Write the ledger's entry for all rules whose code changed; returns them.

    Args:
        checkout: the repository's folder.
        found: golden figures of the present code.
        who: for the record.
        why: for the record.

    Raises:
        RefusedError: a figure differs.
    """
    folder = checkout / "golden"
    same = golden.made_here(folder)
    differing = golden.differences(golden.read(folder), found, same)
    if differing:
        more = f"\n  and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise RefusedError(
            f"{len(differing)} figures differ, so this code is not accepted as equal:\n  "
            + "\n  ".join(differing[:_SHOWN])
            + more
            + ("" if same else _OF_ANOTHER_MACHINE)
            + "\nIf the results are meant to change: make golden, and commit the new figures."
        )
    before, now = recorded_versions(checkout), versions_of(checkout)
    stands_for = accepted_code(folder / "ledger.jsonl")
    changed = {
        rule: (stands_for.get((rule, before[rule]), before[rule]), version)
        for rule, version in now.items()
        if rule in before and before[rule] != version and (rule, version) not in stands_for
    }
    if changed:
        when = datetime.now().astimezone().isoformat(timespec="seconds")
        how = "figures equal within 1e-5" if same else "figures equal within 1 %, on another machine"
        entry = Entry(when, who, f"{why} [{how}]", golden.digest(folder), changed)
        append_entry(folder / "ledger.jsonl", entry)
    _write_versions(checkout, now)
    return changed


def rewrite(checkout: Path, found: golden.Figures) -> None:
    """Take the present code's figures as golden: the results are meant to change."""
    golden.write(found, checkout / "golden")
    _write_versions(checkout, versions_of(checkout))


def _write_versions(checkout: Path, versions: Mapping[str, str]) -> None:
    lines = [f"{rule} {version}\n" for rule, version in versions.items()]
    (checkout / "golden" / "code.txt").write_text("".join(lines), encoding="utf-8")
