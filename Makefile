# The day's work. `make run` needs the Rust toolchain, a C compiler and make; Node only for the full GraphiQL page.

.DEFAULT_GOAL := run
.PHONY: run build test test-clients faults check deny tools sbom schema release-schema bench bench-events bench-policies bench-rows bench-fairness bench-start bench-files bench-jobs bench-live web clean

NODE_IS_NEW_ENOUGH := $(shell command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' && echo yes)

# Serve with demo data on a private Postgres kept in .data; DATABASE_URL uses one that is there.
run: build
	@CLINIGRAPH_DATA="$${CLINIGRAPH_DATA:-.data}" exec ./target/debug/clinigraph serve --demo

build: web
	cargo build --locked

# Every test, in parallel, each in a database of its own.
test: web
	cargo test --locked
	@$(MAKE) --no-print-directory test-clients

# Real clients and tools against a server of their own: graphql-http, graphql-ws, graphql-sse, urql, Apollo, Relay, ...
ifeq ($(NODE_IS_NEW_ENOUGH),yes)
test-clients: tests/node/node_modules/.package-lock.json
	cargo build --locked
	node tests/node/run.mjs
else
test-clients:
	@echo "************************************************************************"
	@echo "SKIPPED: the tests with real GraphQL clients need Node 20.19 or newer."
	@echo "************************************************************************"
endif

tests/node/node_modules/.package-lock.json: tests/node/package-lock.json
	cd tests/node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Servers killed, Postgres restarted, connections cut at random moments under load; `make test` has ten rounds of it.
# FAULT_SEED repeats a run.
faults:
	FAULT_ROUNDS=$${FAULT_ROUNDS:-200} cargo test --locked --test faults -- --nocapture

# Format, lints, and what the program is built of. That generated files are fresh is tested by `make test`.
check: deny
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

# Licences, banned packages, versions, sources and lock files, by the rules of deny.toml: by a test of our own, and by
# cargo-deny where it is installed (`make tools`), which also knows reported weaknesses if it has a database of them.
CARGO_DENY := $(firstword $(wildcard target/tools/bin/cargo-deny) $(shell command -v cargo-deny 2>/dev/null))
ADVISORIES := $(wildcard $(or $(CARGO_HOME),$(HOME)/.cargo)/advisory-dbs/*)
deny:
	cargo test --locked --test supply
ifeq ($(CARGO_DENY),)
	@echo "************************************************************************"
	@echo "SKIPPED: cargo-deny is not installed (make tools). The test above checked"
	@echo "licences, bans, versions and sources; NOBODY looked for known weaknesses."
	@echo "************************************************************************"
else
	$(CARGO_DENY) --locked --offline check licenses bans sources
ifeq ($(ADVISORIES),)
	@echo "************************************************************************"
	@echo "SKIPPED: no database of known weaknesses (cargo deny fetch db)."
	@echo "************************************************************************"
else
	$(CARGO_DENY) --locked --offline check --disable-fetch advisories
endif
endif

# Tools that checks use if they are there, below target.
tools:
	cargo install --locked --root target/tools cargo-deny@0.20.2

# The bill of materials, in the format CycloneDX.
sbom:
	SBOM=target/clinigraph.cdx.json cargo test --locked --test supply bill_of_materials
	@echo "target/clinigraph.cdx.json"

# Write schema.graphql and src/schema.rs anew.
schema:
	UPDATE=1 cargo test --locked --test it fresh::

# Write schema.released.graphql when a release is made: from then on `make test` refuses changes that break its clients.
release-schema: tests/node/node_modules/.package-lock.json
	node tests/node/release-schema.mjs

# What pages cost against the same written by hand; what events and notifications cost writers, what policies cost; a hundred
# times the rows; start and idle.
# On a private Postgres below target, or on DATABASE_URL (a superuser's; databases clinigraph_bench_… are made there).
bench:
	cargo bench --locked --bench pages -- limit $(BENCH)
bench-events:
	cargo bench --locked --bench pages -- events $(BENCH)
bench-policies:
	cargo bench --locked --bench pages -- policies $(BENCH)
bench-rows:
	cargo bench --locked --bench pages -- rows $(BENCH)
bench-fairness:
	cargo bench --locked --bench pages -- fairness $(BENCH)
bench-start:
	cargo bench --locked --bench pages -- start $(BENCH)

# How soon a job starts on an idle server, and how many jobs and deliveries of webhooks end in a second, against bare loops.
bench-jobs:
	cargo bench --locked --bench pages -- jobs $(BENCH)

# How much memory the server takes for a file of nearly 2 GiB, sent and read again.
bench-files:
	cargo bench --locked --bench files -- $(BENCH)

# What a delivery costs: 1,000 subscribers on two servers, 5,000 on one, a plain graphql-ws server in Node with publishing
# in memory under the same client, and what events and notifications cost writers.
bench-live: benches/live/node/node_modules/.package-lock.json
	cargo bench --locked --bench live -- two $(BENCH)
	cargo bench --locked --bench live -- one $(BENCH)
	cargo bench --locked --bench live -- node $(BENCH)
	cargo bench --locked --bench live -- inserts $(BENCH)

benches/live/node/node_modules/.package-lock.json: benches/live/node/package-lock.json
	cd benches/live/node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The GraphiQL page. Without Node the server shows a plain page that says so.
ifeq ($(NODE_IS_NEW_ENOUGH),yes)
web: web/dist/index.html
else
web:
	@echo "note: no Node 20.19 or newer here; GraphiQL will be a plain page"
endif

web/dist/index.html: web/package-lock.json web/index.html web/vite.config.ts $(shell find web/src -type f 2>/dev/null)
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run build
	@touch $@

clean:
	rm -rf target benches/live/node/node_modules web/dist web/node_modules tests/node/node_modules tests/node/.work .data
