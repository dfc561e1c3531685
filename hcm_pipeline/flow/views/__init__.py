"""Views: what is known, as values for tables and for JSON. Each reads the read copy and the journal, and changes nothing."""
