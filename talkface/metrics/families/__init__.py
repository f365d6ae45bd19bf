"""The metric families: one module each, found by its name (docs/adding_metric.md)."""
