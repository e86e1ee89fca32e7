# Portalverbund.NRW. `make demo` tries it, `make test` checks it; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check format lint deny deny-if-there bench toolchain nextest

# The test runner and the checker of licences, built once with cargo when they are missing.
NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2
CARGO := cargo
BIN := $(CARGO) run --quiet --locked --package gateway --bin portalverbund --

help: ## This list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# The profile is `dev`: it builds in a fraction of the time of `release`, and the sample Verbund is small.
demo: toolchain ## A sample Verbund on this machine, offline; prints the address to open
	@echo "building (some minutes the first time) ..." >&2
	@$(CARGO) build --locked --package gateway --bin portalverbund
	@exec $(BIN) demo $(if $(DIR),--dir "$(DIR)") $(if $(PORT),--port "$(PORT)")

test: toolchain format lint deny-if-there nextest ## Everything that is checked before a change is taken
	$(CARGO) nextest run --locked --workspace --profile ci

check: toolchain ## Checks config/portalverbund.toml and the portals beside it
	@$(BIN) check

format: toolchain
	$(CARGO) fmt --all --check

lint: toolchain
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: toolchain ## Licences, banned crates and sources; builds cargo-deny when it is missing
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deny --version $(DENY_VERSION)
	$(CARGO) deny --locked --log-level error check licenses bans sources

# Building cargo-deny takes as long as building the program; so `make test` only uses one that is there.
deny-if-there: toolchain
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	    $(MAKE) --no-print-directory deny; \
	else \
	    echo "LEFT OUT: licences, banned crates and sources, because cargo-deny is not installed ('make deny' installs it)" >&2; \
	fi

nextest: toolchain
	@$(CARGO) nextest --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-nextest --version $(NEXTEST_VERSION)

bench: toolchain ## Measures with the deliveries in DIR (see BENCHMARKS.md): make bench DIR=...
	@test -n "$(DIR)" || { echo "say where the deliveries are: make bench DIR=deliveries/verbund (see BENCHMARKS.md)" >&2; exit 2; }
	$(CARGO) build --locked --release --package gateway --bin portalverbund
	@bin="$$($(CARGO) metadata --locked --no-deps --format-version 1 | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')/release/portalverbund"; \
	kept="$$(mktemp -d)"; trap 'rm -rf "$$kept"' EXIT; \
	for part in "read" "import --keep $$kept" "search --kept $$kept" "responsible --kept $$kept"; do \
	    set -- $$part; what=$$1; shift; \
	    echo "== bench $$what"; "$$bin" bench "$$what" "$(DIR)" "$$@"; \
	done

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
