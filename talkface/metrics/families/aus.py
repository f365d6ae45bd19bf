"""Presence of action units on generated frames against the same labeller's on the true frames."""

from __future__ import annotations

from talkface.artifacts.schemas import AU_NAMES
from talkface.metrics.clip import Clip
from talkface.metrics.declaration import Measure, Metric, Score, ahead_of
from talkface.metrics.presence_scores import count_presence, presence_values


def score(clip: Clip) -> dict[str, Score]:
    """For each AU, from presence in each frame:

    ``au25_tp``, ``au25_fp``, ``au25_fn``, ``au25_tn`` (counts of frames, from which F1 is pooled over clips)
    and the clip's own ``au25_accuracy`` and ``au25_f1`` (not defined without a positive). Frames in which the
    truth was missed are left out. Where generated frames cannot be labelled, there are no counts.
    """
    if clip.aus is None:
        return {f"{au.lower()}_{name}": (None, 0) for au in AU_NAMES for name in ("accuracy", "f1")}
    true_TA, _, known_T = clip.true_aus
    counts = count_presence(clip.aus.presence_TA[known_T], true_TA[known_T])
    return {
        name: (value, int(known_T.sum()))
        for au, own in zip(AU_NAMES, counts, strict=True)
        for name, value in presence_values(au, own).items()
    }


_SOURCE = "Chen et al. 2021 (paper C): presence by one labeller on generated and on true frames"

METRIC = Metric(
    score,
    needs=("aus", "true_aus"),
    measures=(
        Measure(
            "au_f1", "AU F1", "au", "au_f1", 3, "high", "presence, pooled over clips, mean over AUs",
            unit="1", range=(0, 1), region="face landmarks", source=_SOURCE,
            blind="how strong a movement is; chance is high for an AU that is nearly always there",
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
        Measure(
            "au_accuracy_percent", "AU acc. %", "au", "au_accuracy", 1, "high", "the same for accuracy", 100,
            unit="%", range=(0, 100), region="face landmarks", source=_SOURCE,
            blind="rare AUs: to say that they are never there is nearly always right",
            orders=ahead_of("ground_truth", "other_clip", "static"),
        ),
    ),
)  # fmt: skip
