"""Variants: named differences on top of one another, and the list of the papers' rows."""

from itertools import pairwise
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY

from talkface.config import ConfigError, FrameRenderer, Renderer, merge, validate
from talkface.evaluation.needs import controls_of, trainings_behind

DEFAULT = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
OVERLAYS = {path.stem: yaml.safe_load(path.read_text()) for path in (REPOSITORY / "configs").glob("*.yaml")}
PAPER = validate(merge(DEFAULT, OVERLAYS["variants"]))
ROW = {"title": "T", "source": "paper Z, table 1"}


def with_variants(**variants):
    return validate(merge(DEFAULT, {"variants": variants}))


def refused(**variants) -> str:
    with pytest.raises(ConfigError) as caught:
        with_variants(**variants)
    assert "\n" not in str(caught.value), "one line"
    return str(caught.value)


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested sections by dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def differences(one: str, other: str) -> dict[str, tuple[Any, Any]]:
    """Which fields of two variants' renderers differ, and how."""
    before, after = (flat(PAPER.variant_renderer(name).model_dump()) for name in (one, other))
    assert before.keys() == after.keys()
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def rows(table: str) -> list[str]:
    return [row.variant for row in PAPER.tables[table].rows]


# ---- how a difference is laid over its base


def test_a_variant_differs_only_where_it_says():
    config = with_variants(small={"renderer": {"width": 16}, "sampler": {"steps": 3}})
    small, ours = config.variant_renderer("small"), config.variant_renderer("ours")
    assert isinstance(small, Renderer) and small.width == 16
    assert small.model_dump() | {"width": 0} == ours.model_dump() | {"width": 0}
    assert ours == config.renderer
    sampler = config.variant_sampler("small")
    assert sampler.steps == 3 and sampler.model_dump() | {"steps": 0} == config.sampler.model_dump() | {
        "steps": 0
    }
    assert config.variant_sampler("ours") == config.sampler


def test_differences_add_up_along_the_bases():
    config = with_variants(
        b={"base": "a", "frame_renderer": {"losses": {"aus": 0.02}}},
        a={"output": "frames", "frame_renderer": {"fusion": "tcn", "losses": {"perceptual": 0.07}}},
        c={"base": "b", "frame_renderer": {"fusion": "gru", "losses": {"perceptual": 0.0}}},
    )
    losses = {name: config.variant_renderer(name).losses for name in "abc"}
    assert [(losses[name].perceptual, losses[name].aus) for name in "abc"] == [
        (0.07, 0),
        (0.07, 0.02),
        (0, 0.02),
    ]
    assert [config.variant_renderer(name).fusion for name in "abc"] == ["tcn", "tcn", "gru"]
    assert {config.variant_output(name) for name in "abc"} == {"frames"}
    assert config.frame_renderer.losses.perceptual == 0 and config.frame_renderer.fusion == "tcsan"


def test_the_kind_of_output_is_the_bases_unless_it_is_named():
    config = with_variants(
        frames={"output": "frames"}, child={"base": "frames"}, back={"base": "child", "output": "diffusion"}
    )
    assert isinstance(config.variant_renderer("child"), FrameRenderer)
    assert config.variant_renderer("back") == config.renderer
    assert config.variant_output("ours") == "diffusion"


def test_a_circle_of_bases_is_refused():
    message = refused(a={"base": "b"}, b={"base": "c"}, c={"base": "a"})
    assert "variants.a.base: a -> b -> c -> a goes in a circle" in message
    assert "a -> a" in refused(a={"base": "a"})


def test_an_unknown_base_is_refused_by_the_variant_that_names_it():
    assert "variants.b.base: 'nobody'" in refused(a={"base": "b"}, b={"base": "nobody"})


