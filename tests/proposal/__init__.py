"""Proposals of profiles."""
