"""What `auto` makes of the settings that hang together: pictures that grow while training, and views at the end."""

from __future__ import annotations

from tellapart.config import RunConfig, Views
from tellapart.data.resident import Loaded
from tellapart.models import chosen

SIZES = (0.625, 0.75, 0.875, 1.0, 1.0)
"""Shares of the full picture size, each for a fifth of the epochs: three quarters of the work of full pictures."""
SMALLEST, FEWEST = 24, 2_500
"""Pixels of the shorter side, and training pictures, from which on pictures grow: there it saves a minute or more, and
five eighths of such a side still show what is on it."""
GROWS = ("whitened-cnn",)
"""Models that were made for pictures of any size."""


def picture_sizes(config: RunConfig, loaded: Loaded) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The picture sizes to train at, and a line about them where they were left open and grow.

    They grow only where `augment` is auto, and where no time is given, by which sizes are planned.
    """
    spec, sizes = loaded.spec, config.load.sizes
    if sizes:
        return sizes, ()
    fits = spec.kind == "image" and min(spec.shape[1:]) >= SMALLEST and len(loaded.parts["train"]) >= FEWEST
    left = config.load.augment == "auto" and config.train.time is None and chosen(config.model, spec) in GROWS
    if not (fits and left):
        return (1.0,), ()
    return SIZES, (f"pictures grow while it trains, from {SIZES[0]:.1%} of their size",)


def views_of(config: RunConfig, loaded: Loaded) -> Views | None:
    """How a picture is looked at that the model is unsure about: of auto, mirrored too where training pictures are."""
    views = config.model.views
    if views != "auto":
        return views
    return "mirrored" if config.load.flip and not loaded.spec.tasks else "one"
