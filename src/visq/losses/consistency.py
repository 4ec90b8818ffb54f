"""One output is drawn to another that is held still: mirrored pictures, masked pictures."""

from __future__ import annotations

from torch import Tensor

from visq.losses.tensors import pair


def consistency(values: Tensor, fixed: Tensor, *, squared: bool = False, mutual: bool = False) -> Tensor:
    """Mean |a - b| or (a - b)^2, with no gradient to b.

    Parameters
    ----------
    values, fixed : Tensor, any shape
        a and b: scores, feature maps, or costs.
    squared : bool
        Squared instead of absolute.
    mutual : bool
        Half of that and half of the same with the gradient to b instead: the value stays, both are drawn.

    Returns
    -------
    Tensor, ()
        0 or more. Lower is better.

    Raises
    ------
    InputError
        Shapes or devices that differ.

    Notes
    -----
    S. A. Golestaneh, S. Dadsetan, K. M. Kitani, WACV 2022 (TReS), released code: features of a picture and of its
    mirror image, absolute; the ranking terms of the two, absolute and mutual. Squared, the prediction of a masked
    picture against that of the whole one.

    Examples
    --------
    >>> import torch
    >>> a, b = torch.tensor([1.0, 4.0], requires_grad=True), torch.tensor([2.0, 2.0], requires_grad=True)
    >>> cost = consistency(a, b)
    >>> cost.backward()
    >>> cost.item(), a.grad.tolist(), b.grad
    (1.5, [-0.5, 0.5], None)
    """
    a, b = pair(values, fixed, axes=0, names=("values", "fixed"))
    if mutual:
        return (_apart(a, b.detach(), squared) + _apart(b, a.detach(), squared)) / 2
    return _apart(a, b.detach(), squared)


def _apart(a: Tensor, b: Tensor, squared: bool) -> Tensor:
    return (a - b).square().mean() if squared else (a - b).abs().mean()
