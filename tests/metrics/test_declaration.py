"""Every measure says what it is; families are found by name, others by import path."""

import sys

import pytest
from configurations import configured

from talkface.config import Metrics, Weights
from talkface.config.basics import ConfigError
from talkface.evaluation.runs import CONTROLS, ORDER_CONTROLS
from talkface.evaluation.wanted import asked_in_vain, foreign_code, wanted_metrics
from talkface.metrics.catalogue import all_metrics, known_metrics, main_metrics, metric_named
from talkface.metrics.declaration import Metric
from talkface.preflight.external_files import weight_problems
from talkface.preflight.jobs import Job

MEASURES = [measure for metric in known_metrics().values() for measure in metric.measures]
FOREIGN = """
from talkface.metrics.declaration import Measure, Metric

LEVEL = {level}

def score(clip):
    return {{"brightness": (float(clip.frames[:].mean()) + LEVEL, clip.num_frames)}}

METRIC = Metric(
    score,
    needs=("frames",),
    measures=(
        Measure(
            "brightness", "Brightness", "brightness", "mean", 1, "", "mean grey level", unit="1",
            range=(0, 255), region="whole crop", source="scratch", blind="all else", orders=(),
        ),
    ),
    table="Scratch",
)
WRONG = 7
"""


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A module of another package; returns what writes it anew."""

    def write(level=0):
        (tmp_path / "scratch_metric.py").write_text(FOREIGN.format(level=level))
        sys.modules.pop("scratch_metric", None)

    monkeypatch.syspath_prepend(tmp_path)
    write()
    yield write
    sys.modules.pop("scratch_metric", None)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.key)
def test_a_measure_says_what_it_is(measure):
    for text in (measure.header, measure.meaning, measure.unit, measure.source, measure.blind):
        assert text.strip()
    low, high = measure.range
    assert low is None or high is None or low < high
    rows = {*CONTROLS, *ORDER_CONTROLS}
    assert all(better in rows and worse in rows and better != worse for better, worse in measure.orders)
    assert len(set(measure.orders)) == len(measure.orders)
    assert not {(worse, better) for better, worse in measure.orders} & set(measure.orders)


def test_weights_are_declared_and_asked_for():
    for name, metric in known_metrics().items():
        assert bool(metric.weights) == ("weights" in metric.needs), name
        for file in metric.weights:
            assert file.content and file.address.startswith("https://")
            assert set(file.sha256) <= set("0123456789abcdef")


def test_by_default_all_that_need_no_weights_are_wanted():
    wanted = wanted_metrics(Metrics())
    assert wanted.names == tuple(sorted(all_metrics()))
    assert set(wanted.absent) == set(known_metrics()) - set(all_metrics())


def test_the_main_tables_families_are_always_there():
    assert wanted_metrics(Metrics(wanted=[])).names == tuple(sorted(main_metrics()))
    assert "person" in wanted_metrics(Metrics(wanted=["person"])).names


def test_a_foreign_metric_is_found_by_its_import_path(scratch):
    wanted = wanted_metrics(Metrics(wanted=["default", "scratch_metric:METRIC"]))
    assert wanted.names[-1] == "scratch_metric.METRIC"
    assert isinstance(metric_named(wanted.names[-1]), Metric)
    before = foreign_code("scratch_metric.METRIC")
    scratch(level=1)
    assert before and foreign_code("scratch_metric.METRIC") != before
    assert foreign_code("pixels") == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere:METRIC", "No module named 'nowhere'; install its package, or name its folder"),
        ("scratch_metric:ABSENT", "has no attribute 'ABSENT'"),
        ("scratch_metric:WRONG", "is a int, no Metric"),
        ("fluency", "not among au_intensity, aus, "),
    ],
)
def test_a_metric_that_is_not_there_is_refused(scratch, name, said):
    with pytest.raises(ConfigError, match=r"metrics\.wanted: ") as refused:
        wanted_metrics(Metrics(wanted=[name]))
    assert said in str(refused.value)


def test_two_columns_of_one_key_are_refused(scratch, tmp_path):
    text = FOREIGN.format(level=0).replace('"brightness", "Brightness"', '"psnr_db", "Brightness"')
    (tmp_path / "scratch_metric.py").write_text(text)
    with pytest.raises(ConfigError, match="two metric families have a measure of the key psnr_db"):
        wanted_metrics(Metrics(wanted=["scratch_metric:METRIC"]))


def test_a_name_that_can_be_none_is_refused():
    with pytest.raises(ValueError, match="neither a family of"):
        Metrics(wanted=["../evil"])


def test_weights_need_their_checksum(tmp_path):
    with pytest.raises(ValueError, match="sha256"):
        Weights(path=tmp_path / "vgg16.pth")


def test_without_its_file_a_metric_is_absent_with_a_reason(tmp_path):
    given = Weights(path=tmp_path / "vgg16.onnx", sha256="0" * 64)
    for metrics, said in (
        (Metrics(), "no weights: metrics.weights.vgg16 names no file"),
        (Metrics(weights={"vgg16": given}), "metrics.weights.vgg16.path: no such file"),
    ):
        wanted = wanted_metrics(metrics)
        assert "fd_vgg16" not in wanted.names and said in wanted.absent["fd_vgg16"]
    assert asked_in_vain(Metrics()) == [], "nobody asked"
    [line] = asked_in_vain(Metrics(weights={"vgg16": given}))
    assert line.startswith("metric 'fd_vgg16' is not measured: no weights")
    given.path.write_bytes(b"there")
    assert "fd_vgg16" in wanted_metrics(Metrics(weights={"vgg16": given})).names


def test_the_check_before_a_run_refuses_other_weights(tmp_path):
    path = tmp_path / "vgg16.onnx"
    path.write_bytes(b"other weights")
    config = configured().model_copy(
        update={"metrics": Metrics(weights={"vgg16": Weights(path=path, sha256="0" * 64)})}
    )
    [problem] = weight_problems(config, [Job("score_clips", {"metric": "fd_vgg16"})])
    assert problem.startswith("metrics.weights.vgg16: ") and "its SHA-256 is" in problem
