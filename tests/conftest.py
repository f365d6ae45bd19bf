import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def single_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of real clips, outside the repository; tests that need it skip where it is absent."""
    named = os.environ.get("TALKFACE_REAL_CLIPS")
    if not named:
        pytest.skip("TALKFACE_REAL_CLIPS is not set: no real clips on this machine")
    folder = Path(named)
    if not (folder / "grid").is_dir():
        pytest.skip(f"TALKFACE_REAL_CLIPS={named} has no folder 'grid'")
    return folder
