"""A drawn experiment with its tables, figures and page, as the jobs of reporting make them."""

from report_inputs import (
    EVALUATION,
    GALLERY,
    Experiment,
)

from talkface.config import AuLabels, Corpus
from talkface.jobs.build_report import build_report
from talkface.jobs.plot_aus import plot_aus
from talkface.jobs.plot_contact_sheet import plot_contact_sheet
from talkface.jobs.plot_lips import plot_lips
from talkface.jobs.plot_masks import plot_masks
from talkface.jobs.plot_people import plot_people
from talkface.jobs.plot_training import plot_training
from talkface.jobs.tabulate_corpus import tabulate_corpus
from talkface.jobs.tabulate_main_results import tabulate_main_results
from talkface.metrics.catalogue import all_metrics
from talkface.reporting.tables.published import PUBLISHED
from talkface.runtime.cost import COLUMNS

SHOWN = {"evaluation": EVALUATION, "gallery": GALLERY}


def finished_report(folder):
    """An experiment's inputs below ``folder``, and all that the jobs of reporting make of them."""
    made = Experiment(folder).write()
    tabulate(made)
    tabulate_corpus(
        split=made.split,
        checks=made.checks,
        corpus=Corpus(name="tiny", demo=True),
        **{name: made.root / f"tables/corpus_summary.{end}" for name, end in ENDINGS.items()},
    )
    plot(made, made.root / "figures")
    write_costs(made.root / "logs")
    build(made)
    return made


def build(made, **changes):
    """Build the page from what the other jobs made, with the named arguments changed."""
    given = {
        "main_results": made.root / "tables/main_results.json",
        "figure_cards": made.root / "tables/main_results.cards.json",
        "corpus_summary": made.root / "tables/corpus_summary.json",
        "tables": [made.root / f"tables/{name}" for name in ("main_results.csv", "main_results.tex")],
        "videos": made.videos,
        "split": made.split,
        "results": made.root,
        "logs": made.root / "logs",
        "page": made.root / "report/index.html",
        **SHOWN,
        **{name: made.root / f"figures/{name}.svg" for name in FIGURES},
    }
    build_report(**(given | changes))
    return (changes.get("page") or given["page"]).read_text(encoding="utf-8")


def write_costs(logs):
    """Records as jobs leave them: two of crop_faces, one of a rule without wildcards."""
    for name, seconds in (("crop_faces/s1", 30.25), ("crop_faces/s2", 60), ("plot_lips", 7200)):
        path = logs / f"{name}.benchmark.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        row = [seconds, "0:00:30", 512, 0, 0, 0, 0, 0, 90, seconds / 2]
        path.write_text("\t".join(COLUMNS) + "\n" + "\t".join(map(str, row)) + "\n")


ENDINGS = {"csv": "csv", "markdown": "md", "tex": "tex", "content": "json"}
FIGURES = ("training", "masks", "aus", "lips", "contact_sheet", "people")


def tabulate(made, folder="tables", scores=None, **changes):
    """Write the main table under the made setting, with the named parts of it changed."""
    tables, given = made.root / folder, made.sections()
    given["setting"] = given["setting"].model_copy(update=changes)
    tabulate_main_results(
        scores=scores or made.scores,
        split=made.split,
        histories=made.histories,
        metrics=list(all_metrics()),
        not_measured={"fid": "no weights"},
        films=[],
        external={},
        published=PUBLISHED,
        lips_csv=tables / "lips_by_speaker.csv",
        aus_csv=tables / "aus_by_unit.csv",
        further_csv=tables / "further_results.csv",
        paired_csv=tables / "paired_tests.csv",
        cards=tables / "main_results.cards.json",
        **{name: tables / f"main_results.{end}" for name, end in ENDINGS.items()},
        **given,
    )
    return tables


def plot(made, folder):
    plot_training(histories=made.histories, figure=folder / "training.svg")
    shown = {"split": made.split, **SHOWN}
    plot_masks(identities=made.identities, crop_size=112, figure=folder / "masks.svg", **shown)
    plot_aus(
        au_features=made.au_features, aus=made.aus, labels=AuLabels(), figure=folder / "aus.svg", **shown
    )
    plot_lips(
        landmarks_true=made.landmarks,
        landmarks_generated=made.generated_landmarks,
        figure=folder / "lips.svg",
        **shown,
    )
    plot_people(
        faces=made.faces,
        landmarks_true=made.landmarks,
        generated=made.generated,
        split=made.split,
        evaluation=EVALUATION,
        figure=folder / "people.svg",
    )
    plot_contact_sheet(faces=made.faces, videos=made.videos, figure=folder / "contact_sheet.svg", **shown)
