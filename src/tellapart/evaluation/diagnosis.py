"""What the looks into a network say, in plain sentences: what is wrong inside, and what to change.

Each rule has its threshold and source here. Healthy networks keep away from them: over the models of this package and
those of timm that were tried, the pull of the first layers was 0.03 to 50 times that of the last, and a step at the
usual learning rate moved the weights by 0.2 to 10 %.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tellapart.names import counted
from tellapart.training.health import Layer, Probe, Spike

FIRST_LOSS = 3.0
"""Nats by which the first loss may be above that of guessing: logits of variance v add about v / 2, so v is 6."""
FADING = 1e3
"""Times that gradients, or at first the signal, may shrink or grow over the depth. Glorot & Bengio 2010, section 4.2
("Understanding the difficulty of training deep feedforward neural networks"); He et al. 2015, section 2.2
(arXiv:1502.01852): with fitting first weights neither does, in theory at all."""
DEAD = 0.5
"""Share of a layer's units that may never fire. Lu et al. 2019, "Dying ReLU and Initialization" (arXiv:1903.06733)."""
FEWEST_UNITS = 16
"""Layers of fewer are left out: gates have a handful, most of which are at rest on a batch."""
SATURATED = 0.5
"""Share of a layer's values that may lie where sigmoid or tanh is flat. Glorot & Bengio 2010, section 3."""
LARGEST_CHANGE = 0.5
"""Share of themselves by which a step may move the weights, median over the layers. You et al. 2017, section 4
(arXiv:1708.03888): training is unstable where the update comes near the norm of the weights."""
USUAL_CHANGE = 0.003
"""Likewise, what is usual: about 0.1 % for sgd and 1 % for adam (Karpathy, cs231n.github.io/neural-networks-3)."""
LEAST_CHANGE = 1e-5
"""Likewise, the share that it must move them by while the loss is still that of guessing."""
STANDING = 0.9
"""Share of the loss of guessing above which nothing is learned yet."""
PATIENCE = 100
"""Steps after which something should be."""
SATURATING = ("sigmoid", "tanh")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong inside the network."""

    kind: str
    step: int
    """Steps done when it was last seen."""
    said: str
    """What was seen."""
    advice: str
    """What to change."""
    over: bool = False
    """Whether a later look no longer saw it."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def sentence(self) -> str:
        when = "Before the first step" if self.step == 0 else f"After step {self.step:,}"
        return f"{when}: {self.said}.{' Later it was not seen again.' if self.over else ''} {self.advice}"


def findings(
    probes: Sequence[Probe], spikes: Sequence[Spike] = (), *, lr: float, settings: Collection[str] = ()
) -> tuple[Finding, ...]:
    """One finding a rule, as it was last seen; none for a healthy network.

    lr        the peak learning rate
    settings  of the model, by name: what may be advised
    """
    found = []
    for kind, rule in RULES.items():
        seen = [(probe, said) for probe in probes if (said := rule(probe)) is not None]
        if seen:
            last, said = seen[-1]
            over = any(probe.step > last.step for probe in probes) and kind not in AT_FIRST
            advice = _advice(kind, last, smaller_lr(probes, lr), settings)
            found.append(Finding(kind=kind, step=last.step, said=said, advice=advice, over=over))
    if spikes:
        found.append(_jump(spikes[-1], len(spikes), probes, smaller_lr(probes, lr)))
    return tuple(found)


def smaller_lr(probes: Sequence[Probe], lr: float) -> float:
    """A tenth of a learning rate that is too large; where by the first look a step is huge, what makes it usual."""
    change = _median_change(probes[0]) if probes else None
    return float(f"{min(lr / 10, lr * USUAL_CHANGE / change) if change else lr / 10:.0e}")


def well(probes: Sequence[Probe]) -> str | None:
    """What there is to say of a network in which nothing is wrong; None where it was not looked into."""
    if not probes:
        return None
    last = probes[-1]
    said = [f"In {counted(len(probes), 'look')} into the network nothing was found wrong: gradients reach every layer"]
    dead = [layer.dead for layer in last.layers if _silent(layer) and layer.dead is not None]
    if dead:
        said.append(f"at most {100 * max(dead):.0f}\u00a0% of a layer's units never fire")
    change = _median_change(last)
    if change is not None:
        said.append(f"a step at the peak learning rate moves the weights by {_percent(change)} of their size")
    return f"{', '.join(said[:-1])}, and {said[-1]}." if len(said) > 1 else f"{said[0]}."


