"""Losses. Their weights in a training are in ``talkface/config/losses.py``."""
