# `make lab` and `make test` need nothing before them but Python 3.11: they set up .venv themselves.

PYTHON  ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
             $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
WORKERS ?= 2
# Of which tests `make golden` writes the expected outputs; unset, of all.
TESTS   ?=
# One at a time: the recipes share .venv, and pytest spreads itself over the cores.
.NOTPARALLEL:

BIN   := .venv/bin
READY := .venv/.ready

.PHONY: help lab two-sites strongswan test check golden docs messages bench soak clean

help:
	@echo 'make lab      bring up the tunnel between the two example sites and show what both print'
	@echo 'make two-sites, make strongswan'
	@echo '              two gateways, or one and strongSwan, on a network of namespaces (root)'
	@echo 'make test     run every test this host can run, and say which it cannot'
	@echo 'make check    style, types and house rules'
	@echo 'make golden   write the expected outputs anew; review them with git diff'
	@echo 'make docs     the documentation in English and Japanese, into docs/_build/html'
	@echo 'make messages bring the Japanese catalogues up to what the English guide says now'
	@echo 'make soak     an hour of load with renewals every two minutes, as root; SECONDS=600 for ten minutes'
	@echo 'make bench    what one tunnel costs and carries, beside strongSwan; how fast a large log is explained'

lab: $(READY)
	$(BIN)/mainmode lab examples/two-sites/site-a.cfg examples/two-sites/site-b.cfg --trigger icmp:192.168.1.2:192.168.2.1

# Network namespaces need root.
two-sites strongswan: $(READY)
	$(if $(filter 0,$(shell id -u)),,sudo) examples/$@/up

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict src docs/generate docs/conf.py
	$(BIN)/python -m pytest -q tests/test_banned.py tests/test_rooms.py

golden: $(READY)
	MAINMODE_GOLDEN=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(TESTS)
	git status --short tests docs

# A warning is an error, and every one of them is said (-n: a reference that leads nowhere is a warning).
SPHINX := $(BIN)/sphinx-build -W --keep-going -n -q

docs: $(READY)
	$(SPHINX) -b html docs docs/_build/html/en
	$(SPHINX) -b html -D language=ja docs docs/_build/html/ja
	@echo 'docs/_build/html/en/index.html docs/_build/html/ja/index.html'

# Of the guide alone: the faults have Japanese pages of their own, and the reference stays English.
messages: $(READY)
	$(SPHINX) -b gettext docs docs/_build/gettext
	rm -rf docs/_build/guide && mkdir docs/_build/guide
	cp -r docs/_build/gettext/index.pot docs/_build/gettext/guide docs/_build/guide
	cd docs && ../$(BIN)/sphinx-intl update --pot-dir _build/guide --language ja --line-width -1 --no-obsolete

bench: $(READY)
	$(BIN)/python -m bench

soak: $(READY)
	MAINMODE_SOAK=$(or $(SECONDS),3600) $(BIN)/python -m pytest -q -s tests/peers/test_soak.py

clean:
	rm -rf docs/_build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

# hatchling comes first and from the same pins: an isolated build would fetch whatever is newest.
$(READY): constraints.txt pyproject.toml
	@test -n '$(PYTHON)' || { echo 'mainmode needs Python 3.11 or newer, and none was found; name one with PYTHON=' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mainmode needs Python 3.11 or newer; this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --constraint constraints.txt hatchling editables
	$(BIN)/python -m pip install -qq --constraint constraints.txt --no-build-isolation --editable '.[dev,docs]'
	@touch $@