def _first_loss(probe: Probe) -> str | None:
    if probe.step or probe.loss is None or probe.loss - probe.blind <= FIRST_LOSS:
        return None
    return f"the loss is {probe.loss:.3g}, and {probe.blind:.3g} if all classes were taken for equally likely"


def _shrinking_signal(probe: Probe) -> str | None:
    ratio = None if probe.step else _last_to_first([layer.activation for layer in probe.layers])
    return None if ratio is None or ratio >= 1 / FADING else f"the signal shrinks {_fold(1 / ratio)} through the layers"


def _growing_signal(probe: Probe) -> str | None:
    ratio = None if probe.step else _last_to_first([layer.activation for layer in probe.layers])
    return None if ratio is None or ratio <= FADING else f"the signal grows {_fold(ratio)} through the layers"


def _dead(probe: Probe) -> str | None:
    """Not before the first step: what never fires by chance of the first weights may yet."""
    silent = [layer for layer in probe.layers if probe.step and _silent(layer) and (layer.dead or 0) > DEAD]
    if not silent:
        return None
    worst = max(silent, key=lambda layer: layer.dead or 0)
    return (
        f"{100 * (worst.dead or 0):.0f}\u00a0% of the {worst.units:,} units behind {_named(worst, probe)} never fire"
        f"{_and_more(silent)}: their {worst.nonlinearity} is flat for the whole batch"
    )


def _saturated(probe: Probe) -> str | None:
    flat = [layer for layer in probe.layers if layer.nonlinearity in SATURATING and (layer.flat or 0) > SATURATED]
    if not flat:
        return None
    worst = max(flat, key=lambda layer: layer.flat or 0)
    return (
        f"{100 * (worst.flat or 0):.0f}\u00a0% of the values behind {_named(worst, probe)} lie where "
        f"{worst.nonlinearity} is flat{_and_more(flat)}: next to nothing is learned through them"
    )


def _unreached(probe: Probe) -> str | None:
    """Not before the first step, since behind weights that begin at 0 there is none; nor where dead units say why."""
    trained = [layer for layer in probe.layers if layer.gradient is not None]
    cut_off = [layer for layer in trained if layer.gradient == 0 and probe.step]
    if not cut_off or _dead(probe):
        return None
    return f"no gradient reaches {len(cut_off)} of {counted(len(trained), 'layer')}, as {_named(cut_off[0], probe)}"


def _vanishing(probe: Probe) -> str | None:
    ratio = _last_to_first([layer.pull for layer in probe.layers])
    if ratio is None or ratio <= FADING:
        return None
    return f"the gradients shrink {_fold(ratio)} from the last layers to the first, which learn next to nothing"


def _exploding(probe: Probe) -> str | None:
    """Not before the first step, when norms over maps that are nearly constant still magnify what comes back."""
    ratio = _last_to_first([layer.pull for layer in probe.layers])
    if ratio is None or ratio >= 1 / FADING or not probe.step:
        return None
    return f"the gradients grow {_fold(1 / ratio)} from the last layers to the first"


def _large_steps(probe: Probe) -> str | None:
    change = _median_change(probe)
    if change is None or change <= LARGEST_CHANGE:
        return None
    return f"a step at the peak learning rate moves the weights by {_percent(change)} of their size"


def _small_steps(probe: Probe) -> str | None:
    change = _median_change(probe)
    if change is None or change >= LEAST_CHANGE or probe.step < PATIENCE or probe.loss is None:
        return None
    if probe.loss < STANDING * probe.blind:
        return None
    return f"a step moves the weights by {_percent(change)} of their size, and the loss is still that of guessing"


