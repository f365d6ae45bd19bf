"""A small finished experiment, written by hand: what reporting reads, as real Parquet and mp4 files."""

from pathlib import Path

import numpy as np
from check_rows import check_row

from talkface.artifacts.schemas import (
    AU_FEATURES,
    AU_NAMES,
    AUS,
    CHECKS,
    FACES,
    GENERATED,
    HISTORY,
    IDENTITIES,
    LANDMARKS,
    SCORES,
    SPLIT,
)
from talkface.artifacts.tables import TableWriter, write_table
from talkface.config import AuLabels, Corpus, Evaluation, Faces, Gallery, Perceptual, Sampler, Split
from talkface.media.images import encode_png
from talkface.media.video import write_video
from talkface.reporting.tables.setting import Setting

SIZE, FRAMES = 112, 25
SPEAKERS = {"s1": "seen_test", "s2": "seen_test", "s5": "unseen_test"}
WORDS = [(0.1, 0.3, "bin"), (0.3, 0.5, "blue"), (0.5, 0.9, "a<b>$x_1$")]
METHODS = ("ground_truth", "autoencoder", "static", "mean_mouth", "ours", "ours_other_sound")
EVALUATION, GALLERY = Evaluation(), Gallery(clips_per_subset=1)

# Typical values of a trained run: (psnr, ssim, lmd px, lip correlation within the words, deviation ratio)
TYPICAL = {
    "ground_truth": (None, 1.0, 0.0, 1.0, 1.0),
    "autoencoder": (33.4, 0.94, 0.55, 0.97, 0.96),
    "static": (28.9, 0.88, 0.93, None, 0.0),
    "mean_mouth": (29.3, 0.88, 0.81, None, 0.0),
    "ours": (30.1, 0.90, 0.68, 0.74, 0.88),
    "ours_other_sound": (28.8, 0.88, 0.97, 0.06, 0.86),
}


def clips_of(speaker):
    """s5 rests on one clip; s2 has one that failed."""
    return [f"{speaker}/u{number}" for number in range(1 if speaker == "s5" else 3)]


def usable(speaker):
    return [clip for clip in clips_of(speaker) if clip != "s2/u2"]


def draw_face(opening=0.2, tone=170):
    rows, columns = np.mgrid[:SIZE, :SIZE]
    image = np.full((SIZE, SIZE, 3), 230, np.uint8)
    image[((columns - 56) / 44) ** 2 + ((rows - 58) / 54) ** 2 < 1] = (tone, tone - 40, tone - 60)
    for eye in (36, 76):
        image[((columns - eye) / 7) ** 2 + ((rows - 44) / 4) ** 2 < 1] = (250, 250, 250)
        image[((columns - eye) / 3) ** 2 + ((rows - 44) / 3) ** 2 < 1] = (40, 30, 30)
    image[((columns - 56) / 18) ** 2 + ((rows - 82) / (5 + 10 * opening)) ** 2 < 1] = (170, 60, 70)
    image[((columns - 56) / 13) ** 2 + ((rows - 82) / (1 + 9 * opening)) ** 2 < 1] = (50, 15, 20)
    return image


def opening_curve(clip, shift=0.0):
    seconds = (np.arange(FRAMES) + 0.5) / 25
    phase = sum(map(ord, clip)) % 7
    return 0.25 + 0.25 * np.sin(9 * seconds + phase + shift)


def mesh(opening_T):
    points = np.zeros((len(opening_T), 478, 3), np.float32)
    points[:, 33, 0], points[:, 263, 0] = 33.0, 79.0
    points[:, 13, 1], points[:, 14, 1] = 80.0, 80.0 + 46 * opening_T
    return points.reshape(len(opening_T), -1)


