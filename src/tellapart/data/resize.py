"""A decoded picture, brought to the size and channels that a model takes."""

import numpy as np
from PIL import Image

from tellapart.data.decode import Picture, as_array
from tellapart.types import Fit


def fit_picture(picture: Picture, height: int, width: int, channels: int, fit: Fit) -> Picture:
    """uint8 (height, width, channels); the picture itself, not a copy, where it is that already.

    `stretch` changes the aspect; `pad` keeps it and fills the rest with the median colour of the picture's border;
    `crop` keeps it and takes the centre. Grey is repeated to three channels; colour becomes grey by ITU-R 601 luma.
    """
    if picture.shape == (height, width, channels):
        return picture
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    image = image.convert("L" if channels == 1 else "RGB")
    if fit == "pad":
        image = _padded(image, height, width)
    elif image.size != (width, height):
        box = _centre(image, width / height) if fit == "crop" else None
        image = image.resize((width, height), Image.Resampling.BILINEAR, box)
    return as_array(image)


def _centre(image: Image.Image, aspect: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the largest centred box of an aspect, which is width by height."""
    width, height = min(image.width, image.height * aspect), min(image.height, image.width / aspect)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return left, top, left + width, top + height


def _padded(image: Image.Image, height: int, width: int) -> Image.Image:
    scale = min(height / image.height, width / image.width)
    size = (min(width, max(1, round(image.width * scale))), min(height, max(1, round(image.height * scale))))
    pixels = as_array(image)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    canvas = Image.new(image.mode, (width, height), tuple(int(value) for value in np.median(border, axis=0)))
    canvas.paste(image.resize(size, Image.Resampling.BILINEAR), ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas
