"""What can go wrong through no fault of ours, each kind with its exit code."""


class TellapartError(Exception):
    """Something the user can act on; the message says what to do next."""

    exit_code = 1


class SettingError(TellapartError, ValueError):
    """A setting is unknown, out of range or contradicts another."""

    exit_code = 2


class DataError(TellapartError, ValueError):
    """The data are missing, damaged or do not fit the model."""

    exit_code = 3


class UnreadableError(DataError):
    """One sample can't be decoded; the message is the cause, without the file's name."""


class GateError(TellapartError):
    """A demanded quality was not reached."""

    exit_code = 4


class DamagedError(TellapartError):
    """A saved file is not what was written: its hash, its size or its shape is wrong."""


class DivergedError(TellapartError):
    """Training left the finite numbers; the message names the step and says what to type."""


class Interrupted(KeyboardInterrupt):
    """Training was stopped on request, and saved; the message says how to go on."""
