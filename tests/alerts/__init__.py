"""Tests of alerts: what is told, once, to receivers that are really there, and never anything personal."""
