"""Bundles: the trained networks of one variant in a folder that can be given away (docs/command.md)."""
