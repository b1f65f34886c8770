"""Every setting, declared once. Flags, TOML keys, `TELLAPART_*` variables, keyword arguments and help come from here.

A setting has one name everywhere: the flag `--weight-decay`, the TOML key `weight_decay`, the variable
`TELLAPART_WEIGHT_DECAY` and `tellapart.train(..., weight_decay=...)` are the same field. Each group of them is a file;
`run.py` holds them together. Nothing here imports torch.
"""

from tellapart.config.data import VAL_SHARE, Augment, Cache, DataConfig, FitChoice
from tellapart.config.model import Activation, ModelConfig, Pooling, Views
from tellapart.config.optim import Balance, Loss, NumberLoss, OptimConfig, Optimiser, Schedule
from tellapart.config.reading import TASK_GAP, Reading
from tellapart.config.run import GROUPS, RunConfig
from tellapart.config.toml import beneath, read_toml
from tellapart.config.train import ENDS, Metric, TrainConfig
from tellapart.config.transfer import PRETRAINED, TransferConfig

__all__ = [
    "ENDS",
    "GROUPS",
    "PRETRAINED",
    "TASK_GAP",
    "VAL_SHARE",
    "Activation",
    "Augment",
    "Balance",
    "Cache",
    "DataConfig",
    "FitChoice",
    "Loss",
    "Metric",
    "ModelConfig",
    "NumberLoss",
    "OptimConfig",
    "Optimiser",
    "Pooling",
    "Reading",
    "RunConfig",
    "Schedule",
    "TrainConfig",
    "TransferConfig",
    "Views",
    "beneath",
    "read_toml",
]
