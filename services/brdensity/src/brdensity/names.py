"""Names in the model store."""

DEMONSTRATION = "brdensity-demonstration"
NYU_HISTOGRAM = "brdensity-nyu-histogram"
