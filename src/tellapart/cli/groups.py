"""The groups of a command's help: the fields of a dataclass of settings stand there as flags, under one title."""

from cyclopts import Group, Parameter


def flat(title: str, order: int) -> Parameter:
    """What makes each field a flag of its own, under a title at that place of the help."""
    return Parameter(name="*", group=Group(title, sort_key=order))
