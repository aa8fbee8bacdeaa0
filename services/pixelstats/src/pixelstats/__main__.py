"""`pixelstats`, or `python -m pixelstats`: serve the model; settings are the SDK's WETREAD_* variables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wetread_sdk import Answer, Code, Context, Findings, Instance, Loaded, Measurement, Scope, ScopeLevel, Study, serve

DECLARATION = Path(__file__).parents[2] / "model.yaml"
"""In a checkout; a container names its own by WETREAD_DECLARATION."""

MEAN = Code("373098007", "SCT", "Mean")
STANDARD_DEVIATION = Code("386136009", "SCT", "Standard Deviation")
NO_UNIT = Code("1", "UCUM", "no units")


class PixelStats:
    """Measures stored values as they are; learns nothing, so it has no weights."""

    def load(self, context: Context) -> Loaded:
        """Nothing is to be loaded."""
        del context
        return Loaded(framework=f"numpy {np.__version__}")

    def predict(self, study: Study) -> Answer:
        """Two measurements for each instance."""
        findings = tuple(measurement for instance in study.instances for measurement in _measure(instance))
        return Findings(findings, notices=("example model, not for clinical use",))


def _measure(instance: Instance) -> tuple[Measurement, Measurement]:
    pixels = instance.pixels()
    scope = Scope(
        ScopeLevel.INSTANCE,
        series_instance_uid=instance.reference.series_instance_uid,
        sop_instance_uid=instance.reference.sop_instance_uid,
    )
    return (
        Measurement(MEAN, float(pixels.mean()), NO_UNIT, scope),
        Measurement(STANDARD_DEVIATION, float(pixels.std()), NO_UNIT, scope),
    )


def main() -> None:
    """Serve until SIGTERM."""
    serve(PixelStats(), declaration=DECLARATION)


if __name__ == "__main__":
    main()
