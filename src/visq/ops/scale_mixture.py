"""Gaussian scale mixtures of neighbouring coefficients: what VIF and IW-SSIM know of a reference's band."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import is_torch, namespace

# Share of the mean variance added before the inversion, so that an inverse exists; the smallest eigenvalue of a
# photograph's band is some 1e-4 of the largest.
_RIDGE = 1e-13


def inverse_and_eigenvalues(covariance: Any) -> tuple[Any, Any]:
    """Inverse of covariances `(N, D, D)` and their eigenvalues `(N, D)`, none of them negative.

    A covariance of zero has a finite inverse too, and eigenvalues of zero; its gradient is finite, because that of
    the eigenvectors is not asked for.
    """
    xp = namespace(covariance)
    size = int(covariance.shape[-1])
    eye = np.eye(size)
    if is_torch(covariance):
        eye = xp.asarray(eye, dtype=covariance.dtype, device=covariance.device)
    mean = xp.sum(covariance * eye, axis=(-2, -1)) / size
    inverse = xp.linalg.inv(covariance + (_RIDGE * mean + 1e-20)[..., None, None] * eye)
    return inverse, xp.clip(xp.linalg.eigvalsh(covariance), 0.0, None)


__all__ = ["inverse_and_eigenvalues"]
