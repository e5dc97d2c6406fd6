"""Counted up with every change."""

BUILD = 41
