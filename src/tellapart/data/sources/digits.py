"""The 1,797 scanned digits that come with scikit-learn: pictures of 8x8 grey pixels."""

from pathlib import Path

import numpy as np

from tellapart.data.sources.arrays import ArraySource


def open_digits(data_dir: Path | None) -> ArraySource:  # noqa: ARG001  (every opener of the table takes the folder)
    """The digits, without parts; their 17 shades are spread over 0 to 255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return ArraySource("digits", pictures, digits.target, ids=[f"{row:04d}" for row in range(len(pictures))])
