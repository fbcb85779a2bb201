"""How fast is ingest, and beside whom? See tools/bench."""
