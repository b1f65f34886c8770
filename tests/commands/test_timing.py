"""What real steps before the first one settle: whether the step is compiled."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.toys import go_on, toy_learner

from tellapart.commands import timing
from tellapart.commands.learner import Learner, settled_config
from tellapart.commands.timing import settle_compiling
from tellapart.config import TrainConfig
from tellapart.errors import SettingError


class InductorError(RuntimeError):
    """What torch's compiler raises, by the name of its module."""

    __module__ = "torch._inductor.exc"


@pytest.fixture
def on_gpu() -> Learner:
    """A learner that believes it is on a GPU, with 1,000 steps before it."""
    learner = toy_learner()
    learner.world = replace(learner.world, device=torch.device("cuda"))
    learner.plan = replace(learner.plan, steps=1000)
    return learner


def steps_take(monkeypatch: pytest.MonkeyPatch, *seconds: float | RuntimeError) -> None:
    """Have the timed steps take these seconds, one after the other."""
    left: Iterator[float | RuntimeError] = iter(seconds)

    def step_seconds(learner: Learner, share: float) -> float:
        found = next(left)
        if isinstance(found, RuntimeError):
            raise found
        return found

    monkeypatch.setattr(timing, "step_seconds", step_seconds)


@pytest.mark.parametrize(
    ("eager", "compiled", "taken"),
    [(1.0, 0.5, "on"), (1.0, 0.94, "on"), (1.0, 0.96, "off"), (1.0, 2.0, "off")],
)
def test_on_a_gpu_the_step_is_compiled_where_that_is_quicker(
    on_gpu: Learner, monkeypatch: pytest.MonkeyPatch, eager: float, compiled: float, taken: str
) -> None:
    steps_take(monkeypatch, eager, compiled)
    settle_compiling(on_gpu, on_gpu.config.train)
    assert settled_config(on_gpu).train.compile == taken


@pytest.mark.parametrize(("settings", "eager"), [({}, 0.1), ({"time": "60s"}, 5.0)])
def test_a_short_training_is_not_compiled(
    on_gpu: Learner, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], eager: float
) -> None:
    steps_take(monkeypatch, eager)  # a second timing would have nothing left to take
    settle_compiling(on_gpu, TrainConfig(**settings))
    assert on_gpu.state.compiled is None


def test_a_gpu_whose_torch_cannot_compile_trains_eagerly_and_says_so(
    on_gpu: Learner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps_take(monkeypatch, 1.0, InductorError("no Triton\nand much more"))
    settle_compiling(on_gpu, on_gpu.config.train)
    assert on_gpu.state.compiled is None
    assert caplog.messages == ["torch can't compile here, so steps stay eager: no Triton"]


def test_compiling_that_is_asked_for_and_cannot_be_had_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = toy_learner(compile="on")
    steps_take(monkeypatch, InductorError("No C++ compiler found."))
    with pytest.raises(SettingError, match=r"torch can't compile here: No C\+\+ compiler found\. Take --compile off\."):
        settle_compiling(learner, learner.config.train)


@pytest.mark.parametrize("asked", ["auto", "off"])
def test_on_a_cpu_nothing_is_timed_or_compiled(monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    steps_take(monkeypatch)
    learner = toy_learner(compile=asked)
    settle_compiling(learner, learner.config.train)
    assert settled_config(learner).train.compile == "off"


def test_another_error_of_a_step_is_not_taken_for_the_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = toy_learner(compile="on")
    steps_take(monkeypatch, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        settle_compiling(learner, learner.config.train)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.compile up to where it would call a C++ compiler: the graph is traced and cut, its kernels are torch's."""
    usual: Callable[..., Any] = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module: usual(module, backend="aot_eager"))


@pytest.mark.slow
@pytest.mark.usefixtures("traced")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # of a tensor of the compiler's own
@pytest.mark.parametrize(
    "settings", [{}, {"model": "whitened-cnn", "widths": (4,), "ema": 0.9}], ids=["cnn", "whitened"]
)
def test_compiled_training_ends_where_eager_training_does(settings: dict[str, Any]) -> None:
    eager, compiled = toy_learner(**settings), toy_learner(compile="on", **settings)
    assert compiled.state.compiled is not None
    settle_compiling(compiled, compiled.config.train)
    assert settled_config(compiled).train.compile == "on"
    for learner in (eager, compiled):
        go_on(learner)
    found = compiled.state.module.state_dict()
    for name, weight in eager.state.module.state_dict().items():
        torch.testing.assert_close(found[name], weight, msg=name)
