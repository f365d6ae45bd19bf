"""Everything that depends on the inside of Snakemake 9.12 and above, and why it is needed.

Snakemake promises none of this. Each function says what it touches; :func:`guarded` turns a change there into
one clear error. No other file of this project goes past Snakemake's documented language.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import snakemake
from snakemake.sourcecache import HostingProviderFile

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

ENVIRONMENT = "../envs/talkface.yaml"
"""The conda environment of every job (``--sdm conda``), as seen from ``rules/``."""


class SnakemakeError(RuntimeError):
    """The inside of Snakemake is not as this module expects; the message says which version is needed."""


class SharingError(ValueError):
    """``--cache`` with a folder or rules that cannot be used; the message names the remedy."""


def guarded(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Say which function broke, and on which version, where Snakemake lacks an attribute."""

    @functools.wraps(function)
    def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except AttributeError as error:
            raise SnakemakeError(
                f"talkface.workflow.internals.{function.__name__} does not work with Snakemake "
                f"{snakemake.__version__} ({error}); install 'snakemake>=9.12,<10'"
            ) from error

    return called


@guarded
def root_of(workflow: Any) -> Path:
    """The folder of this project's files on this machine, also where another workflow uses it as a module.

    Touches ``workflow.current_basedir``: ``workflow.basedir`` is the folder of the *main* Snakefile. Where
    the Snakefile is named by an address, as snakedeploy does, Snakemake fetches it alone; but jobs need the
    package beside it. So all files of that version are unpacked from the clone that Snakemake keeps
    (``hosted_repo.repo_clone``, ``ref``) into its own cache of sources. Call it in the Snakefile.
    """
    folder = workflow.current_basedir
    if isinstance(folder, HostingProviderFile):
        folder.fetch_if_required()
        return (
            _unpacked(Path(folder.hosted_repo.repo_clone), folder.ref, Path(workflow.sourcecache.cache_path))
            / folder.path
        )
    path = str(folder.get_path_or_uri(secret_free=True))
    if "://" in path:
        raise SnakemakeError(
            f"{path}: name the Snakefile by github(...), gitlab(...) or path (docs/as_module.md)"
        )
    return Path(path).resolve()


def _unpacked(repository: Path, version: str, cache: Path) -> Path:
    """All files of one version of a git repository, in a folder that is named by the commit."""
    from git import Repo

    commit = Repo(repository).commit(version).hexsha
    folder = cache / "talkface" / commit
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as space:
            files = Path(space, "files")
            Repo.clone_from(str(repository), files, no_checkout=True, shared=True).git.checkout(commit)
            with contextlib.suppress(OSError):  # another process was first
                files.rename(folder)
    return folder


@guarded
def refuse_prefix(workflow: Any) -> None:
    """Stop where a module's ``prefix`` or ``replace_prefix`` would move files.

    Touches ``workflow.modifier.path_modifier``. Snakemake renames inputs, outputs and logs, but no params;
    and our jobs find some files by params. The paths carry the experiment's name anyway.
    """
    modifier = workflow.modifier.path_modifier
    while modifier is not None:
        if modifier.prefix or modifier.modifies_prefixes:
            stop(
                "module: prefix and replace_prefix are not supported: name another `experiment` in the "
                "configuration, or run in a folder of its own with --directory (docs/as_module.md)"
            )
        modifier = modifier.inner_modifier


@guarded
def is_asked(workflow: Any, *rules: str) -> bool:
    """Whether the command line names one of these rules, or a job of one, by the name that it has here.

    Touches ``workflow.modifier.modify_rulename``: a module's user may rename rules. The targets themselves
    are not known yet while the Snakefile is read.
    """
    names = {workflow.modifier.modify_rulename(rule) for rule in rules}
    return any(word.split(":")[0] in names for word in sys.argv[1:])


@guarded
def config_files(workflow: Any) -> list[Path]:
    """The configuration files, later ones over earlier ones: the Snakefile's, then those of the command line.

    Touches ``workflow.configfiles``, in which the command line's come first, and ``overwrite_configfiles``.
    """
    given = list(workflow.overwrite_configfiles)
    return [Path(str(path)) for path in [*workflow.configfiles[len(given) :], *given]]


@guarded
def changed_by_command(workflow: Any) -> bool:
    """Whether ``--config`` changes fields. Touches ``workflow.config_settings``."""
    return bool(workflow.config_settings.config)


@guarded
def is_job(workflow: Any) -> bool:
    """Whether this process reads the Snakefile for one job. Touches ``workflow.is_main_process``."""
    return not workflow.is_main_process


