"""Mixup and cutmix: by hand, by the beta distribution, and whatever the size of the batch."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from tellapart.data.augment import Augmentation
from tellapart.data.batches import shuffled
from tellapart.data.mix import beta, mixed
from tellapart.data.resident import Resident
from tellapart.seeds import uniform
from tellapart.types import Batch, Order

ORDER = Order(seed=3, epoch=1)
BOTH = Augmentation(mixup=0.4, cutmix=1.0, crop_padding=2, flip=True)


def part(N: int = 23, H: int = 8, W: int = 10, C: int = 3) -> Resident:
    """Sample i is of class i."""
    generator = torch.Generator().manual_seed(0)
    return Resident(
        inputs=torch.randint(0, 256, (N, H, W, C), generator=generator).to(torch.uint8),
        targets=torch.arange(N),
        keys=torch.randint(-(2**62), 2**62, (N,), generator=generator),
        ids=tuple(map(str, range(N))),
    )


def drawn(N: int, **draws: float) -> dict[str, Tensor]:
    return {name.replace("_", "-"): torch.full((N,), value) for name, value in draws.items()}


def whole(batches: list[Batch]) -> dict[str, Tensor]:
    """The batches one after the other."""
    fields = ("inputs", "targets", "partners", "shares", "keys", "rows")
    return {name: torch.cat([getattr(batch, name) for batch in batches]) for name in fields}


def black_and_white(N: int, H: int = 20, W: int = 30) -> tuple[Tensor, Tensor]:
    own = torch.zeros(N, H, W, 1, dtype=torch.uint8)
    return own, torch.full_like(own, 200)


# ---- the mixture


def test_mixup_by_hand() -> None:
    own, partners = (
        torch.tensor(values, dtype=torch.uint8).view(1, 1, 3, 1) for values in ([0, 100, 255], [100, 0, 255])
    )
    draws = drawn(1, mix=0.0, mixup=0.25)
    pictures, shares = mixed(own, partners, 1.0, None, draws.__getitem__)
    share = 1 - (1024 + 0.5) / 4096  # of Beta(1, 1), which is even; the larger one is the own
    assert shares.item() == pytest.approx(share, abs=1e-5)
    assert pictures.flatten().tolist() == [round(100 * (1 - share)), round(100 * share), 255]


def test_cutmix_by_hand() -> None:
    own, partners = black_and_white(1, 10, 20)
    draws = drawn(1, mix=0.9, cutmix=0.75, cutmix_y=0.5, cutmix_x=0.0)
    pictures, shares = mixed(own, partners, None, 1.0, draws.__getitem__)
    expected = torch.zeros(10, 20)
    expected[3:7, :5] = 200  # sides of about half, 4 and 9 pixels, around row 5 and column 0
    assert torch.equal(pictures[0, :, :, 0], expected.byte())
    assert shares.item() == pytest.approx(1 - 20 / 200)


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, None), (None, 1.0), (0.4, 1.0), (0.4, 0.0), (0.0, 0.3)])
def test_a_share_is_that_of_the_own_pixels(mixup: float | None, cutmix: float | None) -> None:
    own, partners = black_and_white(500)
    keys = torch.randint(-(2**62), 2**62, (500,), generator=torch.Generator().manual_seed(1))
    pictures, shares = mixed(own, partners, mixup, cutmix, lambda name: uniform(keys, name))
    brightness = pictures.flatten(1).float().mean(1) / 200
    assert (shares - (1 - brightness)).abs().max() < 0.5 / 200 + 1e-6
    assert shares.min() >= (0.5 if not cutmix else 0)
    assert shares.max() > 0.9


def test_half_of_the_pictures_are_blended_and_half_are_pasted_into() -> None:
    own, partners = black_and_white(2000)
    keys = torch.randint(-(2**62), 2**62, (2000,), generator=torch.Generator().manual_seed(1))
    pictures, _ = mixed(own, partners, 1.0, 1.0, lambda name: uniform(keys, name))
    pasted = ((pictures == 0) | (pictures == 200)).flatten(1).all(1)
    assert pasted.float().mean().item() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_are_drawn_from_the_beta_distribution(alpha: float) -> None:
    draws = torch.rand(5000, generator=torch.Generator().manual_seed(0))
    assert stats.kstest(beta(alpha, draws).numpy(), stats.beta(alpha, alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 1e6, 1e9])
def test_any_alpha_gives_shares_between_0_and_1(alpha: float) -> None:
    shares = beta(alpha, torch.linspace(0, 0.9999, 999))
    assert ((shares >= 0) & (shares <= 1)).all()


# ---- the partner


def test_the_partner_is_the_one_that_follows_in_the_order_and_of_the_last_the_first() -> None:
    made = whole(list(shuffled(part(), ORDER, 5, BOTH)))
    assert torch.equal(made["partners"], made["targets"].roll(-1))
    assert sorted(made["targets"].tolist()) == list(range(23))
    assert torch.equal(made["rows"], made["targets"])


@pytest.mark.parametrize("batch", [1, 4, 7, 22, 50])
def test_a_mixed_picture_is_the_same_whatever_the_batch_size(batch: int) -> None:
    one, other = (whole(list(shuffled(part(), ORDER, size, BOTH))) for size in (23, batch))
    for name, values in one.items():
        assert torch.equal(values, other[name]), name


@pytest.mark.parametrize("skip", range(5))
def test_a_pause_has_no_say_in_what_is_mixed(skip: int) -> None:
    unbroken = list(shuffled(part(), ORDER, 5, BOTH))[skip:]
    rest = list(shuffled(part(), Order(seed=3, epoch=1, skip=skip), 5, BOTH))
    assert len(rest) == len(unbroken)
    for name, values in whole(unbroken).items():
        assert torch.equal(values, whole(rest)[name])


def test_pictures_are_mixed_as_they_come_out_of_the_other_changes() -> None:
    plain = whole_inputs(Augmentation(crop_padding=2, flip=True))
    pasted = whole_inputs(Augmentation(crop_padding=2, flip=True, cutmix=1.0))
    assert ((pasted == plain) | (pasted == plain.roll(-1, 0))).all()
    assert not torch.equal(pasted, plain)


def whole_inputs(augmentation: Augmentation) -> Tensor:
    return next(shuffled(part(), ORDER, 23, augmentation)).inputs


def test_one_sample_is_its_own_partner() -> None:
    (batch,) = shuffled(part(1), ORDER, 5, Augmentation(mixup=1.0))
    assert batch.partners is not None
    assert batch.partners.tolist() == [0]
    assert torch.equal(batch.inputs.permute(0, 2, 3, 1), part(1).inputs)


def test_without_mixing_there_are_no_partners() -> None:
    batch = next(shuffled(part(), ORDER, 5, Augmentation(flip=True)))
    assert batch.partners is None
    assert batch.shares is None


def test_pictures_that_are_kept_stay_as_they_were() -> None:
    kept = part()
    for batch in shuffled(kept, ORDER, 5, Augmentation(mixup=1.0, cutmix=1.0)):
        batch.inputs.zero_()
    assert np.array_equal(kept.inputs[:].numpy(), part().inputs[:].numpy())
