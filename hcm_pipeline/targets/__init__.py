"""Targets: the places that accounts are kept in, a room each. Every one implements delivery's protocol, and none knows another."""
