"""What NVIDIA's driver says about the devices that this container sees; nothing where there is no driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pynvml

if TYPE_CHECKING:
    from wetread_sdk.metrics import Metrics

EVERY_S = 10.0
"""As often as Prometheus usually looks."""


class Gpus:
    """The devices, found once: a container gets no other ones while it runs."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._devices: list[object] = []
        try:
            pynvml.nvmlInit()
            self._devices = [pynvml.nvmlDeviceGetHandleByIndex(one) for one in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError:
            return

    def measure(self) -> int:
        """Sets the gauges of every device; how many there are."""
        for number, device in enumerate(self._devices):
            try:
                memory = pynvml.nvmlDeviceGetMemoryInfo(device)
                self._metrics.gpu_memory_used.labels(str(number)).set(memory.used)
                self._metrics.gpu_memory_size.labels(str(number)).set(memory.total)
                busy = pynvml.nvmlDeviceGetUtilizationRates(device).gpu
                self._metrics.gpu_busy.labels(str(number)).set(busy / 100)
            except pynvml.NVMLError:  # a slice of a device (MIG) has memory, and no utilisation of its own
                continue
        return len(self._devices)
