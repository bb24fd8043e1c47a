"""Rules between figures: identities (YAML, one file a subject) and what measures imply."""
