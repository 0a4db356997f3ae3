# One-word verbs. Needs Python 3.11 or newer and make (3.81 will do); everything else goes into .venv.

PYTHONS = python3.13 python3.12 python3.11 python3
BROWSERS = chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable chrome
PYTHON = .venv/bin/python
PIP = $(PYTHON) -m pip install --quiet --disable-pip-version-check --only-binary :all:
LOCK = $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --only-binary :all:
ARGS =
MANY = -n logical --maxprocesses 4
# Where nothing compiled may be kept, every process of the product and of the tests compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo test together pages paired alone lint simulator chaos hosts contract bench bench-quick lock clean venv runtime tools peers browser

run: runtime
	@exec $(PYTHON) -m app.serve

# Everything goes in four parts, each with its own summary line; all run, and one that fails fails the whole.
# A choice (ARGS) goes in one part and one process.
test: tools browser
ifeq ($(strip $(ARGS)),)
	@$(MAKE) --no-print-directory --keep-going -j1 together pages paired alone
else
	@exec $(PYTHON) -m pytest -m "not long" $(ARGS)
endif

# Commits of tests wait for no disk where memory can stand in for it; what is about disks has its own (chaos, in part 3).
IN_MEMORY = $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 4000000 ] 2>/dev/null && echo PYTEST_DEBUG_TEMPROOT=/dev/shm)

# $(call crowd,<environment>,<options>): what stumbles among others is asked again by itself, and only that decides.
crowd = again=$$(mktemp -u) && env $(1) $(PYTHON) -m pytest $(2) --again "$$again" && \
	if [ -e "$$again" ]; then \
		echo "What stumbled among others, by itself"; env $(1) $(PYTHON) -m pytest "@$$again"; code=$$?; rm "$$again"; exit $$code; \
	fi

together:
	@echo "Part 1 of 4: four processes, since disks are waited for"
	@$(call crowd,$(IN_MEMORY),-n 4 --dist loadfile -m "not (alone or paired)")

pages:
	@if [ "$$BROWSER" = 0 ]; then exit 0; fi; \
	echo "Part 2 of 4: pages in a browser"; \
	$(call crowd,$(IN_MEMORY),$(MANY) --dist loadgroup -m browser)

paired:
	@echo "Part 3 of 4: whole products, four at a time (they wait for leases more than they reckon)"
	@$(call crowd,,-n 4 --dist loadgroup -m "paired and not long")

alone:
	@echo "Part 4 of 4: what measures time; one that stumbles is asked again, and the summary says so"
	@exec $(PYTHON) -m pytest --reruns 1 -m "alone and not browser"

demo: runtime
	@exec $(PYTHON) -m app.demo

lint: tools
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

simulator: runtime
	@exec $(PYTHON) -m app.simulator $(ARGS)

# Every fault by itself, SQLite beside PostgreSQL, and a table at the end; CHAOS_SECONDS=60 CHAOS_SEEDS=1,2,3 for longer.
chaos: tools
	@exec $(PYTHON) -m pytest tests/chaos -n 2 --dist loadgroup $(ARGS)

hosts: tools
	@HOSTS=long exec $(PYTHON) -m pytest tests/hosts $(ARGS)

# schemathesis at length: CONTRACT_EXAMPLES of each operation and kind, and every value at its limits.
contract: tools
	@CONTRACT_EXAMPLES=$${CONTRACT_EXAMPLES:-50} exec $(PYTHON) -m pytest tests/test_contract.py $(ARGS)

bench: peers
	@exec $(PYTHON) -m bench $(ARGS)

bench-quick: peers
	@exec $(PYTHON) -m bench --quick $(ARGS)

lock: tools
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt
	@$(LOCK) requirements-bench.in -o requirements-bench.txt

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@if $(PYTHON) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then exit 0; fi; \
	new=; for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    new=$$python; if $$python -c 'import ensurepip, venv' 2>/dev/null; then break; fi; \
	  fi; \
	done; \
	if [ -z "$$new" ]; then \
	  echo "Kalitrack needs Python 3.11 or newer; found: $$(python3 --version 2>/dev/null || echo none)" >&2; exit 1; \
	fi; \
	if ! $$new -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$new cannot make a virtual environment; on Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making .venv with $$($$new --version)"; rm -rf .venv; $$new -m venv .venv

# Installed again only when the list has changed; the stamp is written last, so a broken installation is repeated.
runtime: venv
	@wanted=$$(cksum < requirements.txt); \
	if [ "$$wanted" != "$$(cat .venv/runtime.cksum 2>/dev/null)" ]; then \
	  echo "Installing requirements.txt (once; about a minute)"; \
	  $(PIP) -r requirements.txt && echo "$$wanted" > .venv/runtime.cksum; \
	fi

tools: runtime
	@wanted=$$(cksum < requirements-dev.txt); \
	if [ "$$wanted" != "$$(cat .venv/tools.cksum 2>/dev/null)" ]; then \
	  echo "Installing requirements-dev.txt (once; about a minute)"; \
	  $(PIP) -r requirements-dev.txt && echo "$$wanted" > .venv/tools.cksum; \
	fi

# What the product is measured against; nothing but `make bench` pays for it.
peers: runtime
	@wanted=$$(cksum < requirements-bench.txt); \
	if [ "$$wanted" != "$$(cat .venv/bench.cksum 2>/dev/null)" ]; then \
	  echo "Installing requirements-bench.txt (once; about a minute)"; \
	  $(PIP) -r requirements-bench.txt && echo "$$wanted" > .venv/bench.cksum; \
	fi

browser:
	@if [ "$$BROWSER" = 0 ]; then echo "BROWSER=0: the tests in a browser are left out"; exit 0; fi; \
	for name in $(BROWSERS); do if command -v $$name >/dev/null 2>&1; then exit 0; fi; done; \
	case $$(uname) in \
	  Darwin) echo "No browser on the PATH: brew install chromium   (or: make test BROWSER=0)" >&2;; \
	  *) echo "No browser on the PATH: sudo apt install chromium   (or: make test BROWSER=0)" >&2;; \
	esac; exit 1
