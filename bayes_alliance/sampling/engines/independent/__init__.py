"""The independent engine: draws that are nearly independent, from a proposal fitted beforehand."""
