"""The settings of how the weights move: the loss, the optimiser and the learning rate on its way."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tellapart.checks import at_least, check_types, share
from tellapart.errors import SettingError
from tellapart.names import did_you_mean

Loss = Literal["cross-entropy", "focal", "brier", "mse", "huber"]
NumberLoss = Literal["huber", "squared"]
Balance = Literal["auto", "none", "weights", "class-balanced", "sampler", "logit-adjust"]
Optimiser = Literal["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "lamb", "muon"]
FROM_TIMM = "timm:"
"""How the name of an optimiser of timm begins."""
Schedule = Literal["constant", "step", "cosine", "linear", "one-cycle", "plateau"]


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How the weights move."""

    loss: Loss = "cross-entropy"
    """What is made small: focal heeds what is easy less; brier, mse and huber bear wrong labels better, by errors of
    the probabilities (brier) or of the logits."""
    number_loss: NumberLoss = "huber"
    """Likewise where a number is asked for, in units of its standard deviation: huber pulls no harder beyond one."""
    task_weights: tuple[float, ...] = ()
    """Weight of each task in the loss, in the order of label_columns and number_columns; by default one over the mean
    loss that each has in the batch, which is what uncertainty weighting comes to."""
    balance: Balance = "auto"
    """What makes classes of unequal size count alike: weights in the loss, an epoch that shows each as often, or logits
    adjusted while training; auto takes the last where one has ten times the samples of another."""
    teacher: Path | None = None
    """Run or model folder whose answers are learned beside the labels (distillation); it may be larger, or several."""
    temperature: float = 4.0
    """By which its answers are softened, and those that learn from them: what it takes a class for stands out more."""
    teacher_share: float = 0.7
    """Share of the teacher's answers in the loss; the rest are the labels."""
    agree_with: Path | None = None
    """Run or model folder of an older model that this one shall take the place of: it pays for being wrong where that
    was right. The report says how many such samples there are."""
    agree_weight: float = 1.0
    """Weight of the disagreement with the older model, beside the loss."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes (all losses but focal)."""
    optimiser: Optimiser | str = "adam"
    """How a gradient becomes a step; timm:NAME, as in timm:lion, is any of timm's."""
    lr: float | None = None
    """Peak learning rate, per step; by default 0.05 for sgd, 0.1 for muon, 0.01 for adagrad and lamb, 0.001 for the
    others; of timm's as usual for their kind, which is told."""
    momentum: float = 0.9
    """Share of the last step kept in the next (sgd, timm's that have one; of muon, for what it leaves to sgd). adam,
    adamw, nadam and lamb keep 0.9 of the mean gradient; rmsprop and adagrad have none."""
    nesterov: bool = False
    """Look a step ahead along the momentum (sgd; muon always does)."""
    muon_momentum: float = 0.8
    """Share of the last step kept in the next for hidden filters and matrices (muon)."""
    head_lr: float | None = None
    """Peak learning rate of the last layer, which muon leaves to sgd; by default by batch and inputs."""
    bias_lr: float | None = None
    """Peak learning rate of biases and scales, which muon leaves to sgd; by default by batch and head."""
    weight_decay: float = 0.0
    """L2: pull of matrices and filters towards zero, added to the gradient (sgd, adam, nadam, rmsprop, adagrad) or to
    the step (adamw, lamb, and muon for what it leaves to sgd); 0 for none."""
    l1: float | None = None
    """L1: pull of matrices and filters towards zero, whatever their size, that is added to the gradient, as in 0.0001:
    many end near zero."""
    clip: float | None = None
    """Most that the norm of all gradients together may be, as in 1: longer ones are shortened to it."""
    layer_decay: float | None = None
    """Factor of the peak learning rate from each block of layers to the one before it, as in 0.75: the head learns at
    the full rate, the first filters slowest."""
    ema: float | None = None
    """Share of the moving average of weights that stays at each step, as in 0.99; the average is what is kept."""
    schedule: Schedule = "cosine"
    """How the learning rate goes on after the warm-up: stays, falls in steps, half a cosine or linearly to zero, or
    where val gets no better (plateau); one-cycle rises over 0.3 of the steps, then falls by half a cosine."""
    warmup: float = 0.0
    """Share of all steps spent rising linearly to `lr`."""
    milestones: tuple[float, ...] = (0.5, 0.75)
    """Shares of all steps after which the step schedule multiplies the learning rate by `gamma`."""
    gamma: float = 0.1
    """Factor of the step and the plateau schedule."""
    plateau_patience: int = 5
    """Epochs without a better val measure after which the plateau schedule multiplies the learning rate by `gamma`."""

    def __post_init__(self) -> None:
        check_types(self)
        if self.optimiser not in get_args(Optimiser) and not self.of_timm:
            known = [*get_args(Optimiser), f"{FROM_TIMM}NAME"]
            raise SettingError(f"optimiser is {self.optimiser!r}. {did_you_mean(self.optimiser, known)}")
        if self.lr is not None and self.lr <= 0:
            raise SettingError(f"lr is {self.lr:g}; must be above 0.")
        for name in ("momentum", "muon_momentum", "warmup", "label_smoothing"):
            share(self, name)
        if self.ema is not None:
            share(self, "ema")
        if any(weight < 0 for weight in self.task_weights) or (self.task_weights and not any(self.task_weights)):
            raise SettingError(f"task_weights is {list(self.task_weights)}; must be 0 or more, and not all of them 0.")
        share(self, "teacher_share")
        at_least(self, "agree_weight", 0)
        if self.temperature <= 0:
            raise SettingError(f"temperature is {self.temperature:g}; must be above 0.")
        if self.label_smoothing and self.loss == "focal":
            raise SettingError(
                f"label_smoothing is {self.label_smoothing:g}, and focal goes by one right class alone: "
                "leave it out, or take loss = cross-entropy."
            )
        if self.nesterov and (self.optimiser != "sgd" or not self.momentum):
            raise SettingError("nesterov is a way of sgd to use its momentum: set optimiser = sgd and a momentum.")
        for name in ("head_lr", "bias_lr", "weight_decay"):
            at_least(self, name, 0)
        at_least(self, "plateau_patience", 1)
        if self.warmup and self.schedule == "one-cycle":
            raise SettingError(
                f"warmup is {self.warmup:g}, and one-cycle rises by itself: leave it out, or take schedule = cosine."
            )
        for name in ("l1", "clip"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise SettingError(f"{name} is {value:g}; must be above 0. Leave it out for none.")
        if self.layer_decay is not None and not 0 < self.layer_decay <= 1:
            raise SettingError(f"layer_decay is {self.layer_decay:g}; must be above 0 and at most 1.")
        if not 0 < self.gamma <= 1:
            raise SettingError(f"gamma is {self.gamma:g}; must be above 0 and at most 1.")
        if list(self.milestones) != sorted(self.milestones) or any(not 0 < share < 1 for share in self.milestones):
            raise SettingError(
                f"milestones is {list(self.milestones)}; must be rising shares between 0 and 1, as in 0.5 0.75."
            )

    @property
    def of_timm(self) -> str | None:
        """The optimiser's name in timm; None where it is one of our own."""
        return self.optimiser.removeprefix(FROM_TIMM) if self.optimiser.startswith(FROM_TIMM) else None
