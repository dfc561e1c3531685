"""Pages to send or to look at: HTML files that need nothing else. Their owner alone reads them."""