RULES: dict[str, Callable[[Probe], str | None]] = {
    "first-loss": _first_loss,
    "shrinking-signal": _shrinking_signal,
    "growing-signal": _growing_signal,
    "dead-units": _dead,
    "saturation": _saturated,
    "unreached": _unreached,
    "vanishing-gradients": _vanishing,
    "exploding-gradients": _exploding,
    "large-steps": _large_steps,
    "small-steps": _small_steps,
}
"""Kind -> what a look shows of it; None where all is well."""
AT_FIRST = ("first-loss", "shrinking-signal", "growing-signal")
"""Those that are of the first weights alone."""


def _advice(kind: str, probe: Probe, lr: float, settings: Collection[str]) -> str:
    """What to change, with a smaller learning rate; of the model's settings only those that it has."""
    activation, residual = "activation" in settings, "a residual network (--model resnet18)"
    if {"layers", "hidden", "pooling"} <= set(settings):  # over the steps of a sequence
        residual = "--pooling mean with --clip 1, and gates where there are none (--model lstm)"
    saturating = any(layer.nonlinearity in SATURATING for layer in probe.layers)
    relu = ", --activation relu" if activation and saturating else ""
    smaller = f"a smaller --lr, as {lr:g}"
    return {
        "first-loss": "Look at the scale of the data, or let --warmup 0.1 begin with small steps.",
        "shrinking-signal": f"Take fewer layers{relu} or {residual}.",
        "growing-signal": f"Take smaller first weights, fewer layers or {residual}.",
        "dead-units": f"Take {smaller}{', or --activation leaky-relu' if activation else ''}.",
        "saturation": f"Take {smaller}{relu} or a network with normalisation (--model whitened-cnn).",
        "unreached": f"Take {smaller}, fewer layers or {residual}.",
        "vanishing-gradients": f"Take fewer layers{relu} or {residual}.",
        "exploding-gradients": f"Take fewer layers, smaller first weights or {residual}.",
        "large-steps": f"Take {smaller}: about {_percent(USUAL_CHANGE)} is usual.",
        "small-steps": f"Take a larger --lr: about {_percent(USUAL_CHANGE)} is usual.",
    }[kind]


def _jump(last: Spike, count: int, probes: Sequence[Probe], lr: float) -> Finding:
    guessing = f", as bad as guessing ({probes[0].blind:.3g})" if probes else ""
    said = f"the training loss jumped from {last.before:.3g} to {last.loss:.3g}{guessing}"
    said += f"; it did so in {count} epochs" if count > 1 else ""
    return Finding(
        kind="loss-spike",
        step=last.step - 1,
        said=said,
        advice=f"Take a smaller --lr, as {lr:g}, --warmup 0.05 or a larger --batch.",
    )


def _last_to_first(values: Sequence[float | None]) -> float | None:
    """Median over the last third of the layers, over that of the first; what is 0 or unknown is left out."""
    known = [value for value in values if value]
    third = len(known) // 3
    return median(known[-third:]) / median(known[:third]) if third else None


def _median_change(probe: Probe) -> float | None:
    known = [layer.change for layer in probe.layers if layer.change]
    return median(known) if known else None


def _silent(layer: Layer) -> bool:
    """Whether its units are of those that fire or don't, and enough to speak of a share."""
    return layer.nonlinearity is not None and layer.nonlinearity not in SATURATING and layer.units >= FEWEST_UNITS


def _named(layer: Layer, probe: Probe) -> str:
    return f"layer {probe.layers.index(layer) + 1} of {len(probe.layers)} (“{layer.name}”, {layer.kind})"


def _and_more(layers: Sequence[Layer]) -> str:
    more = len(layers) - 1
    return f", and it is much the same in {counted(more, 'other layer')}" if more else ""


def _fold(ratio: float) -> str:
    """`1,200-fold`."""
    return f"{ratio:,.0f}-fold" if ratio < 1e6 else "more than a million-fold"


def _percent(share: float) -> str:
    """`0.31 %`, `62 %`, `190 %`."""
    if share >= 1e4:
        return "more than a million\u00a0%"
    return f"{100 * share:,.0f}\u00a0%" if share >= 0.1 else f"{100 * share:.2g}\u00a0%"
