"""Who this container is: its declaration, its weights, its limits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from wetread.v1 import model_pb2
from wetread_contract.declaration import parse

if TYPE_CHECKING:
    from wetread_contract.declaration import Declaration
    from wetread_sdk.model import Loaded
    from wetread_sdk.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """What this endpoint takes; never above the declaration's."""

    concurrency: int
    deadline_s: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this container is; what Describe answers and what Predict compares with."""

    declaration_yaml: str
    """Byte for byte as in the file: errors name its lines."""
    declaration: Declaration
    loaded: Loaded
    limits: Limits
    image_digest: str = ""

    def described(self) -> model_pb2.DescribeResponse:
        """The answer to Describe."""
        return model_pb2.DescribeResponse(
            declaration_yaml=self.declaration_yaml,
            declaration_sha256=hashlib.sha256(self.declaration_yaml.encode()).hexdigest(),
            weights_sha256=self.loaded.weights_sha256,
            image_digest=self.image_digest,
            runtime=model_pb2.Runtime(
                framework=self.loaded.framework,
                sdk=f"wetread-sdk {version('wetread-sdk')}",
                device=self.loaded.device,
            ),
            limits=model_pb2.Limits(
                concurrency=self.limits.concurrency,
                deadline_s=self.limits.deadline_s,
                max_bytes=self.limits.max_bytes,
            ),
        )

    def difference(self, header: model_pb2.PredictHeader) -> str:
        """In what this container is not the one that the caller means; empty where it is."""
        mine = (self.declaration.name, self.declaration.version, self.loaded.weights_sha256)
        meant = (header.model_name, header.model_version, header.weights_sha256)
        for what, here, there in zip(("model", "version", "weights"), mine, meant, strict=True):
            if here != there:
                return f"the {what} here is {here}, the caller means {there or 'none'}: describe again"
        return ""


def limits(declaration: Declaration, settings: Settings) -> Limits:
    """The declaration's limits, with concurrency lowered where the site says so."""
    declared = declaration.limits
    concurrency = min(settings.concurrency or declared.concurrency, declared.concurrency)
    return Limits(concurrency, declared.deadline_s, declared.max_bytes)


def read_declaration(settings: Settings) -> tuple[str, Declaration]:
    """The declaration's text and meaning. Raises `DeclarationError`, and `OSError` where there is no file.

    One that is too broad is served: whether it is accepted is the site's decision.
    """
    text = settings.declaration.read_bytes().decode()
    return text, parse(text, file=str(settings.declaration), accept_too_broad=True)