class Experiment:
    """Files of a finished experiment under ``root``, in the layout of ``results/{experiment}/{corpus}``."""

    def __init__(self, root: Path):
        self.root = root
        self.split = root / "split.parquet"
        self.checks = [root / f"features/{speaker}/checks.parquet" for speaker in SPEAKERS]
        self.faces = [root / f"features/{speaker}/faces.parquet" for speaker in SPEAKERS]
        self.landmarks = [root / f"features/{speaker}/landmarks.parquet" for speaker in SPEAKERS]
        self.aus = [root / f"features/{speaker}/aus.parquet" for speaker in SPEAKERS]
        shared = root / "train"
        self.au_features = [shared / f"audio_to_au/shared/seed-0/features/{s}.parquet" for s in SPEAKERS]
        self.identities = [shared / f"au_attention/shared/seed-0/identities/{s}.parquet" for s in SPEAKERS]
        self.histories = [
            shared / f"{stage}/{variant}/seed-0/history.parquet"
            for stage, variant in (
                ("autoencoder", "shared"),
                ("audio_to_au", "shared"),
                ("au_attention", "shared"),
                ("renderer", "ours"),
            )
        ]
        self.scores = [
            root / f"scores/{method}/seed-0/one_shot/{metric}.parquet"
            for method in METHODS
            for metric in ("pixels", "lips", "aus")
        ]
        self.generated_landmarks = [
            root / f"generate/{method}/seed-0/one_shot/landmarks.parquet"
            for method in ("ours", "ours_other_sound")
        ]
        self.generated = [
            root / f"generate/{method}/seed-0/one_shot/{speaker}.parquet"
            for method in ("static", "autoencoder", "ours", "ours_other_sound")
            for speaker in SPEAKERS
        ]
        self.videos = [
            root / f"gallery/{method}/seed-0/one_shot/{place}.mp4"
            for method in ("ours", "ours_other_sound")
            for place in range(2)
        ]

    def write(self):
        rng = np.random.default_rng(0)
        self._write_split()
        for position, speaker in enumerate(SPEAKERS):
            self._write_features(position, speaker)
        for path in self.scores:
            method, metric = path.parts[-4], path.stem
            write_table(path, SCORES, score_rows(method, metric, rng))
        for path in self.histories:
            self._write_history(path)
        for path in self.generated_landmarks:
            shift = 0.3 if "/ours/" in str(path) else 2.0
            with TableWriter(path, LANDMARKS) as writer:
                for clip in (clip for speaker in SPEAKERS for clip in usable(speaker)):
                    writer.write(landmark_rows(clip, opening_curve(clip, shift)))
        for path in self.generated:
            shift = {"ours": 0.3, "ours_other_sound": 2.0}.get(path.parts[-4], 0.0)
            with TableWriter(path, GENERATED) as writer:
                for clip in usable(path.stem):
                    writer.write(
                        {"clip": clip, "frame": frame, "image": encode_png(draw_face(opening))}
                        for frame, opening in enumerate(opening_curve(clip, shift))
                    )
        for path in self.videos:
            clip = ("s1/u0", "s5/u0")[int(path.stem)]
            shift = 0.3 if "/ours/" in str(path) else 2.0
            write_video(
                path,
                (
                    np.kron(
                        np.concatenate([draw_face(a), draw_face(b)], axis=1), np.ones((2, 2, 1), np.uint8)
                    )
                    for a, b in zip(opening_curve(clip), opening_curve(clip, shift), strict=True)
                ),
            )
        return self

    def _write_split(self):
        words = [{"start_s": start, "end_s": end, "word": word} for start, end, word in WORDS]
        rows = []
        for speaker, subset in SPEAKERS.items():
            for clip in clips_of(speaker):
                ok = clip in usable(speaker)
                rows.append(
                    {
                        "clip": clip,
                        "speaker": speaker,
                        "utterance": clip.split("/")[1],
                        "subset": subset if ok else "unused",
                        "ok": ok,
                        "reason": "" if ok else "no sound",
                        "doubts": "",
                        "num_frames": FRAMES if ok else 0,
                        "words": words,
                    }
                )
        rows.append({**rows[0], "clip": "s1/t0", "utterance": "t0", "subset": "train"})
        write_table(self.split, SPLIT, rows)

    def _write_features(self, position, speaker):
        checks = []
        for clip in clips_of(speaker) + (["s1/t0"] if speaker == "s1" else []):
            ok = clip in usable(speaker) or clip == "s1/t0"
            checks.append(
                check_row(
                    clip,
                    ok=ok,
                    reason="" if ok else "no sound",
                    num_frames=FRAMES,
                    has_audio=ok,
                    num_detected=FRAMES - 2,
                    num_bridged=2 if clip == "s1/u0" else 0,
                )
            )
        write_table(self.checks[position], CHECKS, checks)
        mask = np.full((SIZE, SIZE), 0.9, np.float16)
        mask[62:104, 28:84] = 0.3
        with (
            TableWriter(self.faces[position], FACES) as faces,
            TableWriter(self.landmarks[position], LANDMARKS) as landmarks,
            TableWriter(self.aus[position], AUS) as aus,
            TableWriter(self.au_features[position], AU_FEATURES) as features,
            TableWriter(self.identities[position], IDENTITIES) as identities,
        ):
            for clip in usable(speaker):
                opening_T = opening_curve(clip)
                faces.write(
                    {
                        "clip": clip,
                        "frame": t,
                        "image": encode_png(draw_face(opening)),
                        "affine": [1, 0, 0, 0, 1, 0],
                        "detected": True,
                    }
                    for t, opening in enumerate(opening_T)
                )
                landmarks.write(landmark_rows(clip, opening_T))
                levels = np.clip(10 * opening_T[:, None] * np.linspace(0.2, 1, 5), 0, 5)
                aus.write(
                    {
                        "clip": clip,
                        "frame": t,
                        "raw": level,
                        "normalised": level,
                        "presence": level > 1,
                        "detected": True,
                    }
                    for t, level in enumerate(levels)
                )
                features.write(
                    {"clip": clip, "frame": t, "feature": b"\0" * 640, "probability": level / 5}
                    for t, level in enumerate(levels)
                )
                audio_face = ((1 - mask[..., None].astype(np.float32)) * draw_face()).astype(np.uint8)
                identities.write(
                    [
                        {
                            "clip": clip,
                            "frame": 0,
                            "image": draw_face(opening_T[0]).tobytes(),
                            "points": mesh(opening_T[:1])[0],
                            "mask": mask.tobytes(),
                            "audio_face": audio_face.tobytes(),
                            "identity_latent": b"",
                            "masked_latent": b"",
                        }
                    ]
                )

    def _write_history(self, path):
        rows = [
            {"samples": samples, "name": name, "value": start / (1 + samples / 2000)}
            for samples in range(1000, 12_001, 1000)
            for name, start in (
                ("loss", 1.0),
                ("loss/mouth", 0.6),
                ("validation/f1", 0.5),
                ("learning_rate", 1e-3),
            )
        ]
        metadata = (
            {"paper_samples": 1_200_000, "device": "cpu"} if "renderer" in path.parts else {"device": "cpu"}
        )
        write_table(path, HISTORY, rows, metadata)

    def sections(self):
        """The configuration's sections that the steps read."""
        return {
            "setting": Setting(
                experiment="test",
                corpus=Corpus(name="tiny", demo=True),
                split_name="by_hand",
                chosen_split=Split(unseen=["s5"]),
                aus=AuLabels(),
                landmarker_sha256=Faces().landmarker_sha256,
                evaluation=EVALUATION,
                seeds=(0,),
                code="0123456789abcdef",
            ),
            "samplers": {"ours": Sampler()},
            "perceptual": Perceptual(),
            "bounds": (),
        }


