"""timm's optimisers by name: our groups, rates of their kind, and a run that is gone on with comes to the same bits."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.toys import everything, go_on, taken_up, toy_learner
from torch import Tensor, nn
from torch.optim import Optimizer

from tellapart.commands.learner import circumstances
from tellapart.commands.settling import settled_lr
from tellapart.config import OptimConfig, RunConfig, read_toml
from tellapart.errors import SettingError, TellapartError
from tellapart.training import timm_optimiser
from tellapart.training.eager import step
from tellapart.training.moments import Moments, moments_of, take_up
from tellapart.training.optimisers import build_optimiser, peak_lr, set_lr
from tellapart.training.timm_optimiser import check_going_on, check_optimiser, offers, usual_lr

timm_optim = pytest.importorskip("timm.optim")


def usable(name: str) -> bool:
    try:
        check_optimiser(name)
    except SettingError:
        return False
    return True


USABLE = [name for name in offers() if usable(name)]
KINDS = {offers()[name].kind: name for name in reversed(USABLE)}
"""Class -> the first of its names."""
every_kind = pytest.mark.parametrize("name", sorted(KINDS.values()))
every_one = pytest.mark.parametrize("name", USABLE)


def small(seed: int = 0) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3 * 4, 5), nn.Linear(5, 2))
    for weight in module.parameters():
        weight.data = torch.randn(weight.shape, generator=generator)
    return module


def built(module: nn.Module, name: str, **optim: Any) -> Optimizer:
    return build_optimiser(module, OptimConfig(optimiser=f"timm:{name}", **optim))


def moved(module: nn.Module, optimiser: Optimizer, steps: int) -> list[Tensor]:
    """The weights after steps by gradients that are a function of the step."""
    for number in range(steps):
        generator = torch.Generator().manual_seed(number)
        for weight in module.parameters():
            weight.grad = torch.randn(weight.shape, generator=generator)
        step(optimiser)
    return [weight.detach() for weight in module.parameters()]


def refused(name: str) -> str:
    with pytest.raises(SettingError) as caught:
        check_optimiser(name)
    return str(caught.value)


# ---- by name


def test_the_names_are_those_that_timm_lists() -> None:
    assert list(offers()) == sorted(timm_optim.list_optimizers())
    assert {"lion", "adabelief", "radam", "adan", "lamb", "nesterov"} <= set(USABLE)


def test_what_is_refused_is_what_another_package_has_what_needs_two_passes_and_what_draws_by_itself() -> None:
    other = {name for name in offers() if name.startswith(("fused", "bnb"))}
    assert set(offers()) - set(USABLE) == other | {"adahessian", "kron", "kronw", "kronc"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "lionn",
            "Unknown optimiser 'timm:lionn'. Did you mean 'timm:lion'? There are: timm:adabelief, timm:adadelta, ",
        ),
        ("adahessian", "optimiser is 'timm:adahessian': it needs the gradient of the gradient, which training does "),
        ("kron", "optimiser is 'timm:kron': it draws random numbers of its own, which no checkpoint holds. Take "),
        ("fusedadam", "optimiser is 'timm:fusedadam': it is of the package apex, and works on some GPUs alone."),
        ("bnblion8bit", "optimiser is 'timm:bnblion8bit': it is of the package bitsandbytes, "),
        ("lookahead_lion", "optimiser is 'timm:lookahead_lion': no checkpoint holds its second weights; timm:lion "),
    ],
)
def test_a_name_that_is_not_to_be_had_is_told_why(name: str, said: str) -> None:
    assert said in refused(name)


@pytest.mark.parametrize("name", ["timm:", "timn:lion", "lion"])
def test_a_name_that_is_none_of_ours_tells_how_timm_s_are_called(name: str) -> None:
    with pytest.raises(SettingError, match=r"There are: sgd, adam, .*, timm:NAME\."):
        OptimConfig(optimiser=name)


def test_checking_a_name_loads_neither_timm_nor_torch() -> None:
    code = "import sys; from tellapart.training.timm_optimiser import check_optimiser\n"
    code += "check_optimiser('lion'); assert not {'torch', 'timm'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_timm_it_is_told_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    offers.cache_clear()
    monkeypatch.setattr(timm_optimiser, "find_spec", lambda _: None)
    with pytest.raises(TellapartError, match=r"pip install 'tellapart\[zoo\]'"):
        check_optimiser("lion")


def test_the_setting_comes_back_from_its_toml(tmp_path: Path) -> None:
    config = RunConfig.of("digits", {"optimiser": "timm:lion", "weight_decay": 0.1})
    (tmp_path / "config.toml").write_text(config.to_toml())
    settings = read_toml(tmp_path / "config.toml")
    assert RunConfig.of(settings.pop("data"), settings) == config


# ---- rates


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("lion", 3e-4),
        ("sgdp", 0.05),
        ("nesterov", 0.05),
        ("adabelief", 1e-3),
        ("radam", 1e-3),
        ("lamb", 0.01),
        ("muon", 3e-3),
        ("adafactor", 1e-3),
        ("adadelta", 1.0),
        ("laprop", 4e-4),
    ],
)
def test_each_kind_has_its_usual_learning_rate(name: str, usual: float) -> None:
    assert peak_lr(OptimConfig(optimiser=f"timm:{name}")) == usual
    assert peak_lr(OptimConfig(optimiser=f"timm:{name}", lr=0.3)) == 0.3


@every_one
def test_every_one_has_a_usual_rate_and_a_reason(name: str) -> None:
    lr, why = usual_lr(name)
    assert 1e-5 < lr <= 1
    assert why


def test_the_usual_rate_is_told_and_settled() -> None:
    optim, said = settled_lr(OptimConfig(optimiser="timm:lion"))
    assert optim.lr == 3e-4
    assert said[0].startswith("learning rate 0.0003 for timm:lion, a third of adamw's")
    assert settled_lr(OptimConfig(optimiser="timm:lion", lr=0.3))[1] == ()
    assert settled_lr(OptimConfig(optimiser="adam")) == (OptimConfig(optimiser="adam"), ())


@every_kind
def test_decay_is_of_matrices_and_filters_alone_and_every_group_has_its_rate(name: str) -> None:
    module = small()
    optimiser = built(module, name, lr=0.01, weight_decay=0.1)
    for group in optimiser.param_groups:
        assert group["weight_decay"] == (0.1 if group["params"][0].ndim > 1 else 0.0)
        assert group["lr"] == group["peak"] == 0.01
    held = [id(weight) for group in optimiser.param_groups for weight in group["params"]]
    assert sorted(held) == sorted(id(weight) for weight in module.parameters())
    set_lr(optimiser, 0.5)
    assert {group["lr"] for group in optimiser.param_groups} == {0.005}


@every_kind
def test_rates_fall_from_block_to_block_and_a_layer_decay_of_1_changes_no_step(name: str) -> None:
    groups = built(small(), name, lr=0.01, layer_decay=0.5).param_groups
    assert {group["lr"] for group in groups} == {0.01, 0.005, 0.0025}
    assert all(group.get("max_lr_snapshot", group["lr"]) == group["lr"] for group in groups)
    one, other = small(), small()
    plain = moved(one, built(one, name, lr=0.01), 3)
    layered = moved(other, built(other, name, lr=0.01, layer_decay=1.0), 3)
    assert all(torch.equal(mine, own) for mine, own in zip(plain, layered, strict=True))


@pytest.mark.parametrize("name", ["lion", "adabelief", "radamw", "adan", "sgdw"])
def test_steps_are_those_of_timm_itself(name: str) -> None:
    ours, theirs = small(), small()
    reference = timm_optim.create_optimizer_v2(theirs, name, lr=0.01, weight_decay=0.1)
    mine = moved(ours, built(ours, name, lr=0.01, weight_decay=0.1), 20)
    for one, other in zip(mine, moved(theirs, reference, 20), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", ["lars", "lamb"])
def test_the_steps_of_a_layer_go_by_its_norm_where_nothing_decays_too(name: str) -> None:
    groups = built(small(), name).param_groups
    assert [group["always_adapt"] for group in groups] == [True, False]


def test_muon_of_timm_leaves_the_head_to_adamw() -> None:
    module = small()
    alone = [group["params"] for group in built(module, "muon").param_groups if group["use_fallback"]]
    assert [len(weights) for weights in alone] == [1]
    assert alone[0][0] is module[4].weight


@pytest.mark.parametrize("name", ["momentum", "sgdp", "lars"])
def test_momentum_is_that_of_the_settings(name: str) -> None:
    assert {group["momentum"] for group in built(small(), name, momentum=0.7).param_groups} == {0.7}


# ---- gone on with


@every_one
def test_two_steps_and_two_more_are_four(name: str) -> None:
    check_going_on(name)


def test_one_that_would_not_come_to_the_same_bits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tellapart.training.moments.take_up", lambda *_: None)
    check_going_on.cache_clear()
    with pytest.raises(SettingError, match=r"'timm:lion': a run that is gone on with would not come to the same bits"):
        check_going_on("lion")
    check_going_on.cache_clear()


@pytest.mark.filterwarnings("ignore:It is highly recommended")
def test_moments_that_are_neither_tensors_nor_numbers_are_refused() -> None:
    module = nn.Linear(6, 4)
    kron = timm_optim.create_optimizer_v2(module, "kron", lr=0.01)
    moved(module, kron, 1)
    with pytest.raises(SettingError, match="The optimiser Kron keeps 'Q', which is neither a tensor nor a number"):
        moments_of(kron)


def test_moments_keep_their_precision_and_counters_of_groups() -> None:
    module, other = small(), small()
    optimiser, fresh = built(module, "adafactorbv"), built(other, "adafactorbv")
    moved(module, optimiser, 2)
    take_up(fresh, moments_of(optimiser))
    kinds = {value.dtype for state in fresh.state.values() for value in state.values()}
    assert torch.bfloat16 in kinds
    optimiser = built(module, "adan")
    moved(module, optimiser, 2)
    assert moments_of(optimiser).numbers == {"group-0.step": 2, "group-1.step": 2}


def test_moments_that_lie_on_the_cpu_stay_there() -> None:
    optimiser = built(small().to("meta"), "adamw")
    weight = optimiser.param_groups[0]["params"][0]
    take_up(optimiser, Moments(tensors={"0.step": torch.tensor(2.0), "0.more": torch.tensor(1.0)}, on_cpu=["0.step"]))
    assert (optimiser.state[weight]["step"].device.type, optimiser.state[weight]["more"].device.type) == ("cpu", "meta")
    assert moments_of(optimiser).on_cpu == ["0.step"]


@pytest.mark.parametrize(
    "name", ["lion", "adabelief", "radam", "adan", "lamb", "laprop", "muon", "nadamlegacy", "mars"]
)
def test_a_run_that_is_broken_at_any_step_comes_to_the_same_bits(name: str, tmp_path: Path) -> None:
    settings = {"optimiser": f"timm:{name}", "weight_decay": 0.01, "ema": 0.9, "epochs": 2}
    unbroken = toy_learner(**settings)
    go_on(unbroken)
    for at in (1, 3, 5):
        broken = toy_learner(**settings)
        go_on(broken, lambda state, at=at: state.step == at)  # type: ignore[misc]
        (tmp_path / str(at)).mkdir()
        resumed = taken_up(broken, tmp_path / str(at), **settings)
        go_on(resumed)
        assert everything(resumed) == everything(unbroken)


@every_kind
def test_weights_that_were_still_for_an_epoch_learn_with_the_others(name: str) -> None:
    module = small()
    optimiser = built(module, name)
    generator = torch.Generator().manual_seed(0)
    before = [weight.detach().clone() for weight in module.parameters()]
    for number in range(4):
        for place, weight in enumerate(module.parameters()):
            still = number < 2 and place < 4
            weight.grad = None if still else torch.randn(weight.shape, generator=generator)
        step(optimiser)
    for weight, first in zip(module.parameters(), before, strict=True):
        assert weight.isfinite().all()
        assert weight.ndim == 1 or not torch.equal(weight, first)  # a cautious one may leave a bias alone


def test_the_version_of_timm_is_part_of_the_promise() -> None:
    assert "timm" in circumstances(toy_learner(optimiser="timm:lion"))["versions"]
    assert "timm" not in circumstances(toy_learner())["versions"]