@pytest.mark.parametrize(
    ("variant", "named"),
    [
        ({"renderer": {"widht": 16}}, "widht"),
        ({"output": "frames", "frame_renderer": {"losses": {"percptual": 1.0}}}, "losses.percptual"),
        ({"output": "frames", "frame_renderer": {"fusion": "lstm"}}, "fusion"),
        ({"sampler": {"stepz": 3}}, "stepz"),
        ({"renderer": {"oracle_aus": True, "speech": ["audio"]}}, "oracle_aus: needs 'aus' in speech"),
        ({"renderer": {"speech": []}}, "speech: nothing drives the mouth"),
        ({"output": "video"}, "output"),
        ({"mel": {"bands": 20}}, "mel"),
    ],
)
def test_mistakes_in_a_variant_are_refused_by_variant_and_field(variant, named):
    message = refused(mine=variant)
    assert "variants.mine" in message and named in message


def test_a_mistake_in_a_base_is_refused_though_nobody_trains_it():
    assert "renderer" in refused(unused={"output": "frames", "frame_renderer": {"renderer": 1}})


def test_named_are_the_variants_that_a_table_or_the_main_one_names():
    tables = {
        "second": {**ROW, "rows": [{"variant": "c"}, {"variant": "a"}]},
        "third": {**ROW, "rows": [{"variant": "c"}, {"variant": "ours"}, {"variant": "d"}]},
    }
    overlay = {"variants": {name: {} for name in "abcd"}, "main": ["a", "ours"], "tables": tables}
    assert validate(merge(DEFAULT, overlay)).named_variants() == ["a", "ours", "c", "d"]
    assert with_variants(a={}).named_variants() == ["ours", "warp"]


def test_variants_that_differ_in_the_sampler_alone_share_the_plainest_ones_training():
    narrow = {"renderer": {"width": 16}}
    config = with_variants(
        one={"sampler": {"steps": 1}},
        narrow=narrow,
        fast={"base": "narrow", "sampler": {"kind": "dpmpp_2m", "steps": 2}},
        repeated=narrow,
        decoder={"output": "frames"},
    )
    assert all(config.trained_as(name) == name for name in ("warp", "a_with_photo", "decoder"))
    trained = {name: config.trained_as(name) for name in ("ours", "one", "narrow", "fast", "repeated")}
    assert trained == dict.fromkeys(["ours", "one"], "ours") | dict.fromkeys(
        ["narrow", "fast", "repeated"], "narrow"
    )
    renderers = [
        name for stage, name in trainings_behind(config, ["one", "fast", "repeated"]) if stage == "renderer"
    ]
    assert renderers == ["ours", "narrow"]
    turned = dict(reversed(config.model_dump(exclude_unset=True)["variants"].items()))
    again = validate(DEFAULT | {"variants": turned})
    assert all(again.trained_as(name) == config.trained_as(name) for name in config.variants)


def test_a_variant_with_another_sampler_shares_its_autoencoders_row():
    few = {"base": "a_with_photo", "sampler": {"steps": 2}}
    config = validate(merge(merge(DEFAULT, OVERLAYS["real"]), {"variants": {"few": few}}))
    assert controls_of(config, ["few"]) == controls_of(config, ["a_with_photo", "few"])


# ---- the papers' rows


@pytest.mark.parametrize("name", sorted(set(OVERLAYS) - {"variants"}))
def test_the_papers_rows_go_with_every_experiment(name):
    config = validate(merge(merge(DEFAULT, OVERLAYS[name]), OVERLAYS["variants"]))
    for variant in set(config.named_variants()) & set(OVERLAYS["variants"]["variants"]):
        renderer = config.variant_renderer(variant)
        ours = getattr(config, renderer.section)
        assert renderer.training == ours.training, "equal budgets"
        assert renderer.fusion_widths == ours.fusion_widths


def test_nothing_is_listed_that_no_table_shows():
    assert set(PAPER.named_variants()) == set(PAPER.variants)
    assert len(PAPER.variants) == 24


