# One-liners over the launcher, which needs nothing but Python 3.11 or later.
PYTHON ?= python3
LAUNCH = @$(PYTHON) -m integration.launch

.PHONY: demo test soak bench lint setup lock help
help:
	$(LAUNCH) --help
demo: ; $(LAUNCH) demo
test: ; $(LAUNCH) test $(ARGS)
soak: ; $(LAUNCH) soak $(SEEDS:%=--seeds=%) $(FROM:%=--from=%) $(ARGS)
bench: ; $(LAUNCH) bench $(ARGS)
lint: ; $(LAUNCH) lint
setup: ; $(LAUNCH) setup
lock: ; $(LAUNCH) lock $(ARGS)
