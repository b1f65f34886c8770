"""All settings of a training run, by group and by name; as TOML, as its folder keeps them."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

from tellapart.config.data import DataConfig
from tellapart.config.model import ModelConfig
from tellapart.config.optim import OptimConfig
from tellapart.config.toml import as_toml
from tellapart.config.train import TrainConfig
from tellapart.config.transfer import TransferConfig
from tellapart.errors import SettingError
from tellapart.names import did_you_mean

Group = DataConfig | ModelConfig | OptimConfig | TrainConfig | TransferConfig
GROUPS: dict[str, type[Group]] = {
    "load": DataConfig,
    "model": ModelConfig,
    "transfer": TransferConfig,
    "optim": OptimConfig,
    "train": TrainConfig,
}


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One training run, whole: what `config.toml` in the run folder holds."""

    data: str
    """A word (digits, mnist, fashion-mnist, cifar10), a folder, a table, an archive, arrays or shards."""
    load: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    transfer: TransferConfig = field(default_factory=TransferConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if self.optim.balance == "sampler" and self.train.hardest != (1.0,):
            raise SettingError("balance is 'sampler' and hardest says too what an epoch shows: leave one of them out.")
        patience, first = self.train.patience, self.optim.plateau_patience
        if self.optim.schedule == "plateau" and patience is not None and patience <= first:
            raise SettingError(
                f"patience is {patience}, so training stops before the plateau schedule lowers the learning rate: "
                f"set patience above plateau_patience, which is {first}."
            )
        mixing = [name for name in ("mixup", "cutmix") if getattr(self.load, name)]
        if mixing and self.train.hardest != (1.0,):
            raise SettingError(
                f"hardest goes by each picture's own loss, and {mixing[0]} shows none alone: leave one of them out."
            )

    @staticmethod
    def of(data: str, settings: dict[str, Any]) -> "RunConfig":
        """The configuration with these settings, by name; SettingError says what is near an unknown one."""
        config = RunConfig(data=data)
        return config.changed(settings)

    def changed(self, settings: dict[str, Any]) -> "RunConfig":
        """The same with some settings replaced."""
        known = {f.name: group for group, kind in GROUPS.items() for f in fields(kind)}
        for name in settings:
            if name not in known:
                raise SettingError(f"Unknown setting {name!r}. {did_you_mean(name, known)}")
        groups = {
            group: replace(getattr(self, group), **{n: v for n, v in settings.items() if known[n] == group})
            for group in GROUPS
        }
        return RunConfig(data=self.data, **groups)

    def flat(self) -> dict[str, Any]:
        """Every setting by its one name."""
        return {f.name: getattr(getattr(self, group), f.name) for group, kind in GROUPS.items() for f in fields(kind)}

    def to_toml(self) -> str:
        """The configuration as TOML; a setting that is off or left to the tool stands as a comment."""
        lines = ["# tellapart train --config THIS_FILE  gives the same run.", f"data = {as_toml(self.data)}"]
        for group, kind in GROUPS.items():
            lines += ["", f"# {(kind.__doc__ or '').strip()}"]
            for f in fields(kind):
                value = getattr(getattr(self, group), f.name)
                lines.append(f"# {f.name} is not set" if value is None else f"{f.name} = {as_toml(value)}")
        return "\n".join(lines) + "\n"