@guarded
def print_targets(workflow: Any, root: Path) -> None:
    """Print the rules that are meant to be named, with the first line of their docstrings, and end.

    Touches ``Rule.docstring``, ``workflow.default_target`` and ``workflow.current_basedir``: the Snakefile's
    own rules lie outside ``root`` where it is named by an address. Call it in the Snakefile.
    """
    main = workflow.current_basedir.join("Snakefile").get_path_or_uri(secret_free=True)
    others = [rule for rule in workflow.rules if str(rule.snakefile) == main]
    lines = {
        rule.name: rule.docstring.splitlines()[0]
        for rule in [*own_rules(workflow, root).values(), *others]
        if rule.docstring and not rule.output
    }
    width = max(map(len, lines))
    print(
        f"snakemake TARGET --cores N [--configfile FILE ...]    without TARGET: {workflow.default_target}\n"
    )
    print("\n".join(f"  {name:<{width}}  {line}" for name, line in lines.items()))
    sys.exit(0)


@guarded
def own_rules(workflow: Any, root: Path) -> dict[str, Any]:
    """This project's rules by the name that they have here, also where a module's user renames them.

    Touches ``workflow.rules`` (among which are the user's own), ``Rule.snakefile`` and ``Rule.script``.
    """
    found = {}
    for rule in workflow.rules:
        if Path(str(rule.snakefile)).resolve().is_relative_to(root / "rules"):
            found[Path(str(rule.script)).stem if rule.script else rule.name] = rule
    return found


@guarded
def files_behind(workflow: Any, root: Path, targets: Iterable[str]) -> set[str]:
    """The files, and every output of the jobs of this project that make them from the raw clips.

    Touches ``Rule.output``, ``Rule.get_wildcards``, ``Rule.expand_input`` and ``Rule.expand_output``: the job
    graph of a run holds only what that run was asked for.
    """
    makers = [rule for rule in own_rules(workflow, root).values() if rule.output]
    found: set[str] = set()
    pending = [str(target) for target in targets]
    while pending:
        path = pending.pop()
        if path in found:
            continue
        found.add(path)
        maker = next((rule for rule in makers if any(output.match(path) for output in rule.output)), None)
        if maker is not None:
            wildcards = maker.get_wildcards(path)
            found.update(map(str, maker.expand_output(wildcards)[0]))
            pending += map(str, maker.expand_input(wildcards)[0])
    return found


@guarded
def complete_rules(workflow: Any, root: Path, experiment: str, corpus: str) -> None:
    """Give every rule with a script its log and its environment, which are the same for all.

    Touches ``Rule.set_log``, ``Rule.log_modifier``, ``Rule.conda_env`` and ``Rule.wildcard_names``: Snakemake
    has no way to say these once for all rules.
    """
    for name, rule in own_rules(workflow, root).items():
        if rule.script and not rule.log:
            rule.log_modifier = workflow.modifier.path_modifier
            rule.set_log(log_of(name, rule.wildcard_names, experiment, corpus))
            rule.conda_env = ENVIRONMENT


def log_of(rule: str, wildcards: Collection[str], experiment: str, corpus: str) -> str:
    """The pattern of a rule's log: ``logs/{experiment}/{corpus}/{rule}/``, then what tells its jobs apart."""
    own = "{experiment}/{corpus}" if "experiment" in wildcards else f"{experiment}/{corpus}"
    kinds = ("method", "control", "variant", "sound", "system", "shown")
    method = "".join(f"{{{n}}}" for n in kinds if n in wildcards)
    parts = [f"logs/{own}", rule, method]
    parts += ["seed-{seed}"] if "seed" in wildcards else []
    others = ("protocol", "part", "shard", "table", "archive", "stage", "trained", "evaluator")
    parts += [f"{{{n}}}" for n in others if n in wildcards]
    return "/".join(part for part in parts if part) + ".log"


@guarded
def stored_name(workflow: Any, pattern: Any) -> str:
    """An output's pattern under the name given it in the workflow, as plain text.

    Touches the flag ``storage_object``: a default storage provider puts its own name around every path. Other
    flags, such as ``report``, belong to the output alone: Snakemake's ``expand`` refuses them.
    """
    kept = getattr(pattern, "flags", {}).get("storage_object")
    if not kept:
        return str(pattern)
    prefix = workflow.storage_settings.default_storage_prefix
    return str(kept.query.removeprefix(prefix).lstrip("/"))