BASELINE = {
    "reconstruction": 1.5, "perceptual": 0, "identity": 0, "aus": 0, "adversarial": 0, "video_adversarial": 0,
    "adversarial_start": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "fusion", "speech", "losses"),
    [
        ("baseline", "gru", ["audio"], {}),
        ("plus_perceptual", "gru", ["audio"], {"perceptual": 0.07}),
        ("plus_identity", "gru", ["audio"], {"perceptual": 0.07, "identity": 1.5}),
        ("c_adversarial", "gru", ["audio"], {"perceptual": 0.07, "identity": 1.5, "adversarial": 0.002}),
        (
            "c_full",
            "gru",
            ["audio", "aus"],
            {"perceptual": 0.07, "identity": 1.5, "adversarial": 0.002, "aus": 0.02},
        ),
        ("fusion_tcsan", "tcsan", ["audio"], {"perceptual": 0.07, "identity": 1.5}),
        ("b_full", "tcsan", ["audio", "aus"], {"perceptual": 0.07, "identity": 1.5, "aus": 0.02}),
        ("cran", "gru", ["audio"], {"adversarial": 0.002, "video_adversarial": 0.002}),
        ("speech2vid", "concatenation", ["audio"], {}),
    ],
)
def test_methods_are_as_published(variant, fusion, speech, losses):
    renderer = PAPER.variant_renderer(variant)
    assert isinstance(renderer, FrameRenderer) and not renderer.disentangled
    assert (renderer.fusion, renderer.speech) == (fusion, speech)
    assert renderer.losses.model_dump() == BASELINE | losses
    assert renderer.audio_hops == (35 if variant == "speech2vid" else None)


LADDER_C = [
    {"losses.perceptual": (0, 0.07)},
    {"losses.identity": (0, 1.5)},
    {"losses.adversarial": (0, 0.002)},
    {"losses.aus": (0, 0.02)},
    {"speech": (["audio"], ["audio", "aus"])},
]
LADDER_B = [*LADDER_C[:2], {"fusion": ("gru", "tcsan")}, *LADDER_C[3:]]


@pytest.mark.parametrize(("table", "steps"), [("losses_c", LADDER_C), ("losses_b", LADDER_B)])
def test_ablations_are_ladders_of_one_change_a_rung(table, steps):
    assert [differences(*pair) for pair in pairwise(rows(table))] == steps
    assert rows(table)[0] == "baseline"
    assert rows(table)[-1] == {"losses_c": "c_full", "losses_b": "b_full"}[table]


def test_fusions_differ_in_the_fusion_alone():
    fusions = {name: PAPER.variant_renderer(name).fusion for name in rows("fusions")}
    assert list(fusions.values()) == ["gru", "tcn", "attention_tcn", "coattention_tcn", "tcsan"]
    for name in rows("fusions")[1:]:
        assert differences("plus_identity", name) == {"fusion": ("gru", fusions[name])}


def test_ablations_of_paper_a_change_one_part_each():
    changed = {name: differences("ours", name) for name in rows("ablations_a") if name != "a_regression"}
    assert changed == {
        "ours": {},
        "a_without_disentanglement": {"disentangled": (True, False)},
        "a_without_aus": {"speech": (["audio", "aus"], ["audio"])},
        "a_without_audio": {"speech": (["audio", "aus"], ["aus"])},
        "a_concatenation": {"fusion": ("tcsan", "concatenation")},
        "a_oracle_aus": {"oracle_aus": (False, True)},
    }
    assert differences("ours", "a_inpaint") == {"masked_frame": ("first", "every")}
    assert differences("b_full", "a_regression") == {"disentangled": (False, True)}


def test_the_table_of_methods_is_in_the_papers_order():
    assert rows("methods") == ["cran", "speech2vid", "baseline", "c_full", "b_full", "ours"]
    assert {name: table.protocol for name, table in PAPER.tables.items() if table.protocol != "one_shot"} == {
        "inpaint": "inpaint"
    }
