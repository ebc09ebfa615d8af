"""Upstream files: a catalogue with checksums, a mirror tried first, https with retries, archives opened safely."""
