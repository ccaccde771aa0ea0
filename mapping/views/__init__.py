"""The pages of mapping, a file a subject."""
