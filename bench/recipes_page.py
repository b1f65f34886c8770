"""The page `docs/recipes.md`, made from the heads of the recipes: what each is, what to type, what came out.

python bench/recipes_page.py [--check]
"""

import argparse
import sys
from pathlib import Path

from tellapart.commands.recipes import Recipe, recipes

PAGE = Path(__file__).parent.parent / "docs" / "recipes.md"
HEAD = """# Recipes

`tellapart recipes` lists them, `tellapart recipes NAME` prints one: a TOML file of settings, with its source and what
was measured. `--recipe NAME` starts from it; every flag goes before it. Made by `bench/recipes_page.py` from the heads.
"""
WORDS = ("Source: ", "Command: ", "Expected")
"""What the lines of a head begin with; others go on with the one before."""


def lines_of(recipe: Recipe) -> list[str]:
    """The head of a recipe, a line for each thing that it says."""
    said: list[str] = []
    for line in recipe.head.splitlines():
        if said and not line.startswith(WORDS):
            said[-1] += f" {line.strip()}"
        else:
            said.append(line)
    return said


def page() -> str:
    """All recipes, a section each."""
    parts = [HEAD]
    for recipe in recipes():
        about, *rest = lines_of(recipe)
        commands = [line.removeprefix("Command: ") for line in rest if line.startswith("Command: ")]
        told = [f"- {line}" for line in rest if not line.startswith("Command: ")]
        parts.append("\n".join([f"## {recipe.name}", "", about, "", "```sh", *commands, "```", "", *told, ""]))
    return "\n".join(parts)


def main() -> None:
    """Write the page, or say whether it is as it would be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        sys.exit(0 if PAGE.read_text() == page() else f"{PAGE}: not what bench/recipes_page.py writes; run it.")
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
