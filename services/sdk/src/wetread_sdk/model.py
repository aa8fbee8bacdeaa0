"""The two methods that a model author writes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wetread_contract.declaration import Declaration
    from wetread_contract.findings import Answer
    from wetread_sdk.study import Study

NO_WEIGHTS = hashlib.sha256(b"").hexdigest()
"""The digest of a model that has none."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a model is told when it is loaded."""

    declaration: Declaration
    environment: Mapping[str, str]
    """The process's variables: a model's own settings come from here, so that a test can give others."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a model says about itself once it is ready; it is part of every result."""

    weights_sha256: str = NO_WEIGHTS
    """Over the file of weights, 64 lower-case hexadecimal digits: results and approvals rest on it."""
    framework: str = ""
    """For people: `tensorflow 2.21.0`."""
    device: str = "cpu"
    """For people: `cpu`, or the accelerator's name."""

    def __post_init__(self) -> None:
        if len(self.weights_sha256) != len(NO_WEIGHTS) or set(self.weights_sha256) - set("0123456789abcdef"):
            msg = "weights_sha256 must be 64 lower-case hexadecimal digits"
            raise ValueError(msg)


class Model(Protocol):
    """A model. Both methods run in one and the same thread, one call after the other."""

    def load(self, context: Context) -> Loaded:
        """Load the weights and warm up: the container is ready when this returns, and ends when it raises."""
        ...

    def predict(self, study: Study) -> Answer:
        """Read one study; return findings, or `Unsuitable` when this study can never be read.

        `Unsuitable` may also be raised, as `UnsuitableStudy`. Any other exception is a failed attempt: the caller
        learns the name of its type, never its text, which might quote a header.
        """
        ...


class UnsuitableStudy(Exception):
    """Raised anywhere below `predict`: the study can never be read by this model. A result, not an error."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        """For machines: lower case, digits and underscores."""
        self.reason = reason
        """For people, without any value that identifies a patient."""
