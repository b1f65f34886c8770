"""Every optimiser of timm, by its name there: for our groups of weights, at our rates, and gone on with to the bit."""

from __future__ import annotations

import ast
import inspect
import math
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tellapart.errors import SettingError, TellapartError
from tellapart.names import did_you_mean

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Groups = list[dict[str, Any]]
USUAL_LR = {
    "SGD": (0.05, "as sgd's: their momentum is the same"),
    "SGDP": (0.05, "as sgd's: their momentum is the same"),
    "SGDW": (0.05, "as sgd's: their momentum is the same"),
    "NAdam": (1e-3, "as nadam's"),
    "NAdamLegacy": (1e-3, "as nadam's"),
    "RMSprop": (1e-3, "as rmsprop's"),
    "RMSpropTF": (1e-3, "as rmsprop's"),
    "Lion": (3e-4, "a third of adamw's: each weight moves by all of it, whatever its gradient"),
    "Lamb": (0.01, "as lamb's: a share of the norm of the layer"),
    "Adafactor": (1e-3, "as adam's, whose steps it takes with less memory"),
    "AdafactorBigVision": (1e-3, "as adam's, whose steps it takes with less memory"),
    "Muon": (3e-3, "thrice adamw's: its steps are made a fifth as long as the longest of adamw"),
}
"""Class of optimisers -> peak learning rate where none is asked for, and why; the others have timm's own.

Chen et al. 2023 (arXiv:2302.06675) take 3 to 10 times less for Lion than for AdamW. Of scanned digits a small mlp had
after 1,500 steps 96.6 % right at 0.0003, 86.9 % at 0.0001; after 300 steps AdaMuon 91.8 % at 0.003, 80.4 % at 0.001.
"""
UNREPEATABLE = {"Kron": "it draws random numbers of its own, which no checkpoint holds"}
"""Class of optimisers -> why a run that is gone on with would not come to the same bits."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What timm's source says of an optimiser."""

    kind: str
    """Its class; `package.module.Class` where it is of another package."""
    second_order: bool


def check_optimiser(name: str) -> None:
    """Raise TellapartError without timm, SettingError where it has no such optimiser, or one that can't be kept to.

    Neither timm nor torch loads.
    """
    known = offers()
    wrapper, _, inner = name.rpartition("_")
    if wrapper == "lookahead" and inner in known:
        raise _refusal(name, f"no checkpoint holds its second weights; timm:{inner} with ema is near it")
    if name not in known:
        usable = [f"timm:{other}" for other, offer in known.items() if _fault(offer) is None]
        raise SettingError(f"Unknown optimiser 'timm:{name}'. {did_you_mean(f'timm:{name}', usable)}")
    fault = _fault(known[name])
    if fault is not None:
        raise _refusal(name, fault)


