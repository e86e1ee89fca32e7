# Portalverbund.NRW. `make demo` tries it, `make test` checks it; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check format lint deny deny-if-possible bench toolchain cargo-deny nextest

# The test runner and the checker of licences, built by cargo when they are missing: without optimisation, which halves
# the time, and the runner without its self-update.
NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2
CARGO := cargo
BIN := $(CARGO) run --quiet --locked --package gateway --bin portalverbund --
RELEASE := $(CARGO) run --quiet --locked --release --package gateway --bin portalverbund --

help: ## This list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# The profile is `dev`: it builds in a fraction of the time of `release`, and the sample Verbund is small.
demo: toolchain ## A sample Verbund on this machine, offline; prints the address to open
	@echo "building (some minutes the first time) ..." >&2
	@$(CARGO) build --locked --package gateway --bin portalverbund
	@exec $(BIN) demo $(if $(DIR),--dir "$(DIR)") $(if $(PORT),--port "$(PORT)")

test: toolchain format lint deny-if-possible nextest ## Everything that is checked before a change is taken
	$(CARGO) nextest run --locked --workspace --profile ci

check: toolchain ## Checks config/portalverbund.toml and the portals beside it
	@$(BIN) check

format: toolchain
	$(CARGO) fmt --all --check

lint: toolchain
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: toolchain cargo-deny ## Licences, banned crates and sources
	$(CARGO) deny --locked --log-level error check licenses bans sources

# A machine that cannot build cargo-deny still runs the tests, and says what it did not do.
deny-if-possible: toolchain
	@if $(MAKE) --no-print-directory cargo-deny; then $(MAKE) --no-print-directory deny; else \
	    echo "LEFT OUT: licences, banned crates and sources, because cargo-deny could not be installed" >&2; \
	fi

cargo-deny: toolchain
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --debug --locked cargo-deny --version $(DENY_VERSION)

nextest: toolchain
	@$(CARGO) nextest --version >/dev/null 2>&1 || $(CARGO) install --debug --locked cargo-nextest \
	    --version $(NEXTEST_VERSION) --no-default-features --features default-no-update

bench: toolchain ## Measures with the deliveries in DIR (see BENCHMARKS.md): make bench DIR=...
	@test -n "$(DIR)" || { echo "say where the deliveries are: make bench DIR=deliveries/verbund" >&2; exit 2; }
	$(CARGO) build --locked --release --package gateway --bin portalverbund
	@kept="$$(mktemp -d)"; trap 'rm -rf "$$kept"' EXIT; \
	bench() { echo "== bench $$1"; $(RELEASE) bench "$$@"; }; \
	bench read "$(DIR)"; \
	bench import "$(DIR)" --keep "$$kept"; \
	bench search "$(DIR)" --kept "$$kept"; \
	bench responsible "$(DIR)" --kept "$$kept"

# Says what is missing before a compiler does.
toolchain:
	@command -v $(CARGO) >/dev/null || { \
	    echo "cargo is missing: install Rust 1.95 or later with rustup" >&2; exit 2; }
	@printf '#include <stdio.h>\nint main(void) { return 0; }\n' | $${CC:-cc} -x c -c -o /dev/null - 2>/dev/null || { \
	    echo "a C compiler with its headers is missing; SQLite, zstd and the cryptography are built with it." >&2; \
	    echo "On Debian: apt-get install gcc libc6-dev" >&2; exit 2; }
	@for part in fmt clippy; do \
	    $(CARGO) $$part --version >/dev/null 2>&1 || rustup component add "$${part/fmt/rustfmt}" || { \
	        echo "cargo $$part is missing: install the component $${part/fmt/rustfmt} of your Rust" >&2; exit 2; }; \
	done
