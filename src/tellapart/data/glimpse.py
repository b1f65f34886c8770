"""How a text begins, in a form that can be shown anywhere: on a page, in a table, on a terminal."""

from tellapart.data.source import Value
from tellapart.data.wording import decoded
from tellapart.names import boxed

LETTERS = 200
"""Of a beginning at most."""
LOOKED_AT = 8 * LETTERS
"""Letters behind the first white space of which white space is made one space each."""
JOINERS = "\u200c\u200d"
"""They can't be printed, but make one sign of several letters, as of the people in an emoji."""


def begins(text: Value) -> str:
    """The first words of a text in one line, up to 200 letters, and an ellipsis where it goes on.

    text  uint8 (T,), its UTF-8
    A box stands for each letter that can't be printed, as those that steer a terminal or turn the direction of others;
    half of a letter is U+FFFD.
    """
    whole = decoded(text).lstrip()
    looked = whole[:LOOKED_AT].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    line = " ".join(looked.split())
    if len(line) > LETTERS or whole[LOOKED_AT:].strip():
        words = line[: LETTERS + 1].rpartition(" ")[0]
        line = (words if len(words) > LETTERS // 2 else line[:LETTERS].rstrip()) + "…"
    return boxed(line, but=JOINERS)
