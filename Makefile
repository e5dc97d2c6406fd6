.DEFAULT_GOAL := help
.PHONY: help setup run test lint format lock campaign bench-merge bench-bridge

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup:  ## .venv with everything the tests need
	@scripts/setup.sh dev

run:  ## the main job: four agents change a real package at once (AGENT=claude [MODEL=…]: real ones do it)
	@scripts/setup.sh run
	.venv/bin/coroom demo $(if $(AGENT),--agent $(AGENT)) $(if $(MODEL),--model $(MODEL))

lint: setup  ## style, types, floors
	.venv/bin/ruff check src tests
	.venv/bin/ruff format --check src tests
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup  ## put the code into shape
	.venv/bin/ruff format src tests
	.venv/bin/ruff check --fix src tests

test: lint  ## every check and every test
	.venv/bin/pytest -n 2

bench-merge: setup  ## replay real merges: make bench-merge REPOS="path/to/repository …" [ARGS="--suffix .go"]
	.venv/bin/python benchmarks/merge.py $(REPOS) $(ARGS)

bench-bridge: setup  ## edits between disks, bursts, memory: make bench-bridge [ARGS="--only latency"]
	.venv/bin/python benchmarks/bridge.py $(ARGS)

campaign: setup  ## the long ones: 20,000 seeds, 200 kills, 2,000 edits of one file, 100,000 document trials, every byte flipped
	.venv/bin/coroom simulate --seeds 20000
	COROOM_KILLS=200 COROOM_EDITS=2000 .venv/bin/pytest -n 2 --timeout 600 tests/host/bridge
	COROOM_KILLS=600 COROOM_FLIP_STRIDE=1 .venv/bin/pytest -n 2 --timeout 1800 tests/log
	COROOM_TRIALS=100000 COROOM_BRIDGE_WRITES=3000 .venv/bin/pytest -n 2 --timeout 1800 tests/workspace
	COROOM_LANDING_KILLS=400 .venv/bin/pytest -n 2 -s --timeout 7200 tests/run/test_landing_kills.py
	COROOM_RACES=300 COROOM_STARTS=50 .venv/bin/pytest -n 0 --timeout 7200 tests/claims

lock:  ## renew the lock files from pyproject.toml
	.venv/bin/uv pip compile pyproject.toml --group build --universal --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements/run.lock
	.venv/bin/uv pip compile pyproject.toml --group dev --group build --universal --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements/dev.lock
