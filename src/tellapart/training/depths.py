"""How far each weight is from the head, for learning rates that fall towards the input."""

import re

from torch import nn

NUMBERED = re.compile(r"(?:[^.\d][^.]*\.)*\d+(?:\.\d+)*(?:\.blocks\.\d+)?(?=\.)")
"""A name as far as its first numbers, and the number of a block inside: `4`, `layer1.0`, `stages.2.blocks.1`."""


def layer_depths(module: nn.Module) -> dict[str, int]:
    """Name of each weight -> blocks from the head to it; 0 is the head, which is the last block with a matrix.

    Blocks are in the order in which the module lists its weights. What shares a number is one (`blocks.3`, `layer1.0`);
    what has none is one a layer, but for all that comes before the first number, which is the stem. What has no matrix
    and no filter, as a normalisation, is of the block before it.
    Source: Howard & Ruder 2018, "Universal Language Model Fine-tuning", section 3.2 (arXiv:1801.06146); by blocks as
    in Bao et al. 2022, "BEiT" (arXiv:2106.08254).
    """
    weights = dict(module.named_parameters())
    blocks = _blocks(list(weights))
    order = list(dict.fromkeys(blocks[name] for name, weight in weights.items() if weight.ndim > 1))
    place, places = 0, {}
    for name in weights:
        place = order.index(blocks[name]) if blocks[name] in order else place
        places[name] = place
    return {name: max(len(order) - 1, 0) - place for name, place in places.items()}


def _blocks(names: list[str]) -> dict[str, str]:
    """Name of each weight -> name of its block; `` is the stem."""
    numbers = {name: found[0] for name in names if (found := NUMBERED.match(name))}
    first = next((place for place, name in enumerate(names) if name in numbers), 0)
    return {
        name: numbers.get(name, "" if place < first else name.rpartition(".")[0]) for place, name in enumerate(names)
    }
