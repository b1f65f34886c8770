"""A picture, brought to the size and channels that a model takes."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tellapart.data.decode import Picture, as_array, decode, decode_image, of_bands
from tellapart.errors import UnreadableError
from tellapart.names import counted
from tellapart.types import Fit

LOOKED_AT = (1, 3)
"""Channels of grey and colour pictures: the two that become each other. Any other number stays what it is."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a model takes."""

    height: int
    width: int
    channels: int
    fit: Fit

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


def picture_in(content: bytes, form: Form | None) -> Picture:
    """uint8 (H, W, C) of a picture file, in a form if there is one; UnreadableError says in a line what is wrong.

    The same as fitting what `decode` gives with the form's room, without the array between them.
    """
    if form is None:
        return decode(content)
    if of_bands(content):
        return fit_picture(decode(content), form.height, form.width, form.channels, form.fit)
    image = decode_image(content, (form.height, form.width))
    _check_channels(len(image.getbands()), form.channels)
    return as_array(_fitted(image, form))


def fit_picture(picture: Picture, height: int, width: int, channels: int, fit: Fit) -> Picture:
    """uint8 (height, width, channels); the picture itself, not a copy, where it is that already.

    `stretch` changes the aspect; `pad` keeps it and fills the rest with the median colour of the picture's border;
    `crop` keeps it and takes the centre. Grey is repeated to three channels; colour becomes grey by ITU-R 601 luma.
    Any other number of channels is resized one by one; UnreadableError where it is not the number asked for.
    """
    if picture.shape == (height, width, channels):
        return picture
    there = picture.shape[2]
    _check_channels(there, channels)
    form = Form(height=height, width=width, channels=channels, fit=fit)
    if there in LOOKED_AT:
        return as_array(_fitted(Image.fromarray(picture[:, :, 0] if there == 1 else picture), form))
    planes = [Image.fromarray(np.ascontiguousarray(picture[:, :, place])) for place in range(there)]
    return np.concatenate([as_array(_fitted(plane, replace(form, channels=1))) for plane in planes], axis=2)


def visible(picture: Picture) -> Picture:
    """What can be shown of a picture: itself where it is grey or colour, else its first three channels, or one."""
    channels = picture.shape[2]
    return picture if channels in LOOKED_AT else np.ascontiguousarray(picture[:, :, : 3 if channels > 3 else 1])


def _check_channels(there: int, channels: int) -> None:
    """Raise UnreadableError where a picture can't be brought to a number of channels."""
    if there != channels and not (there in LOOKED_AT and channels in LOOKED_AT):
        raise UnreadableError(f"{counted(there, 'channel')}, where {channels} are taken")


def _fitted(image: Image.Image, form: Form) -> Image.Image:
    """An image of mode L or RGB in a form."""
    mode = "L" if form.channels == 1 else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if image.size == (form.width, form.height):
        return image
    if form.fit == "pad":
        return _padded(image, form.height, form.width)
    box = _centre(image, form.width / form.height) if form.fit == "crop" else None
    return image.resize((form.width, form.height), Image.Resampling.BILINEAR, box)


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