def landmark_rows(clip, opening_T):
    return [
        {"clip": clip, "frame": t, "points": points, "detected": True}
        for t, points in enumerate(mesh(np.asarray(opening_T, np.float32)))
    ]


def score_rows(method, metric, rng):
    """Scores around a method's typical values; AU14 has no positive anywhere."""
    psnr, ssim, lmd, correlation, ratio = TYPICAL[method]
    for speaker, subset in SPEAKERS.items():
        for clip in usable(speaker):
            jitter = 1 + 0.02 * rng.standard_normal()
            if metric == "pixels":
                values = {
                    "psnr": psnr and psnr * jitter,
                    "ssim": min(1, ssim * jitter),
                    "psnr_mouth": psnr and psnr - 4,
                    "ssim_mouth": ssim,
                    "sharpness_mouth": 90.0 * jitter,
                    "sharpness_mouth_ratio": jitter,
                }
            elif metric == "lips":
                values = {
                    "lmd_px": lmd * jitter,
                    "lmd_eyes": lmd / 46 * jitter,
                    "lip_correlation_words": correlation,
                    "lip_correlation": correlation and (correlation + 1) / 2,
                    "lip_deviation_ratio": ratio,
                    "lip_deviation_ratio_words": ratio,
                    "detection_rate": 0.96,
                }
            else:
                values = {}
                for au in AU_NAMES:
                    tp, fp, fn = (0, 0, 0) if au == "AU14" else (8, 2, 3)
                    values |= {
                        f"{au.lower()}_{name}": count
                        for name, count in zip(
                            ("tp", "fp", "fn", "tn"), (tp, fp, fn, FRAMES - tp - fp - fn), strict=True
                        )
                    }
            for name, value in values.items():
                yield {
                    "clip": clip,
                    "speaker": speaker,
                    "subset": subset,
                    "metric": name,
                    "value": value,
                    "weight": float(FRAMES),
                }