@guarded
def jobs_to_run(workflow: Any, root: Path) -> list[tuple[str, dict[str, str], int]]:
    """Rule, wildcards and memory in MB of each job of ours that is about to start.

    Touches ``workflow.dag.needrun_jobs`` and ``Job.is_norun``: a target's rule has no work of its own.
    """
    names = {id(rule): name for name, rule in own_rules(workflow, root).items()}
    return [
        (names[id(job.rule)], dict(job.wildcards.items()), job.resources.get("mem_mb", 0))
        for job in workflow.dag.needrun_jobs()
        if not job.is_norun and id(job.rule) in names
    ]


@guarded
def tell_plan(
    workflow: Any, root: Path, seconds_of: Callable[[str, dict[str, str]], float], **about: Any
) -> None:
    """Tell the logger plugin (snakemake_logger_plugin_talkface) which jobs will run, in their order.

    Touches ``workflow.dag.needrun_jobs``, ``toposorted``, ``dependencies`` and ``jobid``: Snakemake's events
    say of a job only that it starts. ``seconds_of`` expects a rule and its wildcards. Other loggers see an
    event without a text.
    """
    from snakemake.logging import logger

    dag, names = workflow.dag, {id(rule): name for name, rule in own_rules(workflow, root).items()}
    pending = set(dag.needrun_jobs())
    jobs = []
    for job in (job for level in dag.toposorted() for job in level if job in pending):
        rule, wildcards = names.get(id(job.rule), job.rule.name), dict(job.wildcards.items())
        jobs.append(
            {
                "id": dag.jobid(job),
                "rule": rule,
                "wildcards": wildcards,
                "seconds": 0.0 if job.is_norun else seconds_of(rule, wildcards),
                "threads": 0 if job.is_norun else job.threads,
                "gpu": job.resources.get("gpu_share", 0),
                "needs": [dag.jobid(other) for other in dag.dependencies[job] if other in pending],
            }
        )
    logger.info("", extra={"talkface_plan": {"jobs": jobs, **about}})


@guarded
def computes_here(workflow: Any) -> bool:
    """Whether jobs run on this machine. Touches ``workflow.local_exec``."""
    return bool(workflow.local_exec)


@guarded
def start_jobs_at_once(workflow: Any) -> None:
    """Let the scheduler look for jobs without a limit of submissions a second.

    Touches ``scheduler.job_rate_limiter``: with a limit Snakemake 9 looks again a second after every look,
    and every finished job adds a look: after some hundred jobs they took a sixth of a core. What may run at a
    time, ``cores`` and ``jobs`` say.
    """
    workflow.scheduler.job_rate_limiter = None


@guarded
def share_results(workflow: Any, root: Path) -> None:
    """With a plain ``--cache``, share the outputs of all rules that may be shared (docs/sharing.md).

    Touches ``workflow.workflow_settings.cache``: a plain ``--cache`` is not handed on to the jobs of a
    cluster; the names of rules are.

    Raises:
        SharingError: no folder to share in, or a rule that is not shared under this configuration.
    """
    folder = os.environ.get("SNAKEMAKE_OUTPUT_CACHE", "")
    shared = [rule.name for rule in own_rules(workflow, root).values() if rule.cache.output]
    refused = sorted(set(workflow.workflow_settings.cache) - set(shared))
    if not folder:
        raise SharingError("set SNAKEMAKE_OUTPUT_CACHE to the folder that is shared")
    if "://" not in folder and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise SharingError(f"SNAKEMAKE_OUTPUT_CACHE={folder}: no folder that you may write to; make it first")
    if refused:
        raise SharingError(
            f"{', '.join(refused)}: not to be shared under this configuration (docs/sharing.md)"
        )
    workflow.workflow_settings.cache = shared


def hand_on(root: Path) -> None:
    """Let jobs import the package beside the Snakefile, also in conda environments, and end with us.

    Sets ``PYTHONPATH`` and ``TALKFACE_SNAKEMAKE_PID`` (:mod:`talkface.runtime.orphans`) in the environment.
    """
    inherited = os.environ.get("PYTHONPATH")
    places = [place for place in (inherited or "").split(os.pathsep) if place and place != str(root)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *places])
    os.environ["TALKFACE_SNAKEMAKE_PID"] = str(os.getpid())


def stop(problem: object) -> None:
    """End with one clear line before any work, in place of Snakemake's traceback."""
    print(f"error: {problem}", file=sys.stderr)
    sys.exit(1)
