"""Tests of delivery: the journal, the pace and the upload, against the sandbox over TLS."""
