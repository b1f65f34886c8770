"""How a gradient becomes a step."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, AdamW, NAdam, Optimizer, RMSprop

from tellapart.config import OptimConfig
from tellapart.training.depths import layer_depths
from tellapart.training.eager import without_compiler
from tellapart.training.lamb import Lamb
from tellapart.training.muon import Muon
from tellapart.training.timm_optimiser import Groups, timm_optimiser, usual_lr

USUAL_LR = {
    "sgd": 0.05,
    "adam": 1e-3,
    "adamw": 1e-3,
    "nadam": 1e-3,
    "rmsprop": 1e-3,
    "adagrad": 0.01,
    "lamb": 0.01,
    "muon": 0.1,
}
"""Peak learning rate where none is asked for."""
RECORD_F = 256
"""Inputs of the head in the network that Muon's companions were tuned on."""


def _sgd(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    groups = _decaying_or_not(module, config)
    return SGD(groups, lr=peak_lr(config), momentum=config.momentum, nesterov=config.nesterov, fused=True)


def _adam(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    return Adam(_decaying_or_not(module, config), lr=peak_lr(config), fused=True)


def _adamw(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    return AdamW(_decaying_or_not(module, config), lr=peak_lr(config), fused=True)


def _nadam(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    return NAdam(_decaying_or_not(module, config), lr=peak_lr(config))


def _rmsprop(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    return RMSprop(_decaying_or_not(module, config), lr=peak_lr(config))


def _adagrad(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    return Adagrad(_decaying_or_not(module, config), lr=peak_lr(config))


def _lamb(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    return Lamb(_decaying_or_not(module, config), lr=peak_lr(config))


def _of_timm(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:  # noqa: ARG001
    assert config.of_timm is not None
    matrices = [weight for weight in module.parameters() if weight.requires_grad and weight.ndim > 1]
    head = matrices[-1] if matrices else None
    return timm_optimiser(config.of_timm, _decaying_or_not(module, config), head, config.momentum)


def _muon(module: nn.Module, config: OptimConfig, batch: int) -> Optimizer:
    """Muon for hidden filters and matrices; SGD for the last layer, biases and scales, each at its own rate.

    Those rates grow with the batch, since the gradient is of its mean loss. With F inputs to the head, that many add up
    in a logit, each with a weight of about 1/F: so the head's rate falls with F, and that of the biases rises with it.
    The constants are the record's, whose F is 256 (Jordan 2024).
    """
    trained = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
    matrices = [name for name, weight in trained.items() if weight.ndim > 1]
    followed = followed_by_normalisation(module)
    hidden = [trained[name] for name in matrices[:-1]]
    head = [trained[name] for name in matrices[-1:]]
    F = head[0][0].numel() if head else RECORD_F
    head_lr = 0.67 * batch / (RECORD_F * F) if config.head_lr is None else config.head_lr
    bias_lr = 0.053 * batch * F / RECORD_F if config.bias_lr is None else config.bias_lr
    rest = {"rule": "sgd", "momentum": config.momentum, "decay": config.weight_decay}
    groups: Groups = [
        {"params": [w for w in hidden if w in followed], "rule": "muon", "lr": peak_lr(config), "rescale": True},
        {"params": [w for w in hidden if w not in followed], "rule": "muon", "lr": peak_lr(config), "rescale": False},
        {"params": head, "lr": head_lr, **rest},
        {"params": [weight for weight in trained.values() if weight.ndim <= 1], "lr": bias_lr, **rest},
    ]
    return Muon(_layered(groups, module, config), momentum=config.muon_momentum)


OPTIMISERS: dict[str, Callable[[nn.Module, OptimConfig, int], Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "nadam": _nadam,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "lamb": _lamb,
    "muon": _muon,
}


def peak_lr(config: OptimConfig) -> float:
    """The learning rate asked for, or the optimiser's usual one."""
    if config.lr is not None:
        return config.lr
    return usual_lr(config.of_timm)[0] if config.of_timm else USUAL_LR[config.optimiser]


def build_optimiser(module: nn.Module, config: OptimConfig, batch: int = 64) -> Optimizer:
    """The optimiser over all trainable weights, for steps of so many samples."""
    with without_compiler():
        build = _of_timm if config.of_timm else OPTIMISERS[config.optimiser]
        optimiser = build(module, config, batch)
    for group in optimiser.param_groups:
        group["peak"] = group["lr"]
    return optimiser


def _decaying_or_not(module: nn.Module, config: OptimConfig) -> Groups:
    """Decay pulls at matrices and filters, not at biases or scales."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups: Groups = [
        {"params": [p for p in trained if p.ndim > 1], "lr": peak_lr(config), "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "lr": peak_lr(config), "weight_decay": 0.0},
    ]
    return _layered(groups, module, config)


def _layered(groups: Groups, module: nn.Module, config: OptimConfig) -> Groups:
    """The groups that hold a weight; cut by depth, each at its own rate, where the rates fall towards the input."""
    if config.layer_decay is None:
        return [group for group in groups if group["params"]]
    named, depths = dict(module.named_parameters()), layer_depths(module)
    depth_of = {id(weight): depths[name] for name, weight in named.items()}
    layered: Groups = []
    for group in groups:
        for depth in sorted({depth_of[id(weight)] for weight in group["params"]}):
            weights = [weight for weight in group["params"] if depth_of[id(weight)] == depth]
            layered.append({**group, "params": weights, "lr": group["lr"] * config.layer_decay**depth})
    return layered


def followed_by_normalisation(module: nn.Module) -> set[Tensor]:
    """Filters whose scale has no effect: those of convolutions without a bias, which is left out for that reason."""
    return {layer.weight for layer in module.modules() if isinstance(layer, nn.Conv2d) and layer.bias is None}


def set_lr(optimiser: Optimizer, share: float) -> None:
    """Give every group of weights the learning rate of this step: a share of its peak."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * share
