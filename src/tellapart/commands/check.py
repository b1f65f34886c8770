"""What can be refused before anything heavy loads: a typo is answered in a blink."""

from tellapart.config import RunConfig
from tellapart.data import check_source
from tellapart.models import check_model


def check(config: RunConfig) -> None:
    """Raise SettingError or DataError where the data or the model that is asked for does not exist."""
    check_source(config.data)
    check_model(config.model)
