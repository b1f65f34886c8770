"""The head of a model, and the body before it."""

from typing import Any

import pytest
import torch
from tests.models.test_adopted import SPEC, built, pictures

from tellapart.models import MODELS
from tellapart.models.head import body_of, head_layer

PICTURES = [name for name, row in MODELS.items() if "image" in row.kinds]


@pytest.mark.parametrize("name", PICTURES)
def test_the_head_gives_a_logit_a_class(name: str) -> None:
    assert head_layer(built(name)).out_features == len(SPEC.classes)


@pytest.mark.parametrize("name", PICTURES)
def test_the_head_on_the_body_is_the_model(name: str) -> None:
    module = built(name)
    assert torch.equal(head_layer(module)(body_of(module)(pictures())), module(pictures()))


@pytest.mark.parametrize("views", ["shifted", "mirrored"])
def test_the_body_of_a_model_of_many_views_takes_one(views: Any) -> None:
    module = built("whitened-cnn", views=views)
    one = built("whitened-cnn")
    assert torch.equal(head_layer(module)(body_of(module)(pictures())), one(pictures()))


def test_the_body_is_a_copy() -> None:
    module = built("cnn")
    before = module(pictures())
    body_of(module)
    assert torch.equal(module(pictures()), before)
