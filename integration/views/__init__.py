"""The project's own pages: dashboard, settings, health, errors."""
