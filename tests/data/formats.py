"""The same pictures in every form that a person may have them in."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

Files = dict[str, bytes]
"""Path -> content; the first folder is the class."""


def picture(shade: int = 0, size: tuple[int, int] = (6, 4)) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, (shade % 256, shade // 256 % 256, 90)).save(file, "PNG")
    return file.getvalue()


def pictures(each: int = 8, classes: Iterable[str] = ("cat", "dog", "owl")) -> Files:
    """Noisy pictures of one size, brighter from class to class."""
    draws = np.random.default_rng(0)
    files: Files = {}
    for number, name in enumerate(classes):
        for row in range(each):
            pixels = draws.integers(70 * number, 70 * number + 90, (8, 10, 3)).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            files[f"{name}/{row}.png"] = file.getvalue()
    return files


def lay(root: Path, files: Files) -> Path:
    """The files on the disk, below a folder."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def table(rows: Iterable[Iterable[object]], header: str = "path,label", delimiter: str = ",") -> bytes:
    """A table as bytes."""
    out = io.StringIO()
    out.write(header + "\n")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def as_folder(root: Path, files: Files) -> Path:
    return lay(root / "pets", files)


def as_csv(root: Path, files: Files) -> Path:
    lay(root, files | {"pets.csv": table((path, path.split("/")[0]) for path in files)})
    return root / "pets.csv"


def as_zip(root: Path, files: Files) -> Path:
    path = root / "pets.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def as_tar(root: Path, files: Files, suffix: str = ".tar") -> Path:
    path = root / f"pets{suffix}"
    write_tar(path, files.items())
    return path


def write_tar(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """A tar, packed as its suffix says."""
    mode = {"gz": "w:gz", "tgz": "w:gz", "xz": "w:xz", "bz2": "w:bz2"}.get(path.name.rsplit(".", 1)[-1], "w")
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def as_shards(root: Path, files: Files) -> str:
    """Two shards, by the name that stands for both."""
    samples = list(files.items())
    half = len(samples) // 2
    for number, some in enumerate((samples[:half], samples[half:])):
        members = [
            pair
            for path, content in some
            for key in [path.replace("/", "-").removesuffix(".png")]
            for pair in ((f"{key}.png", content), (f"{key}.cls", path.split("/")[0].encode()))
        ]
        write_tar(root / f"pets-{number:06}.tar", members)
    return str(root / "pets-{000000..000001}.tar")


def as_parquet(root: Path, files: Files, rows_a_group: int = 5) -> Path:
    """As data hubs write it: a struct of bytes and path, classes as numbers with their names in the schema."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    names = sorted({path.split("/")[0] for path in files})
    written = pa.table(
        {
            "image": [{"bytes": content, "path": path} for path, content in files.items()],
            "label": [names.index(path.split("/")[0]) for path in files],
        }
    )
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
    said = {"huggingface": json.dumps({"info": {"features": features}})}
    write_table(written.replace_schema_metadata(said), root / "pets.parquet", row_group_size=rows_a_group)
    return root / "pets.parquet"


def as_npz(root: Path, files: Files) -> Path:
    pixels = [np.asarray(Image.open(io.BytesIO(content))) for content in files.values()]
    np.savez(root / "pets.npz", x=np.stack(pixels), y=np.array([path.split("/")[0] for path in files]))
    return root / "pets.npz"


FORMS: dict[str, Callable[[Path, Files], Path | str]] = {
    "folder": as_folder, "csv": as_csv, "zip": as_zip, "tar": as_tar, "shards": as_shards, "parquet": as_parquet,
    "npz": as_npz,
}  # fmt: skip
"""Form -> what writes it below a folder; what names it comes out."""
