"""Score answers with a sequence classifier: rewards of many texts, in batches of like length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cloneproof._core.progress import track
from cloneproof._core.typing import FloatArray

__all__ = ["score_token_ids"]


def score_token_ids(
    model: Any, ids: Sequence[Sequence[int]], *, pad_token_id: int, batch_size: int = 32
) -> FloatArray:
    """Return the reward of each input, in the order given.

    Parameters
    ----------
    model : sequence classifier with one label
        Scored without dropout on the device that it is on, and put back into its mode.
    ids : sequence of sequences of int
        Token ids, of any length that the model takes.
    pad_token_id : int
    batch_size : int, default=32
        Inputs in one forward pass; they are sorted by length, so that little is padded.

    Returns
    -------
    rewards : float64 ndarray of shape (n_inputs,)
    """
    order = np.argsort([len(x) for x in ids], kind="stable")
    rewards = np.empty(len(ids), dtype=np.float64)
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), track("scoring", total=len(ids)) as advance:
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                longest = max(len(ids[i]) for i in rows)
                padded = torch.full((len(rows), longest), pad_token_id, dtype=torch.long)
                mask = torch.zeros_like(padded)
                for k, i in enumerate(rows):
                    padded[k, : len(ids[i])] = torch.tensor(list(ids[i]), dtype=torch.long)
                    mask[k, : len(ids[i])] = 1
                logits = model(input_ids=padded.to(device), attention_mask=mask.to(device)).logits
                rewards[rows] = logits.squeeze(-1).double().cpu().numpy()
                advance(len(rows))
    finally:
        model.train(training)
    return rewards
