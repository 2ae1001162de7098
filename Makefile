# What people type. Each is a script in scripts/ that can be read and run by itself.

.PHONY: run test check build bench-sync bench-api sim sim-nightly nemesis fuzz fuzz-api clean

# Everything with demo data: database, outside services, server, desktop app. Ctrl-C stops all of it.
run:
	@scripts/run

# All checks and all tests, on MariaDB and MySQL, with a real window.
test:
	@scripts/test

# Format, lints, types: the quick half of `make test`.
check:
	@scripts/check

# Release binaries and the desktop app's Debian package.
build:
	@scripts/build

# Sync side by side with its peer; BENCH_SCALE=small for a quick look. See docs/benchmarks.md.
bench-sync:
	@scripts/bench-sync

# The customers' API side by side with its peer; BENCH_SCALE=small for a quick look. See docs/benchmarks-api.md.
bench-api:
	@scripts/bench-api

# Devices and server under a seeded scheduler: SEEDS=n seeds (500), or SEED=x to replay one. See sim/.
sim:
	@scripts/sim

sim-nightly:
	@SEEDS=$${SEEDS:-10000} SIM_PROFILE=$${SIM_PROFILE:-measure} scripts/sim

# Two servers, twenty devices and the database under random kills, stops and a bad line: NEMESIS_SECONDS=n (180) on
# MariaDB and on MySQL; NEMESIS_SEED=x replays a plan.
nemesis:
	@scripts/nemesis

# Whatever comes over the wire or lies in a store: PROPTEST_CASES=n (20000) cases each.
fuzz:
	@scripts/fuzz

# The HTTP interface held against its own description by schemathesis, longer than `make test` does: CONTRACT_EXAMPLES=n
# (200) cases an operation, CONTRACT_SEED=x (a new one each time).
fuzz-api:
	@scripts/fuzz-api

# Removes all that was built, installed into the checkout or stored by `make run`.
clean:
	@for server in .data/run/database target/test-servers/mariadb target/test-servers/mysql56; do \
	  [ ! -e $$server/server.json ] || scripts/private-server stop --data $$server; \
	done
	rm -rf target .data ui/dist ui/node_modules
