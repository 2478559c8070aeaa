# The commands of everyday. `make up` and `make test` are all that a fresh machine needs:
# they bring in what is missing (Debian and Ubuntu through apt, macOS through brew).

SHELL := /bin/bash
.DEFAULT_GOAL := help

RELEASE := swift build -c release --static-swift-stdlib
# Processes of one thread each, which need not count references atomically; that accesses exclude each other
# is what the debug builds of the tests look at.
SIMULATOR := $(RELEASE) --product simulate -Xswiftc -enforce-exclusivity=unchecked -Xswiftc -Xfrontend -Xswiftc -assume-single-threaded
AVIARY := .build/release/aviary
SECONDS_TO_SIMULATE ?= 60
SEEDS ?= 1-40
OPERATIONS ?= 5000
SECONDS ?= 60

help: ## show these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

libyaml:
	@if pkg-config --exists yaml-0.1 2>/dev/null || [ -e /usr/include/yaml.h ]; then :; \
	elif [ "$$(uname)" = Darwin ]; then brew install libyaml pkg-config; \
	else sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$sudo apt-get update -qq && $$sudo apt-get install -qq -y --no-install-recommends libyaml-dev >/dev/null; fi

build: libyaml ## build the release binary, .build/release/aviary
	$(RELEASE) --product aviary

up: build ## build, then start three servers on this machine until Ctrl-C
	$(AVIARY) up

test: lint unit build interop ## everything: style, unit tests, simulation seeds, that it builds for release, interoperability

lint: ## the formatter, strict
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

unit: libyaml ## build and run the Swift tests
	swift build --build-tests
	swift test --skip-build --parallel

interop: build ## real processes, as released, against Apache ZooKeeper's server and clients
	Tests/Interop/setup.sh
	AVIARY_BIN=$${AVIARY_BIN:-$(AVIARY)} .build-interop/venv/bin/pytest Tests/Interop $(PYTEST)

reference: ## the interoperability tests held against Apache ZooKeeper itself, to prove the tests
	Tests/Interop/setup.sh
	.build-interop/venv/bin/pytest Tests/Interop --under-test apache $(PYTEST)

conformance: build ## random programs compared with Apache ZooKeeper, request by request: SEEDS=1-40 OPERATIONS=5000
	Tests/Interop/setup.sh
	AVIARY_BIN=$${AVIARY_BIN:-$(AVIARY)} .build-interop/venv/bin/pytest Tests/Interop/test_conformance_live.py \
	    --seeds $(SEEDS) --operations $(OPERATIONS) $(PYTEST)

simulate: libyaml ## whole ensembles from seeds, on all cores: SECONDS_TO_SIMULATE=60, or SEEDS_TO_SIMULATE=100000; FIRST=1 JOBS=2
	$(SIMULATOR) --scratch-path .build/simulator
	.build/simulator/release/simulate --first $${FIRST:-1} $(if $(JOBS),--jobs $(JOBS)) \
	    $(if $(SEEDS_TO_SIMULATE),--seeds $(SEEDS_TO_SIMULATE),--seconds $(SECONDS_TO_SIMULATE))

fuzz: libyaml ## decoders of everything from outside, SECONDS_TO_SIMULATE each; TARGETS names some
	$(RELEASE) --product fuzz
	.build/release/fuzz --seconds $(SECONDS_TO_SIMULATE) --seed $${SEED:-$$RANDOM} $(TARGETS)

torture: build ## real servers, killed, stopped, parted and damaged by SEED for SECONDS, and what clients saw is judged
	Tests/Interop/setup.sh
	AVIARY_BIN=$${AVIARY_BIN:-$(CURDIR)/$(AVIARY)} .build-interop/venv/bin/python Tests/Torture/torture.py \
	    --seconds $(SECONDS) --seed $${SEED:-$$RANDOM} $(TORTURE)

load: build ## many sessions, znodes and watches, and clients that behave badly, at real size
	Tests/Interop/setup.sh
	LOAD=real AVIARY_BIN=$(AVIARY) .build-interop/venv/bin/pytest Tests/Interop/test_load.py $(PYTEST)

mutants: libyaml ## known mistakes brought in on purpose, and who notices them
	$(SIMULATOR) -Xswiftc -DMUTANTS --scratch-path .build/mutants
	Tests/mutants.py .build/mutants/release/simulate

bench: build ## ours and Apache ZooKeeper side by side, ratios printed
	Tests/Interop/setup.sh
	.build-interop/venv/bin/python bench/run.py

.PHONY: help libyaml build up test lint unit interop reference conformance simulate torture load mutants fuzz bench
