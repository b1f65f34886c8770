"""What a sample of each class weighs, so that rare classes are heard."""

import math

import torch
from torch import Tensor


def class_balanced_weights(counts: Tensor, beta: float = 0.999) -> Tensor:
    """Weight of a sample of each class (K,), float32, mean 1 over the classes that occur; 0 for one that does not.

    counts  (K,), training samples of each class
    beta    in [0, 1): 0 weighs all alike, towards 1 a class weighs as 1 / its samples
    The weight is 1 / E, where E = (1 - beta^n) / (1 - beta) is the effective number of n samples: new ones overlap
    with what is there.
    Source: Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples", eq. 2 and 4 (arXiv:1901.05555).
    """
    occur = counts > 0
    log_beta = math.log(beta) if beta else -math.inf
    weights = 1 / -torch.expm1(counts.double().clamp(min=1) * log_beta) * occur
    return (weights * (occur.sum() / weights.sum().clamp(min=torch.finfo(torch.float64).tiny))).float()
