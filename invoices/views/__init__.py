"""The pages of invoices, a file a subject."""
