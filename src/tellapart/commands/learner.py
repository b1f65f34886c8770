"""A model, its data and how far its training is: what train, resume and the clock work on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from tellapart.commands.budget import Budget
from tellapart.commands.settling import settled_by_data
from tellapart.commands.teachers import fingerprints, with_teachers
from tellapart.commands.transfer import frozen_epochs, taken_over, told
from tellapart.commands.watch import Watch
from tellapart.config import RunConfig, TrainConfig
from tellapart.data.augment import Augmentation, augmentation_of
from tellapart.data.batches import first_look, in_order, shuffled, steps_per_epoch
from tellapart.data.ragged import Ragged
from tellapart.data.resident import Loaded, Resident
from tellapart.data.sizes import at_scale, at_share, at_size, side_of
from tellapart.data.split import training_counts
from tellapart.errors import SettingError
from tellapart.evaluation.predict import BATCH, predict
from tellapart.evaluation.tasks import task_scores
from tellapart.models import build_model, chosen
from tellapart.models.adopted import Adopted
from tellapart.phases import phase
from tellapart.runs.facts import versions
from tellapart.runs.run_folder import Progress
from tellapart.runs.weights import Weights
from tellapart.training.balance import balanced_rows
from tellapart.training.compiled import compiled
from tellapart.training.fit import TrainState, new_state
from tellapart.training.objective import Objective
from tellapart.training.plan import Extent, Plan, plan, takes
from tellapart.types import Batch, Order
from tellapart.world import World


@dataclass(kw_only=True)
class Learner:
    """A model, its data and how far its training is."""

    config: RunConfig
    loaded: Loaded
    world: World
    state: TrainState
    plan: Plan
    progress: Progress = field(default_factory=Progress)
    budget: Budget | None = None
    """Where a time was asked for."""
    said: tuple[str, ...] = ()
    """Lines about what was chosen in the place of `auto`, and why."""
    adopted: Adopted | None = None
    """What came from the weights that it begins with, where there are such."""
    origin: dict[str, str] = field(default_factory=dict)
    """Of them: name, sha256, licence."""

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""
        return self.state.step >= self.plan.steps or self.patience_ended

    @property
    def looks_at_clock(self) -> bool:
        return self.budget is not None and self.budget.due()

    @property
    def patience_ended(self) -> bool:
        patience = self.config.train.patience
        return patience is not None and self.progress.since_best >= patience


def new_learner(config: RunConfig, loaded: Loaded, world: World, weights: Weights | None = None) -> Learner:
    """The model before its first step.

    weights  what it begins with, where it is not from scratch
    """
    part = loaded.parts["train"]
    config, said = settled_by_data(config, loaded)
    module = build_model(config.model, loaded.spec, config.train.seed, *first_look(part))
    adopted = None if weights is None else taken_over(module, weights, loaded.spec)
    if weights is not None and adopted is not None:
        said = (*said, *told(weights, adopted))
    objective = Objective.balanced(config.optim, loaded.spec, training_counts(loaded.split), len(part), world.device)
    objective = with_teachers(objective, loaded.spec, world)
    state = new_state(module, config.optim, world, config.train.samples_a_step, objective)
    state.picks = _picks(config, part) if config.optim.balance == "sampler" else None
    state.compiled = compiled(state.module) if config.train.compile == "on" else None
    sample = tuple(each.to(world.device) for each in next(in_order(part, 1)).given)
    if config.train.hardest != (1.0,):
        state.losses = torch.full((len(part),), torch.inf, device=world.device)
    far, longer = extents(config.train, len(part)), longer_than_first(loaded)
    settled = plan(state.module, sample, config.optim, config.train, far, world, longer)
    settled = replace(settled, frozen=frozen_epochs(config))
    learner = Learner(config=config, loaded=loaded, world=world, state=state, plan=settled, said=said, adopted=adopted)
    if weights is not None:
        learner.origin = weights.origin.to_json()
    if config.load.sizes != (1.0,) and loaded.spec.kind != "image":
        raise SettingError("sizes is of pictures, and these are vectors: leave it out.")
    for share in refused_sizes(learner, config.load.sizes):
        height, width = at_share(loaded.spec.shape[1:], share)
        raise SettingError(
            f"sizes holds {share:g}, but the model {chosen(config.model, loaded.spec)} has no answer to pictures of "
            f"{height}x{width}. Leave sizes out or take larger shares; whitened-cnn and resnet18 take most sizes."
        )
    return learner


def longer_than_first(loaded: Loaded) -> float:
    """How many times as long as the first training sequence the longest is of those that training meets, or val."""
    met = [loaded.parts[part].inputs for part in ("train", "val") if part in loaded.parts]
    lengths = [inputs.lengths for inputs in met if isinstance(inputs, Ragged)]
    return max(int(each.max()) for each in lengths) / int(lengths[0][0]) if lengths else 1.0


def _picks(config: RunConfig, part: Resident) -> Callable[[int, int], Tensor]:
    """What an epoch goes over where each class is shown as often; SettingError where that is not one out of all."""
    if part.targets.ndim > 1:
        raise SettingError("balance is 'sampler', which is of one class out of all: take weights or logit-adjust.")
    return lambda epoch, count: balanced_rows(part.targets, count, config.train.seed, epoch)


def extents(config: TrainConfig, samples: int) -> tuple[Extent, ...]:
    """How much an epoch goes over, for each of the shares that it learns from."""
    counts = [max(1, round(share * samples)) for share in config.hardest]
    return tuple(Extent(samples=count, steps=steps_per_epoch(count, config.samples_a_step)) for count in counts)


def refused_sizes(learner: Learner, sizes: tuple[float, ...]) -> list[float]:
    """Those of the shares of the full picture size that the model has no answer to."""
    if learner.loaded.spec.kind != "image":
        return [share for share in sizes if share != 1]
    sample = next(in_order(learner.loaded.parts["train"], 1)).inputs.to(learner.world.device)

    def cut(share: float) -> Tensor:
        height, width = at_share(sample.shape[2:], share)
        return sample[:, :, :height, :width]

    return [share for share in sizes if share != 1 and not takes(learner.state.module, cut(share))]


def check_patience(config: RunConfig, loaded: Loaded) -> None:
    """Raise SettingError where training goes by what is better on val, and there is no val part."""
    patience, schedule = config.train.patience, config.optim.schedule
    asked = [f"patience is {patience}"] if patience else []
    asked += ["schedule is plateau"] if schedule == "plateau" else []
    if asked and "val" not in loaded.parts:
        raise SettingError(f"{asked[0]}, but there is no val part to be better on: set val_share.")


def circumstances(learner: Learner) -> dict[str, Any]:
    """What the promise of equal bits hangs on beside the settings."""
    world, found = learner.world, versions()
    counting = ["tellapart", "torch", "numpy", "pillow", "tifffile"]
    if (learner.config.model.model or "").startswith("timm:") or learner.config.optim.of_timm is not None:
        counting.append("timm")
    return {
        "fingerprint": learner.loaded.fingerprint,
        "device": str(world.device),
        "threads": world.threads,
        "bf16": world.bf16,
        "precision": learner.plan.precision,
        "tiles": world.tiles,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        **fingerprints(learner.config.optim),
        "versions": {name: found[name] for name in counting if name in found},
    }


def with_sizes(learner: Learner, sizes: tuple[float, ...]) -> Learner:
    """The same with other picture sizes to train at."""
    return replace(learner, config=replace(learner.config, load=replace(learner.config.load, sizes=sizes)))


def settled_config(learner: Learner) -> RunConfig:
    """The settings with what was left to the tool or to the clock as it was settled: they give the run again."""
    plan = learner.plan
    taken: Literal["on", "off"] = "off" if learner.state.compiled is None else "on"
    epochs, steps = (plan.epochs, None) if plan.steps == plan.uncut else (None, plan.steps)
    train = replace(learner.config.train, time=None, epochs=epochs, steps=steps, compile=taken)
    return replace(learner.config, train=train)


def batches(learner: Learner, watch: Watch) -> Callable[[Order], Iterable[Batch]]:
    """Which pass -> its batches, from data that lie on the device."""
    config, spec = learner.config, learner.loaded.spec
    part = learner.loaded.parts["train"].to(learner.world.device)
    if config.load.sizes == (1.0,):
        changes = augmentation_of(config.load, spec)
        return lambda order: watch.each(shuffled(part, order, config.train.samples_a_step, changes))
    augmentation = Augmentation.of(config.load, spec)
    sizes, full = config.load.sizes, min(spec.shape[1:])
    resized = lru_cache(maxsize=1)(partial(at_size, part))

    def side() -> int:
        return side_of(spec.shape[1:], phase(sizes, learner.state.position, learner.plan.span))

    def sized(order: Order) -> Iterator[Batch]:
        """The pass at the size that holds at each step: in its midst the next one may begin."""
        done, more = order.skip, True
        while more:
            now, more = side(), False
            rest = replace(order, skip=done)
            for batch in shuffled(resized(now), rest, config.train.samples_a_step, at_scale(augmentation, now / full)):
                yield batch
                done += 1
                if side() != now:
                    more = True
                    break

    return lambda order: watch.each(sized(order))


def best_module(learner: Learner) -> nn.Module:
    """The module with the weights to keep, on the CPU, where evaluate and predict run too: the same numbers there."""
    module = learner.state.judged
    if learner.progress.best_weights is not None:
        module.load_state_dict(learner.progress.best_weights)
    return module.to("cpu").eval()


def val_scores(module: nn.Module, loaded: Loaded, autocast: torch.dtype | None = None) -> dict[str, float] | None:
    """What the module comes to on val, in the arithmetic of training; None where there is no val part."""
    part = loaded.parts.get("val")
    if part is None:
        return None
    predictions = predict(module, in_order(part, BATCH), part.ids, loaded.spec.classes, autocast)
    return task_scores(predictions, loaded.spec)
