"""An autoencoder with other than the paper's three latent channels, from its training to generated frames."""

import pytest
from tiny_corpus import CROP, make_clip, write_features, write_split
from tiny_stages import training
from tiny_training import CPU, UNREAD, read_config

from talkface.artifacts.schemas import GENERATED
from talkface.artifacts.tables import ClipTable, read_metadata
from talkface.config import Evaluation, Mfcc, Sampler
from talkface.jobs.encode_first_faces import encode_first_faces
from talkface.jobs.encode_latents import encode_latents
from talkface.jobs.generate_clips import generate_clips
from talkface.jobs.train_autoencoder import train_autoencoder
from talkface.jobs.train_renderer import train_renderer
from talkface.media.images import decode_png

CLIPS = [
    make_clip("s1/a", "train", 20, 1),
    make_clip("s1/b", "train", 24, 2),
    make_clip("s1/c", "seen_test", 12, 3),
]


@pytest.mark.parametrize("channels", [1, 4])
def test_any_number_of_latent_channels_generates(tmp_path, channels):
    config = read_config("micro")
    split, tables = write_split(tmp_path / "split.parquet", CLIPS), write_features(tmp_path, CLIPS, "s1")
    made = {name: tmp_path / f"{name}.parquet" for name in ("latents", "hidden", "identities", "one", "two")}
    common = {"split": split, "crop_size": CROP, "compute": CPU, "seed": 0}

    def trained(name: str) -> dict:
        places = {"model": "model.safetensors", "history": "history.parquet", "work": "work"}
        return {"code": "1"} | {kind: tmp_path / name / place for kind, place in places.items()}

    sizes = {"training": training(4, steps=3), "patch_size": None, "latent_channels": channels}
    autoencoder, renderer = trained("autoencoder"), trained("renderer")
    section = config.autoencoder.model_copy(update=sizes)
    train_autoencoder(**common, **autoencoder, faces=[tables["faces"]], autoencoder=section)
    weights = autoencoder["model"]
    for name, hidden in (("latents", False), ("hidden", True)):
        encode_latents(
            model=weights, faces=tables["faces"], latents=made[name], compute=CPU, lower_half_hidden=hidden
        )
    assert read_metadata(made["latents"])["shape"] == [channels, CROP // 4, CROP // 4]
    first = {"faces": tables["faces"], "landmarks": tables["landmarks"]}
    encode_first_faces(autoencoder=weights, **first, identities=made["identities"], compute=CPU)

    sizes = {"window_frames": 8, "frames_per_window": 4, "masked_frame": "every"}
    section = config.variant_renderer("ours").model_copy(update=sizes | {"training": training(2, 4, steps=3)})
    read = {
        "latents": [made["latents"]],
        "masked_latents": [made["hidden"]],
        "aus": [tables["au_features"]],
        "identities": [made["identities"]],
        "mel": [tables["mel"]],
    }
    train_renderer(**UNREAD | common | renderer | read, mfcc=Mfcc(), renderer=section)
    for name, shown in (("one", None), ("two", tables["faces"])):
        generate_clips(
            **common, renderer=renderer["model"], autoencoder=weights, identities=made["identities"],
            aus=[tables["au_features"]], oracle_aus=False, mel=[tables["mel"]], faces=shown, speakers=["s1"],
            sound="", sampler=Sampler(steps=2), evaluation=Evaluation(), mfcc=Mfcc(),
            generated=made[name],
        )  # fmt: skip
        [(clip, rows)] = ClipTable(made[name], GENERATED)
        assert clip == "s1/c" and len(rows) == 12
        assert decode_png(rows["image"][0].as_py()).shape == (CROP, CROP, 3)
