"""The plain loop's loader and network in a Trainer with precision bf16-mixed; no logger, checkpoints or progress bar.

Source of the settings: the Lightning documentation, "Speed Up Model Training" and "N-Bit Precision".
"""

from task import answer, given  # isort: skip

import time

import lightning
from loaders import training_loader, whole
from networks import accuracy, network, optimiser
from torch import Tensor, nn
from torch.optim import Optimizer


class Classifier(lightning.LightningModule):
    """The network with its loss and optimiser."""

    def __init__(self) -> None:
        super().__init__()
        self.network = network(task)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def configure_optimizers(self) -> Optimizer:
        return optimiser(task, self.parameters())


task = given()
loader, module = training_loader(task), Classifier()
trainer = lightning.Trainer(
    accelerator="cpu",
    precision="bf16-mixed",
    max_epochs=task.epochs,
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
started = time.perf_counter()
trainer.fit(module, loader)
seconds = time.perf_counter() - started
answer(task, seconds, accuracy(module.network, *whole(task, "test")))
