"""Name a missing system library or program with its remedy, before anything starts."""

import importlib
import sys

NEEDS = {
    # what the dynamic loader says is missing -> Debian and Ubuntu packages that bring it
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libsndfile.so": "libsndfile1",
    "libportaudio.so": "libportaudio2",
    "libgomp.so.1": "libgomp1",
}


def complaint(module: str) -> str | None:
    """Why a module cannot be imported, with the remedy; None if it can."""
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:
        for library, package in NEEDS.items():
            if library in str(error):
                return f"{module}: the system library {library} is missing: apt-get install -y {package}"
        return f"{module}: {error}: run the installation again (make setup)"
    return None


def main() -> int:
    """Import what rests on system libraries, and find an ffmpeg."""
    complaints = [
        line
        for module in ("torch", "cv2", "mediapipe", "soundfile", "librosa")
        if (line := complaint(module))
    ]
    try:
        from talkface.media.program import version

        version()
    except (ImportError, OSError, ValueError) as error:
        complaints.append(f"ffmpeg: {error}: apt-get install -y ffmpeg, or pip install imageio-ffmpeg")
    for line in complaints:
        print(f"error: {line}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
