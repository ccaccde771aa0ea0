"""How Django itself writes dates and times, by language: asked for by FORMAT_MODULE_PATH."""
