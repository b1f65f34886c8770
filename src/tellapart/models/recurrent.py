"""Recurrent networks, forwards and both ways."""

import torch
from torch import Tensor, nn

from tellapart.config import Pooling
from tellapart.models.fronts import front_of
from tellapart.models.gru_steps import Gru
from tellapart.models.sequences import STEP_POOLINGS, Last, SequenceNetwork, backwards
from tellapart.types import DataSpec

Cell = type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]


class Recurrent(nn.Module):
    """(B, F, T), lengths -> (B, hidden, T), or 2 hidden where it reads both ways, and lengths.

    Backwards each sequence is read from its own last step, so no layer comes from the padding to a sequence.
    """

    def __init__(self, cell: Cell, features: int, hidden: int, layers: int, dropout: float, both: bool) -> None:
        super().__init__()
        sizes = [features, *[hidden * (1 + both)] * (layers - 1)]
        self.forth = nn.ModuleList(first_weights(cell(size, hidden, batch_first=True)) for size in sizes)
        self.back = nn.ModuleList(first_weights(cell(size, hidden, batch_first=True)) for size in sizes if both)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        x = x.transpose(1, 2)
        for number, layer in enumerate(self.forth):
            given = self.dropout(x) if number else x
            x = layer(given)[0]
            if self.back:
                other = self.back[number](backwards(given, lengths))[0]
                x = torch.cat([x, backwards(other, lengths)], 2)
        return x.transpose(1, 2), lengths


def first_weights(layer: nn.RNNBase) -> nn.RNNBase:
    """The layer with the first weights that let it remember: orthogonal from step to step, open gates of what is kept.

    Source: Jozefowicz et al. 2015, "An Empirical Exploration of Recurrent Network Architectures", section 4; Saxe et
    al. 2014 (arXiv:1312.6120).
    """
    hidden = layer.hidden_size
    for name, weight in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in torch.split(weight.data, hidden):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in torch.split(weight.data, hidden):
                nn.init.xavier_uniform_(gate)
        else:
            nn.init.zeros_(weight)
            if isinstance(layer, nn.LSTM | nn.GRU) and name.startswith("bias_ih"):
                nn.init.ones_(weight.data[hidden : 2 * hidden])  # of gru the gate that keeps the state
    return layer


def rnn(
    spec: DataSpec, *, layers: int = 2, hidden: int = 128, dropout: float = 0.0, pooling: Pooling = "mean"
) -> nn.Module:
    """Elman's network: tanh of a step and of the state before it."""
    return _network(nn.RNN, spec, layers, hidden, dropout, pooling, both=False)


def lstm(
    spec: DataSpec, *, layers: int = 2, hidden: int = 128, dropout: float = 0.0, pooling: Pooling = "mean"
) -> nn.Module:
    """Long short-term memory with forget gates (Hochreiter & Schmidhuber 1997; Gers et al. 2000)."""
    return _network(nn.LSTM, spec, layers, hidden, dropout, pooling, both=False)


def gru(
    spec: DataSpec, *, layers: int = 2, hidden: int = 128, dropout: float = 0.0, pooling: Pooling = "mean"
) -> nn.Module:
    """Gated recurrent units (Cho et al. 2014, arXiv:1406.1078)."""
    return _network(Gru, spec, layers, hidden, dropout, pooling, both=False)


def bilstm(
    spec: DataSpec, *, layers: int = 2, hidden: int = 128, dropout: float = 0.0, pooling: Pooling = "mean"
) -> nn.Module:
    """`lstm` both ways, in each layer (Graves & Schmidhuber 2005)."""
    return _network(nn.LSTM, spec, layers, hidden, dropout, pooling, both=True)


def bigru(
    spec: DataSpec, *, layers: int = 2, hidden: int = 128, dropout: float = 0.0, pooling: Pooling = "mean"
) -> nn.Module:
    """`gru` both ways, in each layer."""
    return _network(Gru, spec, layers, hidden, dropout, pooling, both=True)


def _network(
    cell: Cell, spec: DataSpec, layers: int, hidden: int, dropout: float, pooling: Pooling, *, both: bool
) -> nn.Module:
    """Raw sequences, or pictures row by row  ->  logits (B, K). Dropout is between the layers and before the head."""
    front, features = front_of(spec, hidden)
    body = Recurrent(cell, features, hidden, layers, dropout, both)
    width = hidden * (1 + both)
    pool = Last(both) if pooling == "last" else STEP_POOLINGS[pooling](width)
    return SequenceNetwork(front, body, pool, width, spec.outputs, dropout)
