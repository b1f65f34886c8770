"""How large a picture may be, looked at before anything is decoded; and which shapes are none of ours."""

from tellapart.errors import UnreadableError

MAX_PIXELS = 100_000_000
"""A header that promises more is refused before anything is decoded."""
MAX_CHANNELS = 64
MAX_VALUES = 3 * MAX_PIXELS
"""Numbers in one picture, over all its channels."""


def check_size(width: int, height: int, channels: int = 1) -> None:
    """Raise UnreadableError where a picture has no pixels, too many of them, or too many channels."""
    if width < 1 or height < 1:
        raise UnreadableError(f"{width} x {height} pixels: it has none")
    if width * height > MAX_PIXELS:
        raise UnreadableError(f"{width} x {height} = {width * height:,} pixels; at most {MAX_PIXELS:,} are decoded")
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnreadableError(f"{channels} channels; pictures have 1 to {MAX_CHANNELS}")
    if width * height * channels > MAX_VALUES:
        raise UnreadableError(
            f"{width} x {height} pixels of {channels} channels = {width * height * channels:,} numbers; "
            f"at most {MAX_VALUES:,} are decoded"
        )


def channels_stand_first(shape: tuple[int, ...]) -> bool:
    """Whether (H, W, C) is a (C, H, W) by mistake: a side of a picture would be its channels.

    A small picture of many channels, as (5, 5, 64), is none of those; what is square behind its first number is one.
    """
    height, width, channels = shape
    return channels > 4 and height < min(width, channels) and (width == channels or height in (3, 4))
