"""Files as OpenFace writes them."""

HEADER = (
    "frame, face_id, timestamp, confidence, success, "
    + ", ".join(f"AU{unit:02d}_r" for unit in (1, 10, 14, 20, 25, 26))
    + ", "
    + ", ".join(f"AU{unit:02d}_c" for unit in (1, 10, 14, 20, 25, 26, 28))
)


def openface_line(frame, second, success=1, values=(0.5, 1.0, 1.5, 2.0, 2.5), present=(0, 1, 0, 1, 1)):
    numbers = [frame, 0, f"{second:.3f}", 0.98 * success, success, 0.1, *values, 0, *present, 0]
    return ", ".join(str(number) for number in numbers)


def write_openface(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path
