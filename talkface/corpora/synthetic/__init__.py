"""The embedded demo corpus: drawn faces that speak formant speech, written in a real corpus' own layout.

Nobody's likeness, nobody's voice: shapes, colours and voices follow from (seed, speaker) alone, timing and
movement from (seed, speaker, utterance).
"""
