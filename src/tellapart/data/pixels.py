"""Decoded pictures on the disk: a file of pixels, and a file of the contents that they were decoded from.

Row i of both belongs to one picture. Rows are only ever added, pixels before contents, so a kill at any moment leaves
a shorter file that the next run goes on with, and a picture that is added to the data adds a row and moves none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL
from PIL import features

from tellapart.data.room import make_room
from tellapart.data.source import Value
from tellapart.files import held
from tellapart.types import Fit

if TYPE_CHECKING:
    from torch import Tensor

DECODER = 2
"""Raised whenever `decode` or `fit_picture` come to give other pixels."""
DIGEST_BYTES = 16
FLUSHED = 1024
"""Pictures after which what is written is brought to the disk, and counted in."""
FOLDER = "decoded"
"""In the user's cache folder."""
ADVICE = "Take a smaller --size or --cache none, or set XDG_CACHE_HOME to a folder with more room."


KEPT_S = 24 * 3600
"""Seconds for which a file that was used stays, whatever is asked for: a run may be at it."""


class Pixels:
    """The decoded pictures of one data set, all of one shape.

    folder  where the two files are; only one process at a time adds to them
    shape   (H, W, C)
    """

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        self.folder, self.shape = folder, shape
        self._pixels, self._contents = folder / "pictures.u8", folder / "contents.bin"
        self._row_bytes = int(np.prod(shape))
        folder.mkdir(parents=True, exist_ok=True)
        self._pixels.touch()
        self._contents.touch()
        self.rows = self._counted_in()

    def _counted_in(self) -> dict[bytes, int]:
        """Content -> row, of the rows that both files hold whole."""
        contents = self._contents.read_bytes()
        whole = min(len(contents) // DIGEST_BYTES, self._pixels.stat().st_size // self._row_bytes)
        return {contents[DIGEST_BYTES * row : DIGEST_BYTES * (row + 1)]: row for row in range(whole)}

    def add(self, pictures: Iterable[tuple[bytes, Value]]) -> None:
        """Write pictures behind the others: (digest of the content, uint8 (H, W, C)), each content once."""
        with held(self.folder, wait=True), self._pixels.open("r+b") as pixels, self._contents.open("r+b") as contents:
            self.rows = self._counted_in()
            pixels.truncate(len(self.rows) * self._row_bytes)
            contents.truncate(len(self.rows) * DIGEST_BYTES)
            pixels.seek(0, os.SEEK_END)
            contents.seek(0, os.SEEK_END)
            new = ((digest, value) for digest, value in pictures if digest not in self.rows)
            while some := list(islice(new, FLUSHED)):
                for _, value in some:
                    pixels.write(value.tobytes())
                for file, more in ((pixels, b""), (contents, b"".join(digest for digest, _ in some))):
                    file.write(more)
                    file.flush()
                    os.fsync(file.fileno())
                self.rows |= {digest: len(self.rows) + place for place, (digest, _) in enumerate(some)}

    def tensor(self) -> Tensor:
        """All rows, uint8 (rows, H, W, C), as the file: what is read of it is in memory as long as there is room."""
        import torch

        count = len(self.rows)
        flat = torch.from_file(str(self._pixels), shared=False, size=count * self._row_bytes, dtype=torch.uint8)
        return flat.reshape(count, *self.shape)


def pixels_of(home: Path, place: str, shape: tuple[int, ...], fit: Fit, expected: int) -> Pixels:
    """The file of decoded pictures for a data set, with room for what is to come; DataError where there is none.

    home      the user's cache folder
    place     what the data set is known by: its resolved path
    expected  pictures that it will hold
    Where room is short, the files of other data sets go, those first that were used longest ago.
    """
    words = [place, *map(str, shape), fit, str(DECODER), PIL.__version__, str(features.version("jpg"))]
    key = hashlib.blake2b("\0".join(words).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    folder = home / FOLDER / key
    make_room(folder, expected * int(np.prod(shape)), "The decoded pictures", ADVICE, KEPT_S)
    pixels = Pixels(folder, shape)
    os.utime(folder)  # when it was used last
    return pixels
