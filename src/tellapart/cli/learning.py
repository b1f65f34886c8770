"""The commands after which there is a model, or a setting for one: train, resume, tune."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tellapart.cli.groups import flat
from tellapart.config import DataConfig, ModelConfig, OptimConfig, RunConfig, TrainConfig, TransferConfig
from tellapart.errors import SettingError
from tellapart.layers import Layers, Output, RunOutput, TuneOutput


def train(
    data: str,
    *,
    layers: Layers = Layers(),  # noqa: ARG001 - read by fill_from_files while the settings are gathered
    load: Annotated[DataConfig, flat("Data", 1)] = DataConfig(),
    model: Annotated[ModelConfig, flat("Model", 2)] = ModelConfig(),
    transfer: Annotated[TransferConfig, flat("Transfer", 3)] = TransferConfig(),
    optim: Annotated[OptimConfig, flat("Optimisation", 4)] = OptimConfig(),
    training: Annotated[TrainConfig, flat("Training", 5)] = TrainConfig(),
    output: RunOutput = RunOutput(),
) -> None:
    """Train a classifier, judge it on pictures it never saw, and write everything into a run folder.

    Parameters
    ----------
    data
        A word (digits, mnist, fashion-mnist, cifar10), a folder with a folder of pictures per class, a table of paths
        and labels (.csv, .tsv, .parquet), an archive (.zip, .tar, .tar.gz), arrays (.npz, .npy), or tar shards.
    """
    config = RunConfig(data=data, load=load, model=model, transfer=transfer, optim=optim, train=training)
    from tellapart.commands.preflight import check_config, check_output

    check_config(config)
    check_output(output.runs_dir, output.name)
    from tellapart.commands.show import show_run
    from tellapart.commands.train import train as train_command
    from tellapart.commands.watch import watch_for

    path = train_command(config, runs_dir=output.runs_dir, name=output.name, watch=watch_for(output.quiet))
    show_run(path, as_json=output.json, quiet=output.quiet)


def resume(
    run: Path,
    *,
    epochs: str | None = None,
    lr: float | None = None,
    allow_inexact: Annotated[bool, Parameter(negative="")] = False,
    output: Output = Output(),
) -> None:
    """Go on with a run that was stopped, to the same bits as if it never had been; or train a finished one further.

    Parameters
    ----------
    run
        A run folder.
    epochs
        +10 for ten more epochs than planned, 30 for thirty in all; the schedule is stretched to the new end.
    lr
        Peak learning rate from here on, where training diverged with that of the run.
    allow_inexact
        Go on although threads, versions or data have changed, which loses the promise of equal bits.
    """
    from tellapart.commands.preflight import check_resume

    check_resume(run, epochs, lr)
    from tellapart.commands.resume import resume as resume_command
    from tellapart.commands.show import show_run
    from tellapart.commands.watch import watch_for

    path = resume_command(run, epochs=epochs, lr=lr, allow_inexact=allow_inexact, watch=watch_for(output.quiet))
    show_run(path, as_json=output.json, quiet=output.quiet)


def tune(
    data: str,
    *,
    lr_only: Annotated[bool, Parameter(negative="")] = False,
    layers: Layers = Layers(),  # noqa: ARG001 - read by fill_from_files while the settings are gathered
    load: Annotated[DataConfig, flat("Data", 1)] = DataConfig(),
    model: Annotated[ModelConfig, flat("Model", 2)] = ModelConfig(),
    optim: Annotated[OptimConfig, flat("Optimisation", 3)] = OptimConfig(),
    training: Annotated[TrainConfig, flat("Training", 4)] = TrainConfig(),
    output: TuneOutput = TuneOutput(),
) -> None:
    """Look for a setting before training: the learning rate, by 120 steps at rising rates in two minutes at most.

    Parameters
    ----------
    data
        Whatever `train` takes.
    lr_only
        Look for the learning rate alone, which is all that there is.
    """
    if not lr_only:
        raise SettingError(
            f"tune looks for the learning rate, and for nothing else yet: tellapart tune {data} --lr-only"
        )
    config = RunConfig(data=data, load=load, model=model, optim=optim, train=training)
    from tellapart.commands.preflight import check_config, check_folder

    check_config(config)
    check_folder("out", output.out)
    from tellapart.commands.show import show_tuned
    from tellapart.commands.tune import tune as tune_command
    from tellapart.commands.watch import watch_for

    found = tune_command(config, out=output.out, watch=watch_for(output.quiet))
    show_tuned(found, as_json=output.json, quiet=output.quiet)
