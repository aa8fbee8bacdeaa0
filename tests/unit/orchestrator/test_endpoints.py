from __future__ import annotations

import grpc
import pytest

from orchestrator.dispatch.active import highest
from orchestrator.dispatch.client import translated
from orchestrator.dispatch.endpoints import resolved
from orchestrator.errors import ModelFull, ModelRefused, ModelUnavailable, SettingsInvalid


def test_a_name_stands_for_every_address_behind_it() -> None:
    assert "127.0.0.1:50051" in resolved(["dns:localhost:50051"])


def test_a_name_that_nobody_has_stands_for_none_just_now() -> None:
    assert resolved(["dns:models.invalid:50051", "10.0.0.1:50051"]) == {"10.0.0.1:50051"}


@pytest.mark.parametrize("address", ["models", "dns:models", ":50051", "models:http"])
def test_what_is_no_address_is_refused_with_its_form(address: str) -> None:
    with pytest.raises(SettingsInvalid, match="must be host:port or dns:name:port"):
        resolved([address])


def test_versions_are_compared_number_by_number_and_a_pre_release_comes_before_its_release() -> None:
    mixed = ["2.0.0", "1.10.0", "1.2.0", "1.10.0-rc.1"]
    assert sorted(mixed, key=highest) == ["1.2.0", "1.10.0-rc.1", "1.10.0", "2.0.0"]


class Status(grpc.RpcError, grpc.Call):  # type: ignore[misc]  # gRPC's own errors are both, too
    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__()
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "MARKED"


for _name in ("initial_metadata", "trailing_metadata", "is_active", "time_remaining", "cancel", "add_callback"):
    setattr(Status, _name, lambda *_: None)
Status.__abstractmethods__ = frozenset()


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK], ids=str)
def test_every_status_of_grpc_says_whether_to_retry_and_quotes_nobody(code: grpc.StatusCode) -> None:
    error = translated(Status(code), "10.0.0.1:50051")
    assert isinstance(error, ModelFull | ModelUnavailable | ModelRefused)
    assert "MARKED" not in str(error)
    refused = {"INVALID_ARGUMENT", "OUT_OF_RANGE", "UNIMPLEMENTED", "PERMISSION_DENIED", "UNAUTHENTICATED"}
    refused |= {"DATA_LOSS", "NOT_FOUND", "ALREADY_EXISTS"}
    assert isinstance(error, ModelRefused) == (code.name in refused)
    assert isinstance(error, ModelFull) == (code is grpc.StatusCode.RESOURCE_EXHAUSTED)
