.DEFAULT_GOAL := help
.PHONY: help setup run run-loop test lint format lock campaign bench-merge bench-bridge example-canary example-bookings

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup:  ## .venv with everything the tests need
	@scripts/setup.sh dev

run:  ## the main job: four agents change a real package at once (AGENT=claude [MODEL=…]: real ones do it)
	@scripts/setup.sh run
	.venv/bin/coroom demo $(if $(AGENT),--agent $(AGENT)) $(if $(MODEL),--model $(MODEL))

run-loop:  ## fresh sessions: three loops, one isolated, one killed, bring twenty failing tests to green
	@scripts/setup.sh run
	@scripts/isolation.sh
	.venv/bin/coroom demo --loop

lint: setup  ## style, types, floors
	@scripts/lint.sh

format: setup  ## put the code into shape
	.venv/bin/ruff format src tests
	.venv/bin/ruff check --fix src tests

test:  ## every check and every test, with all set-up
	@scripts/test.sh

bench-merge: setup  ## replay real merges: make bench-merge REPOS="path/to/repository …" [ARGS="--suffix .go"]
	.venv/bin/python benchmarks/merge.py $(REPOS) $(ARGS)

bench-bridge: setup  ## edits between disks, bursts, memory: make bench-bridge [ARGS="--only latency"]
	.venv/bin/python benchmarks/bridge.py $(ARGS)

example-canary: setup  ## two agents and a Kubernetes cluster through real kubectl, under each policy
	@.venv/bin/python examples/canary.py

example-bookings: setup  ## eight agents race for four slots in PostgreSQL, under each policy
	@.venv/bin/python examples/bookings.py

campaign: setup  ## the long ones, hours: seeds, kills, writes, trials, races; their figures at the end; goes on where it was stopped (COROOM_SCALE=100: a hundredth)
	@scripts/campaign.sh

lock:  ## renew the lock files from pyproject.toml
	.venv/bin/uv pip compile pyproject.toml --group build --universal --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements/run.lock
	.venv/bin/uv pip compile pyproject.toml --group dev --group build --universal --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements/dev.lock
	.venv/bin/uv pip compile --group sdk --no-deps --generate-hashes --no-header --no-annotate --no-emit-index-url -q -o requirements/sdk.lock
