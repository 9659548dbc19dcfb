# Every target makes first what it needs and is not there yet: see scripts/setup.
.DEFAULT_GOAL := help
.PHONY: help run haproxy-demo test lint types fmt bench docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s  %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# exec: make's own child must be the one that passes signals on, not a shell in between.

run: ## the daemon, with a Docker engine and a DNS responder on 127.0.0.1:8600 (ARGS="consul://127.0.0.1:8500 -resync 60")
	@scripts/setup venv engine tools
	@exec scripts/with-engine scripts/run $(ARGS)

haproxy-demo: ## two containers behind a HAProxy of ours, and one of them killed
	@scripts/setup venv engine tools haproxy
	@exec scripts/with-engine scripts/haproxy-demo

test: ## lint, types, coverage and all tests, against real servers (PYTEST_ARGS="tests/dns -x")
	@scripts/setup dev lint engine servers
	@exec scripts/with-engine scripts/test $(PYTEST_ARGS)

lint: ## style, format, import arrows, shell scripts
	@scripts/setup dev lint
	@exec scripts/lint

types: ## mypy
	@scripts/setup dev
	@exec scripts/types

fmt: ## format the code and mend what the linter can
	@scripts/setup dev
	@.venv/bin/ruff check --quiet --fix-only .
	@.venv/bin/ruff format .

bench: ## the figures of bench/ (ARGS="--help")
	@scripts/setup dev engine servers bench
	@exec scripts/with-engine .venv/bin/python -m bench $(ARGS)

docs: ## write the tables that come from the code into docs/
	@scripts/setup dev
	@exec .venv/bin/python scripts/docs

clean: ## remove everything made here, the private engine's images included
	rm -rf .venv .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@# Not while it runs, and it is root's.
	if [ -w /var/lib/registrator-engine ] && [ ! -e /run/registrator-engine ]; then rm -rf /var/lib/registrator-engine; fi
