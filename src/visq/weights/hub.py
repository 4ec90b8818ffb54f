"""Files at the model hub: what the hub says of one, through the library `huggingface_hub`."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit

from visq.errors import MissingExtraError, WeightsError
from visq.types import Weights
from visq.weights.transfer import Source

_SHA256_DIGITS = 64


def installed() -> bool:
    """Whether the library is there."""
    return find_spec("huggingface_hub") is not None


def source(weights: Weights) -> Source:
    """Where the hub keeps a file, how large it is, and the SHA-256 that the hub states for it.

    The settings of the library hold: another address of the hub (`HF_ENDPOINT`), offline work (`HF_HUB_OFFLINE`). No
    token is sent: all files that the catalogue names are public.

    Raises
    ------
    WeightsError
        The hub cannot be reached, or has no such file.
    MissingExtraError
        `huggingface_hub` is not installed.
    """
    if not installed():
        raise MissingExtraError(
            f"{weights.filename} is at the model hub, which needs huggingface_hub",
            hint="Install it: pip install 'visq[hub]'.",
        )
    import huggingface_hub

    name = f"{weights.hub}/{weights.hub_file or weights.filename}"
    try:
        url = huggingface_hub.hf_hub_url(weights.hub, weights.hub_file or weights.filename)
        found = huggingface_hub.get_hf_file_metadata(url, token=False, timeout=30)
    except Exception as error:  # whatever its HTTP library raises
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise WeightsError(f"the hub does not give {name}", got=first) from None
    etag = (found.etag or "").lower()
    stated = etag if len(etag) == _SHA256_DIGITS and set(etag) <= set("0123456789abcdef") else ""
    if urlsplit(url).scheme == "https" and urlsplit(found.location).scheme != "https":
        raise WeightsError(f"the hub redirects {name} to an unprotected address, which is not followed")
    return Source(url, found.size or 0, stated)
