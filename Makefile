# One command each: scripts/setup installs what the machine lacks, and skips what is there.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Each command below uses all cores by itself, and some need the one before.
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

# Everything is compiled by the one toolchain that scripts/setup chose.
WITH := scripts/with-toolchain
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
BINARY := $(TARGET_DIR)/release/glassworks

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-8s %s\n' "$$name" "$$what"; done

.PHONY: run
run: build ## Build the release and serve on http://127.0.0.1:8000 (ARGS="--listen ..." for flags)
	@exec $(BINARY) $(ARGS)

.PHONY: build
build: setup-toolchain release ## Build the release binary

# The browser tests wait more than they compute, as what asks the server does: they run beside each
# other, and last.
CHECKS := check-readme+check-guide+check-openapi+check-clients
PHASES := setup-test check-setup lint rust-test release budget $(CHECKS)/check-python+browser-test

.PHONY: test
test: export MAKE := $(MAKE)
test: ## Check everything: format, lints, Rust tests, browser tests
	@scripts/run-phases $(PHASES)

.PHONY: budget
budget:
	$(WITH) cargo xtask budget

.PHONY: check-setup
check-setup:
	scripts/check-setup

.PHONY: check-readme check-guide check-openapi check-clients check-python
check-readme check-guide check-openapi check-clients check-python: check-%:
	scripts/check-$* $(BINARY)

.PHONY: browser-test
browser-test:
	cd end2end && GLASSWORKS_BINARY=$(abspath $(BINARY)) npm test --silent -- $(ARGS)

.PHONY: setup-toolchain setup-web setup-test
setup-toolchain setup-web setup-test: setup-%:
	@scripts/setup $*

# The browser's part waits for what it is made smaller with, and its last steps use one core: so the
# server's library, which does not know it, is compiled at the same time. The binary then takes the
# browser's files in.
SERVER := cargo build --release --package glassworks-server --features embed

.PHONY: release
release:
	@$(MAKE) SIDE_BY_SIDE=1 -j2 web server-library
	$(WITH) $(SERVER) --bin glassworks

# Without MAKEFLAGS, so that cargo does not look for jobs that make has not lent it.
.PHONY: web server-library
web: setup-web
	MAKEFLAGS= $(WITH) cargo xtask web
server-library:
	MAKEFLAGS= $(WITH) $(SERVER) --lib

# The application is compiled twice: for the server (with it) and for the browser.
.PHONY: lint
lint:
	$(WITH) cargo fmt --all --check
	$(WITH) cargo clippy --workspace --all-targets -- -D warnings
	$(WITH) cargo clippy --package glassworks-app --target wasm32-unknown-unknown \
		--no-default-features --features hydrate -- -D warnings
	cd end2end && npm run --silent types

.PHONY: bench
bench: build ## Measure the engine and the server on this machine (about four minutes)
	$(WITH) cargo bench --package glassworks-engine --bench engine
	$(WITH) cargo run --release --quiet --package glassworks-bench -- $(BINARY)

.PHONY: abuse
abuse: build ## Attack the server as bad clients do, and check what it holds (about four minutes)
	$(WITH) cargo run --release --quiet --package glassworks-bench -- $(BINARY) abuse

# The test itself is a debug build, which `make test` needs too.
.PHONY: crash
crash: export KILLS ?= 500
crash: export GLASSWORKS_BINARY = $(abspath $(BINARY))
crash: build ## Kill the server under load and check what it kept (KILLS=500, SEED=... to repeat)
	$(WITH) cargo test --package glassworks-server --test crash -- --nocapture

.PHONY: rust-test
rust-test:
	$(WITH) cargo test --workspace
