"""tellapart: from labelled pictures to a classifier that can be trusted.

run = tellapart.train("photos/", epochs=5)
model = tellapart.load("runs/photos")
model.predict(["some.jpg"])
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tellapart.api import Answer, Checked, Model, Run, Tuned, check, load, resume, train, tune
    from tellapart.estimator import Classifier

__all__ = [
    "Answer",
    "Checked",
    "Classifier",
    "Model",
    "Run",
    "Tuned",
    "__version__",
    "check",
    "load",
    "resume",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Names of the Python face, loaded when first asked for: `import tellapart` costs nothing."""
    if name == "Classifier":
        from tellapart.estimator import Classifier

        return Classifier
    if name in __all__:
        from tellapart import api

        return getattr(api, name)
    raise AttributeError(f"module 'tellapart' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
