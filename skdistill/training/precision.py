"""Whether a training in mixed precision is faster here: measured, not believed."""

import time

import torch

# Smaller modules wait for calls and not for products.
_LEAST_PARAMETERS = 1_000_000
# So much faster at least, so that two measurements agree; rows that are tried, and rounds.
_LEAST_GAIN, _ROWS, _ROUNDS = 1.25, 16, 3

_MEASURED: dict = {}


def has_bfloat16(device):
    """Whether the processor multiplies matrices of bfloat16.

    Parameters
    ----------
    device : torch.device
        Where to train.

    Returns
    -------
    bool
        False for devices that only emulate it.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    is_known = device.type == "cpu" and torch.backends.mkldnn.is_available()
    return is_known and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def is_faster_mixed(module, x, device):
    """Whether a step in mixed precision takes less time; measured once in a process.

    Parameters
    ----------
    module : TextEncoder
        On any device; its gradients are dropped.
    x : Tensor of shape (n, n_segments, n_tokens)
        Rows to learn from, the first ones of which are tried.
    device : torch.device
        Where to train.

    Returns
    -------
    bool
        False for small modules.
    """
    n_parameters = sum(p.numel() for p in module.parameters())
    if n_parameters < _LEAST_PARAMETERS or not has_bfloat16(device):
        return False
    key = device, n_parameters, torch.get_num_threads()
    if key not in _MEASURED:
        _MEASURED[key] = _gain(module, x[:_ROWS], device) > _LEAST_GAIN
    return _MEASURED[key]


def _gain(module, x, device):
    """How many times faster a step is, by the fastest of some rounds."""
    cuda = [device] if device.type == "cuda" else []
    module.to(device).train()
    seconds = {False: [], True: []}
    with torch.random.fork_rng(devices=cuda):  # a measurement may not change the fit
        for _ in range(_ROUNDS + 1):
            for mixed, times in seconds.items():
                module.mixed_precision = mixed
                times.append(_seconds(module, x.to(device)))
    module.zero_grad(set_to_none=True)
    # The first round also loads kernels.
    return min(seconds[False][1:]) / min(seconds[True][1:])


def _seconds(module, x):
    start = time.perf_counter()
    module(x).sum().backward()
    if x.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start
