"""The commands that say what there is: models, recipes, doctor."""

from tellapart.layers import Output


def models(*, output: Output = Output()) -> None:
    """List the models."""
    from tellapart.commands.show import show_table
    from tellapart.models import FAMILIES, MODELS

    listed = MODELS | {f"{family}:NAME": row for family, row in FAMILIES.items()}
    rows = [
        {"name": name, "data": list(row.kinds), "settings": list(row.settings), "summary": row.summary}
        for name, row in listed.items()
    ]
    show_table("models", rows, as_json=output.json)


def recipes(name: str | None = None, *, output: Output = Output()) -> None:
    """List the shipped recipes, or print one.

    Parameters
    ----------
    name
        The recipe to print.
    """
    from tellapart.commands.recipes import find_recipe
    from tellapart.commands.recipes import recipes as shipped
    from tellapart.commands.show import show_table

    if name is not None and not output.json:
        print(find_recipe(name).path.read_text(encoding="utf-8"), end="")
        return
    chosen = [find_recipe(name)] if name else shipped()
    show_table("recipes", [{"name": recipe.name, "about": recipe.head} for recipe in chosen], as_json=output.json)


def doctor(*, output: Output = Output()) -> None:
    """Say what this machine offers, and what is missing."""
    from tellapart.commands.doctor import doctor as examine
    from tellapart.commands.show import show_facts

    show_facts(examine(), as_json=output.json)
