"""A GRU over small batches on a processor: its steps, and their gradient, written out in few calls."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

MOST = 3000
"""Numbers in a state of the whole batch, B x H, up to which this pays: forward and backward of a hundred steps take 0.6
of torch's time at 1,000, 0.75 at 2,500, as long at 16,000, where products and no longer calls make the time."""


class Gru(nn.GRU):
    """torch's GRU of one layer, batch first, with its weights and results up to rounding; small batches learn faster.

    x (B, T, F)  ->  states (B, T, H), and the last one (1, B, H)
    """

    def forward(self, x: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        small = x.shape[0] * self.hidden_size <= MOST and x.device.type == "cpu" and hx is None
        learns = self.training and torch.is_grad_enabled() and not torch.compiler.is_compiling()
        if not (small and learns) or torch.is_autocast_enabled("cpu"):  # which would give the gates another type
            return super().forward(x, hx)
        from_input, from_state, *biases = (weight for weight in self._flat_weights if weight is not None)
        states: Tensor = _Steps.apply(linear(x.transpose(0, 1), from_input, biases[0]), from_state, biases[1])
        return states.transpose(0, 1), states[-1:]


class _Steps(torch.autograd.Function):
    """What the gates get from the input (T, B, 3H), weights (3H, H) and bias (3H) of the states  ->  states (T, B, H).

    The gates are reset, update and new, in torch's order: r = s(a_r + U_r h), z = s(a_z + U_z h),
    n = tanh(a_n + r (U_n h + b_n)), and the next state is n + z (h - n).
    """

    @staticmethod
    def forward(ctx: Any, inward: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        T, B, H = inward.shape[0], inward.shape[1], weight.shape[1]
        states = inward.new_zeros(T + 1, B, H)
        gates, new, pulled = inward.new_empty(T, B, 2 * H), inward.new_empty(T, B, H), inward.new_empty(T, B, H)
        to_gates, to_new = (part.t().contiguous() for part in torch.split(weight, [2 * H, H]))
        steps = zip(
            (inward[:, :, : 2 * H] + bias[: 2 * H]).unbind(),
            inward[:, :, 2 * H :].unbind(),
            states[:-1].unbind(),
            states[1:].unbind(),
            gates.unbind(),
            gates[:, :, :H].unbind(),
            gates[:, :, H:].unbind(),
            new.unbind(),
            pulled.unbind(),
            strict=True,
        )
        for at_gates, at_new, before, after, both, reset, update, fresh, pull in steps:
            torch.addmm(at_gates, before, to_gates, out=both).sigmoid_()
            torch.addmm(bias[2 * H :], before, to_new, out=pull)
            torch.addcmul(at_new, reset, pull, out=fresh).tanh_()
            torch.lerp(fresh, before, update, out=after)
        ctx.save_for_backward(states, gates, new, pulled, weight)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states, gates, new, pulled, weight = ctx.saved_tensors
        T, B, H = new.shape
        reset, update = gates.split(H, dim=2)
        # by what the gradient of a state is multiplied on its way to each gate; only that gradient goes step by step
        to_new = (1 - update) * (1 - new.square())
        to_update = (states[:-1] - new) * update * (1 - update)
        to_reset = to_new * pulled * reset * (1 - reset)
        shares = torch.stack([to_reset, to_update, to_new * reset], 2)
        at_gates, at_states = torch.empty_like(shares), torch.empty_like(new)
        arriving = zip(shares.unbind(), at_gates.unbind(), at_states.unbind(), update.unbind(), strict=True)
        steps = list(zip(wanted.unbind(), *zip(*arriving, strict=True), strict=True))
        carried = torch.zeros_like(new[0])
        for given, share, at_gate, at_state, kept in reversed(steps):
            torch.add(given, carried, out=at_state)
            torch.mul(share, at_state[:, None], out=at_gate)
            carried = torch.addmm(at_state * kept, at_gate.view(B, 3 * H), weight)
        flat = at_gates.view(T * B, 3 * H)
        inward = torch.cat([at_gates[:, :, :2].reshape(T, B, 2 * H), at_states * to_new], 2)
        return inward, flat.t() @ states[:-1].reshape(T * B, H), flat.sum(0)
