"""Tests of the Microsoft Graph client, against the sandbox over TLS."""
