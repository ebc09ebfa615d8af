"""Typed settings: one module a section; unknown keys are refused with the nearest known one."""
