"""Tests of following Oracle HCM."""
