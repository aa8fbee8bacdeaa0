from __future__ import annotations

from types import SimpleNamespace

import pynvml
import pytest
from prometheus_client import CollectorRegistry

from wetread_sdk.gpu import Gpus
from wetread_sdk.metrics import Metrics


def _absent(*_: object) -> None:
    raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A driver with two devices."""
    memory = {0: SimpleNamespace(used=3 * 2**30, total=80 * 2**30), 1: SimpleNamespace(used=0, total=80 * 2**30)}
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 2)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda one: one)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", memory.__getitem__)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", lambda one: SimpleNamespace(gpu=75 if not one else 0))
    return monkeypatch


@pytest.mark.usefixtures("driver")
def test_every_device_is_measured() -> None:
    registry = CollectorRegistry()

    assert Gpus(Metrics(registry)).measure() == 2

    assert registry.get_sample_value("wetread_model_gpu_busy_ratio", {"device": "0"}) == pytest.approx(0.75)
    assert registry.get_sample_value("wetread_model_gpu_memory_used_bytes", {"device": "0"}) == 3 * 2**30
    assert registry.get_sample_value("wetread_model_gpu_memory_size_bytes", {"device": "1"}) == 80 * 2**30


def test_a_slice_of_a_device_has_memory_and_no_utilisation(driver: pytest.MonkeyPatch) -> None:
    driver.setattr(pynvml, "nvmlDeviceGetUtilizationRates", _absent)
    registry = CollectorRegistry()

    assert Gpus(Metrics(registry)).measure() == 2

    assert registry.get_sample_value("wetread_model_gpu_memory_used_bytes", {"device": "0"}) == 3 * 2**30
    assert registry.get_sample_value("wetread_model_gpu_busy_ratio", {"device": "0"}) is None


def test_without_a_driver_there_is_nothing_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", _absent)

    assert Gpus(Metrics(CollectorRegistry())).measure() == 0
