"""The records of cost that jobs leave, read again."""

from talkface.runtime.cost import measured
from talkface.runtime.cost_records import read_costs


def test_what_a_job_wrote_is_read_and_what_is_cut_off_is_left_out(tmp_path, caplog):
    (tmp_path / "crop_faces").mkdir()
    for log in ("crop_faces/s1.log", "plot_lips.log"):
        with measured(tmp_path / log):
            pass
    (tmp_path / "crop_faces/s2.benchmark.tsv").write_text("s\th:m:s\n1.5")
    costs = read_costs(tmp_path)
    assert sorted(cost.rule for cost in costs) == ["crop_faces", "plot_lips"]
    assert all(cost.seconds >= 0 and cost.peak_mb > 1 for cost in costs)
    assert "s2.benchmark.tsv: not read" in caplog.text
    assert read_costs(tmp_path / "nothing") == []
