"""The sections of a report: each file returns headed blocks, in no format yet."""