@cache
def offers() -> dict[str, Offer]:
    """Name -> offer, sorted, from the source of the timm that is installed: to be asked, it would load torch."""
    found = find_spec("timm")
    if found is None:
        raise TellapartError("Optimisers called timm:NAME need timm: pip install 'tellapart[zoo]'")
    files = [path for folder in found.submodule_search_locations or () for path in Path(folder, "optim").glob("*.py")]
    sources = [text for path in sorted(files) if "OptimInfo(" in (text := path.read_text(encoding="utf-8"))]
    calls = [node for text in sources for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    rows = dict(_row(call) for call in calls if isinstance(call.func, ast.Name) and call.func.id == "OptimInfo")
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "register_alias":
            alias, target = (ast.literal_eval(argument) for argument in call.args)
            rows[alias] = rows[target]
    return dict(sorted(rows.items()))


def usual_lr(name: str) -> tuple[float, str]:
    """Peak learning rate where none is asked for, and why it is that; `name` was checked."""
    made = _timm().get_optimizer_class(name, bind_defaults=False)
    own = inspect.signature(made).parameters["lr"].default
    return USUAL_LR.get(made.__name__, (own, "the one that timm has for it"))


def timm_optimiser(name: str, groups: Groups, head: Tensor | None, momentum: float) -> Optimizer:
    """timm's optimiser over groups that have each a rate and a decay; SettingError where it can't be gone on with.

    head      the matrix of the last layer, which Muon's kind leaves to adamw
    momentum  for those that have one
    """
    check_optimiser(name)
    check_going_on(name)
    return _built(name, _for_kind(groups, offers()[name].kind, head), momentum)


@cache
def check_going_on(name: str) -> None:
    """Raise SettingError unless four steps of small weights are, to the bit, two and then two by a fresh optimiser."""
    import torch

    from tellapart.training.eager import step
    from tellapart.training.moments import moments_of, take_up

    shapes = [(20, 18), (18, 3, 3, 3), (20,)]

    def fresh(weights: list[Tensor]) -> tuple[list[Tensor], Optimizer]:
        weights = [weight.detach().clone().requires_grad_() for weight in weights]
        return weights, _built(name, [{"params": weights, "lr": 0.01, "weight_decay": 0.01}], 0.9)

    def move(weights: list[Tensor], optimiser: Optimizer, steps: range) -> None:
        for number in steps:
            for place, weight in enumerate(weights):
                weight.grad = torch.arange(weight.numel()).add(number + place).sin().view_as(weight)
            step(optimiser)

    weights, unbroken = fresh([torch.arange(math.prod(shape)).cos().view(shape) for shape in shapes])
    move(weights, unbroken, range(2))
    taken, other = fresh(weights)
    take_up(other, moments_of(unbroken))
    move(weights, unbroken, range(2, 4))
    move(taken, other, range(2, 4))
    if not all(torch.equal(one, same) for one, same in zip(weights, taken, strict=True)):
        raise _refusal(name, "a run that is gone on with would not come to the same bits")


def _built(name: str, groups: Groups, momentum: float) -> Optimizer:
    """timm's optimiser; what it takes for the peak of a group is the peak of that group."""
    words = {"momentum": momentum} if _timm().get_optimizer_info(name).has_momentum else {}
    built: Optimizer = _timm().create_optimizer_v2(groups, name, lr=groups[0]["lr"], weight_decay=0.0, **words)
    for group in built.param_groups:
        if "max_lr_snapshot" in group:
            group["max_lr_snapshot"] = group["lr"]
    return built


def _timm() -> Any:
    """timm's optimisers; loaded here, since with them comes all of timm."""
    from timm import optim

    return optim


def _for_kind(groups: Groups, kind: str, head: Tensor | None) -> Groups:
    """With what a kind of optimiser has to know of each group, beside rate and decay.

    LARS and LAMB adapt their step to each matrix whether it decays or not; Muon's kind leaves the head to adamw.
    """
    if kind in ("Lars", "Lamb"):
        return [{**group, "always_adapt": all(weight.ndim > 1 for weight in group["params"])} for group in groups]
    if kind != "Muon":
        return groups
    return [
        {**group, "params": weights, "use_fallback": is_head}
        for group in groups
        for is_head in (False, True)
        if (weights := [weight for weight in group["params"] if (weight is head) == is_head])
    ]


def _row(call: ast.Call) -> tuple[str, Offer]:
    """Name and offer of `OptimInfo(name='lion', opt_class=Lion, ...)`, the first two perhaps without their words."""
    words = dict(zip(("name", "opt_class"), call.args, strict=False))
    words |= {each.arg: each.value for each in call.keywords if each.arg is not None}
    kind = words["opt_class"]
    written = kind.value if isinstance(kind, ast.Constant) else ast.unparse(kind).rpartition(".")[2]
    second_order = "second_order" in words and ast.literal_eval(words["second_order"])
    return ast.literal_eval(words["name"]), Offer(kind=str(written), second_order=second_order)


def _fault(offer: Offer) -> str | None:
    """Why an optimiser is not to be had; None where it is."""
    if "." in offer.kind:
        return f"it is of the package {offer.kind.partition('.')[0]}, and works on some GPUs alone"
    if offer.second_order:
        return "it needs the gradient of the gradient, which training does not take"
    return UNREPEATABLE.get(offer.kind)


def _refusal(name: str, fault: str) -> SettingError:
    return SettingError(f"optimiser is 'timm:{name}': {fault}. Take another one.")
