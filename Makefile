# SPDX-License-Identifier: MIT
# GNU make. `make help` lists the targets.
VERSION := 0.1.0
B := build
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib/synwaitd
UNITDIR ?= $(PREFIX)/lib/systemd/system
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
DOCDIR ?= $(PREFIX)/share/doc/synwaitd

PKGS := libmnl libsystemd libconfig jansson
CURSES = $(shell $(PKG_CONFIG) --libs ncursesw) # of synwaitctl alone
WARN := -std=gnu17 -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
        $(if $(CI)$(WERROR),-Werror)
# CPPFLAGS, CFLAGS and LDFLAGS are the builder's, from the environment or the command line: none of what the
# project needs is in them. A distribution may have a level of _FORTIFY_SOURCE of its own.
CFLAGS ?= -O2 -g
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection $(FORTIFY) \
          $(if $(filter x86_64-% i%86-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-fcf-protection)
DEFINES := -D_GNU_SOURCE -DSYNWAITD_VERSION='"$(VERSION)"' -Iinclude
# The same binary in whatever directory it is built.
COMPILE = $(CC) $(DEFINES) $(CPPFLAGS) -ffile-prefix-map=$(CURDIR)=. $(CFLAGS) $(WARN) $(HARDEN)
LINK = $(CC) $(CFLAGS) $(HARDEN) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(LDFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# The listener iterator: yes builds synwaitd-bpf or fails, no leaves it out, auto builds it where its tools are.
# libbpf 0.5 and the bpftool of its time are the first with libbpf_set_strict_mode() and names for skeletons.
BPF ?= auto
CLANG ?= clang
BPFTOOL ?= PATH=$$PATH:/usr/sbin:/sbin bpftool
bpf_tools_missing := command -v $(CLANG) >/dev/null && $(BPFTOOL) version >/dev/null 2>&1 && \
                     $(PKG_CONFIG) --atleast-version=0.5 libbpf 2>/dev/null || echo missing
WITH_BPF := $(if $(filter auto,$(BPF)),$(if $(shell $(bpf_tools_missing)),,yes),$(filter yes,$(BPF)))
$(if $(filter auto yes no,$(BPF)),,$(error BPF=$(BPF): must be auto, yes or no))

comma := ,
# Asked once, and only when first needed: on a fresh machine pkg-config comes with the dependencies.
pkg_cflags = $(eval pkg_cflags := $(shell $(PKG_CONFIG) --cflags $(PKGS)))$(pkg_cflags)
pkg_libs = $(eval pkg_libs := $(shell $(PKG_CONFIG) --libs $(PKGS)))$(pkg_libs)

LIB_SRC := $(filter-out daemon/main.c ctl/main.c,$(wildcard daemon/*.c daemon/*/*.c ctl/*.c ctl/*/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/release/%.o)
TEST_LIB_OBJ := $(LIB_SRC:%.c=$(B)/test/%.o)
# Shared by tcpload, slow-link and the integration tests: makes sockets in every state, and floods.
LOAD_SRC := $(wildcard tests/tools/load/*.c)
LAB_SRC := $(filter-out tests/integration/test_%,$(wildcard tests/integration/*.c))
FAULT_SRC := $(filter-out tests/faults/test_%,$(wildcard tests/faults/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/test/unit/%,$(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(patsubst tests/integration/%.c,$(B)/test/integration/%,$(wildcard tests/integration/test_*.c))
FAULT_TESTS := $(patsubst tests/faults/%.c,$(B)/test/faults/%,$(wildcard tests/faults/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/test/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
# What synwaitctl tells does not depend on how busy the machine is.
CTL_TESTS := $(foreach test,$(INTEGRATION_TESTS),$(if $(findstring /test_ctl_,$(test)),$(test)))
# The longest first: several run at a time.
E2E_LONG := tests/e2e/systemd.sh tests/e2e/journald.sh
E2E_TESTS := $(E2E_LONG) $(filter-out $(E2E_LONG),$(wildcard tests/e2e/*.sh))
MONITORING_TESTS := $(filter-out %/lib.sh %/e2e.sh,$(wildcard tests/monitoring/*.sh))
PACKAGE_TESTS := $(filter-out %/lib.sh,$(wildcard tests/packages/*.sh))
# The daemon with other sanitizers than the tests have. UBSan alone costs little time: a simulated year in minutes.
DAEMON_SRC := $(filter-out ctl/%,$(LIB_SRC))
SOAK_SRC := $(wildcard tests/soak/*.c)
SOAK_SANITIZE := -fsanitize=undefined -fno-sanitize-recover=all
TSAN := -fsanitize=thread
TOOLS := $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c))
PRELOADS := $(patsubst tests/tools/preload/%.c,$(B)/tools/%.so,$(wildcard tests/tools/preload/*.c))
BENCH_SRC := $(filter-out tests/bench/pure_tick.c,$(wildcard tests/bench/*.c))
BENCH := $(B)/bench/bench $(B)/bench/pure_tick
ALL_SRC := $(wildcard daemon/*.c daemon/*/*.c ctl/*.c ctl/*/*.c tools/*.c tests/*/*.c tests/*/*/*.c) \
           $(if $(WITH_BPF),bpf/synwaitd-bpf.c)
MAN_PAGES := $(wildcard man/*.[1-8])
UNITS := $(wildcard systemd/*.service)
BPF_DROP_IN := synwaitd.service.d/10-listener-queues.conf
# Examples: nothing is in force before somebody copies them.
DROP_INS := $(filter-out systemd/$(BPF_DROP_IN),$(wildcard systemd/*.service.d/*.conf))
EXAMPLES := $(wildcard monitoring/*.* monitoring/*/*.* monitoring/*/*/*)
TARBALL := $(B)/synwaitd-$(VERSION).tar.gz
DOCS := README.md CHANGELOG.md SECURITY.md LICENSE

all: $(B)/synwaitd $(B)/synwaitctl $(if $(WITH_BPF),$(B)/synwaitd-bpf,no-bpf)

no-bpf:
	@echo 'without synwaitd-bpf: BPF=$(BPF)$(if $(filter auto,$(BPF)),$(comma) and $(CLANG)$(comma) bpftool or libbpf 0.5 is missing)'

$(B)/release/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) $(pkg_cflags) -pthread -MMD -MP -c $< -o $@

$(B)/libsynwaitd.a: $(LIB_OBJ)
	@rm -f $@
	ar rcsD $@ $^

$(B)/synwaitd: $(B)/release/daemon/main.o $(B)/libsynwaitd.a
	$(LINK) $^ $(pkg_libs) -pthread -o $@

$(B)/synwaitctl: $(B)/release/ctl/main.o $(B)/libsynwaitd.a
	$(LINK) $^ $(pkg_libs) $(CURSES) -pthread -o $@

# -g: libbpf reads the types from the object's BTF. The skeleton's warnings are its generator's.
$(B)/bpf/listener_queues.bpf.o: bpf/listener_queues.bpf.c include/listener_record.h
	@mkdir -p $(@D)
	$(CLANG) -target bpf -std=gnu17 -O2 -g -Wall -Wextra -Werror -ffile-prefix-map=$(CURDIR)=. -Iinclude \
	    $(addprefix -isystem /usr/include/,$(shell gcc -print-multiarch 2>/dev/null)) -c $< -o $@

$(B)/bpf/listener_queues.skel.h: $(B)/bpf/listener_queues.bpf.o
	$(BPFTOOL) gen skeleton $< name listener_queues > $@

$(B)/release/bpf/synwaitd-bpf.o: DEFINES += -isystem $(B)/bpf
$(B)/release/bpf/synwaitd-bpf.o: $(B)/bpf/listener_queues.skel.h

$(B)/synwaitd-bpf: $(B)/release/bpf/synwaitd-bpf.o
	$(LINK) $^ $$($(PKG_CONFIG) --libs libbpf) -o $@

$(B)/test/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(DEFINES) -O1 -g $(WARN) $(SANITIZE) $(pkg_cflags) -pthread -MMD -MP -c $< -o $@

$(B)/test/libsynwaitd.a: $(TEST_LIB_OBJ)
	@rm -f $@
	ar rcsD $@ $^

$(UNIT_TESTS) $(INTEGRATION_TESTS) $(FAULT_TESTS): $(B)/test/libsynwaitd.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(filter %.o,$^) $(B)/test/libsynwaitd.a $(WRAP) $(pkg_libs) -lcmocka -pthread -o $@

$(UNIT_TESTS): $(B)/test/unit/%: $(B)/test/tests/unit/%.o
$(B)/test/unit/test_diagnose_owner: WRAP := -Wl,--wrap=shares_find,--wrap=shares_sockets
$(INTEGRATION_TESTS): $(B)/test/integration/%: $(B)/test/tests/integration/%.o \
                      $(LAB_SRC:%.c=$(B)/test/%.o) $(LOAD_SRC:%.c=$(B)/test/%.o)

$(FAULT_TESTS): $(B)/test/faults/%: $(B)/test/tests/faults/%.o $(FAULT_SRC:%.c=$(B)/test/%.o) \
                $(LAB_SRC:%.c=$(B)/test/%.o) $(LOAD_SRC:%.c=$(B)/test/%.o)

# A harness with what feeds it: files here, libFuzzer in `make fuzz`.
FUZZ_MAIN = $(B)/test/tests/fuzz/replay.o
$(FUZZERS): $(B)/test/fuzz/%: $(B)/test/tests/fuzz/%.o $(B)/test/tests/fuzz/harness.o $(filter %.o,$(FUZZ_MAIN)) \
            $(B)/test/libsynwaitd.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(filter -%,$(FUZZ_MAIN)) $(filter %.o,$^) $(B)/test/libsynwaitd.a $(pkg_libs) -pthread -o $@

$(B)/test/synwaitd: $(B)/test/daemon/main.o $(B)/test/libsynwaitd.a
	$(CC) $(SANITIZE) $^ $(pkg_libs) -pthread -o $@

$(B)/test/synwaitctl: $(B)/test/ctl/main.o $(B)/test/libsynwaitd.a
	$(CC) $(SANITIZE) $^ $(pkg_libs) $(CURSES) -pthread -o $@

$(B)/soak/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(DEFINES) $(CFLAGS) $(WARN) $(SOAK_SANITIZE) $(pkg_cflags) -pthread -MMD -MP -c $< -o $@

$(B)/soak/soak: $(SOAK_SRC:%.c=$(B)/soak/%.o) $(DAEMON_SRC:%.c=$(B)/soak/%.o)
	$(CC) $(SOAK_SANITIZE) $^ $(pkg_libs) -pthread -o $@

$(B)/tsan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(DEFINES) -O1 -g $(WARN) $(TSAN) $(pkg_cflags) -pthread -MMD -MP -c $< -o $@

$(B)/tsan/libsynwaitd.a: $(DAEMON_SRC:%.c=$(B)/tsan/%.o)
	@rm -f $@
	ar rcsD $@ $^

$(B)/tsan/synwaitd $(B)/tsan/test_journal: $(B)/tsan/libsynwaitd.a
	$(CC) $(TSAN) $(filter %.o,$^) $(B)/tsan/libsynwaitd.a $(pkg_libs) -lcmocka -pthread -o $@

$(B)/tsan/synwaitd: $(B)/tsan/daemon/main.o
$(B)/tsan/test_journal: $(B)/tsan/tests/unit/test_journal.o

$(TOOLS): $(B)/tools/%: $(B)/release/tests/tools/%.o $(B)/libsynwaitd.a
	@mkdir -p $(@D)
	$(LINK) $(filter %.o,$^) $(B)/libsynwaitd.a $(pkg_libs) -pthread -o $@

# Loaded into a program under test.
$(PRELOADS): $(B)/tools/%.so: tests/tools/preload/%.c
	@mkdir -p $(@D)
	$(CC) $(DEFINES) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -MF $(@:.so=.d) -fPIC -shared $< -o $@

$(B)/tools/tcpload $(B)/tools/slow-link: $(LOAD_SRC:%.c=$(B)/release/%.o)

$(B)/tools/gen_catalog $(B)/tools/gen_manual $(B)/tools/gen_rules: $(B)/tools/%: $(B)/release/tools/%.o $(B)/libsynwaitd.a
	@mkdir -p $(@D)
	$(LINK) $^ $(pkg_libs) -pthread -o $@

$(B)/bench/bench: $(BENCH_SRC:%.c=$(B)/release/%.o)
$(B)/bench/pure_tick: $(B)/release/tests/bench/pure_tick.o

$(BENCH): $(B)/libsynwaitd.a
	@mkdir -p $(@D)
	$(LINK) $(filter %.o,$^) $(B)/libsynwaitd.a $(pkg_libs) -pthread -o $@

objects: $(ALL_SRC:%.c=$(B)/release/%.o)
test-programs: all $(B)/test/synwaitd $(B)/test/synwaitctl $(UNIT_TESTS) $(FUZZERS) $(INTEGRATION_TESTS) $(FAULT_TESTS) $(TOOLS) $(PRELOADS)

run:
	@tools/install-deps build
	@$(MAKE) --no-print-directory all
	$(B)/synwaitd --config conf/synwaitd.conf --log-target console

demo:
	@tools/install-deps demo
	@$(MAKE) --no-print-directory all $(B)/tools/tcpload
	@demo/run $(B)

bench bench-quick:
	@tools/install-deps bench
	@$(MAKE) --no-print-directory all $(BENCH) $(B)/tools/tcpload
	@tests/bench/run $(B) $(if $(filter bench,$@),full,quick)

check:
	@tools/install-deps check
	@MAKE='$(MAKE)' tests/check $(B)

style:
	@tests/run tests/style

analyze: $(if $(WITH_BPF),$(B)/bpf/listener_queues.skel.h)
	@B=$(B) tests/run tests/analyze

compilers:
	@B=$(B) tests/run tests/compilers

# How the programs are built: hardening and libraries.
binaries: all
	@B=$(B) tests/run tests/binaries

unit: $(UNIT_TESTS)
	@tests/run $(UNIT_TESTS)

integration: all $(INTEGRATION_TESTS) $(B)/test/synwaitd $(B)/test/synwaitctl $(B)/tools/tcpload $(PRELOADS)
	@code=0; tests/run $(filter-out $(CTL_TESTS),$(INTEGRATION_TESTS)) || code=1; \
	    JOBS=3 tests/run $(CTL_TESTS) || code=1; exit $$code

# What breaks around the daemon, one row each. Several at a time: they mostly wait.
faults: all $(FAULT_TESTS) $(B)/test/synwaitd $(TOOLS) $(PRELOADS)
	@JOBS=3 tests/run $(FAULT_TESTS)

# The parsers of what comes from outside, SECONDS_EACH=60 or RUNS=N each; ONLY='NAME...' takes these alone.
fuzz:
	@tools/install-deps fuzz
	@$(MAKE) --no-print-directory -s -j$$(nproc) B=$(B)/fuzz CC=$(CLANG) FUZZ_MAIN=-fsanitize=fuzzer \
	    SANITIZE='-fsanitize=fuzzer-no-link $(SANITIZE)' fuzz-programs
	@B=$(B) SECONDS_EACH='$(SECONDS_EACH)' RUNS='$(RUNS)' ONLY='$(ONLY)' tests/run tests/fuzz/run

fuzz-programs: $(FUZZERS)

# The same harnesses over what has been found, and over what they start from.
fuzz-regression: $(FUZZERS)
	@tests/run $(FUZZERS)

# The stages from sample to record through simulated days. DAYS, and SEED for one or more.
DAYS := 365
SEED := 1
soak: $(B)/soak/soak
	@B=$(B) DAYS='$(DAYS)' SEED='$(SEED)' tests/run tests/soak/run

# The journal's writer thread: by itself, and in the whole daemon against a real journald, stopped and gone.
tsan: $(B)/tsan/synwaitd $(B)/tsan/test_journal $(B)/tools/tcpload
	@ln -sfn ../tools $(B)/tsan/tools
	@B=$(B)/tsan SANITIZE='$(TSAN)' TSAN_OPTIONS=halt_on_error=1 JOBS=2 tests/run \
	    $(B)/tsan/test_journal tests/e2e/journald.sh

valgrind: all $(B)/tools/tcpload
	@B=$(B) tests/run tests/valgrind/run

# Several at a time: they mostly wait.
e2e: test-programs
	@B=$(B) JOBS=3 tests/run $(E2E_TESTS)

# The same service on three generations of systemd and of all libraries; SUITES='bullseye ...' runs these alone.
SUITES := bullseye bookworm trixie
e2e-matrix:
	@tools/install-deps matrix
	@tests/e2e/systemd/matrix.sh $(B)/trees $(SUITES)

# Unit and integration tests once more, with counters in what they test; the programs that they use are the usual
# ones. Without UBSan, whose checks would count as branches; ASan has the hook that counts allocations.
coverage: all $(TOOLS) $(PRELOADS)
	@$(MAKE) --no-print-directory B=$(B)/coverage \
	    SANITIZE='-fsanitize=address --coverage -fprofile-update=atomic' instrumented
	@ln -sfn $(addprefix ../,synwaitd synwaitctl tools $(if $(WITH_BPF),synwaitd-bpf)) $(B)/coverage
	@B=$(B)/coverage tests/run tests/coverage

instrumented: $(B)/test/synwaitd $(B)/test/synwaitctl $(UNIT_TESTS) $(INTEGRATION_TESTS)

# With Debian's programs, which tools/fetch-monitoring puts into the build directory.
monitoring-check: all $(TOOLS)
	@B=$(B) tests/run $(MONITORING_TESTS)

e2e-monitoring: all $(TOOLS)
	@B=$(B) tests/run tests/monitoring/e2e.sh

# ONLY='NAME...' runs these scenarios alone, ITERATOR=no all without the listener iterator.
gauntlet:
	@tools/install-deps demo
	@$(MAKE) --no-print-directory all $(TOOLS)
	@B=$(B) ONLY='$(ONLY)' ITERATOR='$(ITERATOR)' tests/run tests/gauntlet/run

# Not a part of check: half an hour, both processors busy. ONLY, MINUTES, SOCKETS, RATE: see tests/load/run.
load:
	@tools/install-deps demo
	@$(MAKE) --no-print-directory all $(TOOLS)
	@B=$(B) ONLY='$(ONLY)' tests/run tests/load/run

# Not a part of check: minutes, and kernels from the package mirror. SUITES='bookworm...' takes these alone.
kernel-matrix:
	-@tools/install-deps kernel-matrix
	@$(MAKE) --no-print-directory all $(B)/tools/tcpload
	@B=$(B) SUITES='$(SUITES)' tests/run tests/kernel/run

# Not a part of check: many simulated hosts behind a real Prometheus, and what that costs it.
fleet: HOSTS := 2000
fleet: MINUTES := 5
fleet: INTERVAL := 15
fleet: RULES = $(wildcard monitoring/prometheus/*.rules.yml)
fleet:
	@tools/install-deps demo
	@$(MAKE) --no-print-directory all $(B)/tools/tcpload $(B)/tools/fleet-server
	@INTERVAL=$(INTERVAL) tests/fleet/run $(B) $(HOSTS) $(MINUTES) $(RULES)

texts: catalog manual rules

catalog: $(B)/tools/gen_catalog
	$(B)/tools/gen_catalog > $(B)/synwaitd.catalog
	mv $(B)/synwaitd.catalog systemd/synwaitd.catalog

manual: $(B)/tools/gen_manual
	for page in synwaitd.8 synwaitd.conf.5; do \
	    $(B)/tools/gen_manual man/$$page > $(B)/$$page && mv $(B)/$$page man/$$page || exit 1; done

GENERATED_RULES := monitoring/prometheus/synwaitd-problems.rules.yml
rules: $(B)/tools/gen_rules
	$(B)/tools/gen_rules > $(B)/$(notdir $(GENERATED_RULES))
	mv $(B)/$(notdir $(GENERATED_RULES)) $(GENERATED_RULES)

format:
	clang-format -i $$(find bpf ctl daemon include tests tools -name '*.[ch]')

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(CATALOGDIR) $(DESTDIR)$(DOCDIR)
	install -m 755 $(B)/synwaitd $(DESTDIR)$(SBINDIR)/synwaitd
	install -m 755 $(B)/synwaitctl $(DESTDIR)$(BINDIR)/synwaitctl
	install -m 644 conf/synwaitd.conf $(DESTDIR)$(LIBDIR)/synwaitd.conf
	$(if $(WITH_BPF),install -m 755 $(B)/synwaitd-bpf $(DESTDIR)$(LIBDIR)/synwaitd-bpf)
	$(if $(WITH_BPF),install -d $(DESTDIR)$(UNITDIR)/$(dir $(BPF_DROP_IN)))
	$(if $(WITH_BPF),sed 's|/usr/lib/synwaitd/|$(LIBDIR)/|g' systemd/$(BPF_DROP_IN) \
	    > $(DESTDIR)$(UNITDIR)/$(BPF_DROP_IN) && chmod 644 $(DESTDIR)$(UNITDIR)/$(BPF_DROP_IN))
	for unit in $(UNITS); do \
	    sed 's|/usr/sbin/|$(SBINDIR)/|g' $$unit > $(DESTDIR)$(UNITDIR)/$${unit##*/} && \
	    chmod 644 $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; done
	install -m 644 systemd/synwaitd.catalog $(DESTDIR)$(CATALOGDIR)/synwaitd.catalog
	for page in $(MAN_PAGES); do \
	    install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; done
	install -D -m 644 completion/synwaitctl.bash $(DESTDIR)$(BASHCOMPDIR)/synwaitctl
	install -D -m 644 completion/_synwaitctl $(DESTDIR)$(ZSHCOMPDIR)/_synwaitctl
	install -m 644 $(DOCS) $(DESTDIR)$(DOCDIR)
	for file in $(DROP_INS) $(EXAMPLES); do \
	    install -D -m 644 $$file $(DESTDIR)$(DOCDIR)/$${file#systemd/} || exit 1; done
	$(if $(DESTDIR),,if command -v journalctl >/dev/null; then journalctl --update-catalog; fi)

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/synwaitctl $(DESTDIR)$(BASHCOMPDIR)/synwaitctl $(DESTDIR)$(ZSHCOMPDIR)/_synwaitctl \
	    $(DESTDIR)$(SBINDIR)/synwaitd $(DESTDIR)$(LIBDIR)/synwaitd.conf $(DESTDIR)$(LIBDIR)/synwaitd-bpf \
	    $(DESTDIR)$(UNITDIR)/$(BPF_DROP_IN) \
	    $(UNITS:systemd/%=$(DESTDIR)$(UNITDIR)/%) $(DESTDIR)$(CATALOGDIR)/synwaitd.catalog \
	    $(foreach page,$(MAN_PAGES),$(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page))) \
	    $(addprefix $(DESTDIR)$(DOCDIR)/,$(DOCS) $(DROP_INS:systemd/%=%) $(EXAMPLES))
	rmdir $(DESTDIR)$(LIBDIR) $(DESTDIR)$(UNITDIR)/$(dir $(BPF_DROP_IN)) 2>/dev/null || true
	if [ -d $(DESTDIR)$(DOCDIR) ]; then find $(DESTDIR)$(DOCDIR) -depth -type d -empty -delete; fi
	$(if $(DESTDIR),,if command -v journalctl >/dev/null; then journalctl --update-catalog; fi)

dist:
	@tools/make-dist $(VERSION) $(TARBALL)

# DEB_BUILD_OPTIONS and DEB_BUILD_PROFILES as with dpkg-buildpackage(1).
deb: dist
	@tools/make-deb $(TARBALL) $(B)/deb

rpm: dist
	@tools/make-rpm $(TARBALL) $(B)/rpm

packages-check: dist
	@tools/install-deps packages
	@B=$(B) TARBALL=$(TARBALL) tests/run $(PACKAGE_TESTS)

clean:
	rm -rf $(B)

help:
	@echo 'all          build $(B)/synwaitd and $(B)/synwaitctl (the default); BPF=auto|yes|no: with synwaitd-bpf, the listener iterator'
	@echo 'run          install what is missing, build, run in the foreground (root for the installing)'
	@echo 'demo         alerts for a flood, a leak and port exhaustion, in its own namespaces (root)'
	@echo 'check        every check and test (root); its parts:'
	@echo '             style analyze compilers binaries unit fuzz-regression integration faults soak tsan'
	@echo '             valgrind e2e gauntlet coverage monitoring-check e2e-monitoring'
	@echo 'fuzz         libFuzzer on every parser of what comes from outside; SECONDS_EACH=60 RUNS=N ONLY="NAME..."'
	@echo 'tsan         the thread that writes to the journal under ThreadSanitizer, alone and in the whole daemon (root)'
	@echo 'valgrind     the daemon through an incident, and synwaitctl, under memcheck (root)'
	@echo 'soak         a simulated year, with what must hold checked at each tick; DAYS=N SEED="N..."'
	@echo 'gauntlet     real problems and harmless loads, and what synwaitd says of each (root); ONLY="NAME..." ITERATOR=no'
	@echo 'monitoring-check  rules, routes and dashboards by promtool and amtool; e2e-monitoring: a flood, until Alertmanager'
	@echo '             shows it and shows it no more; with programs fetched into $(B)/monitoring (root)'
	@echo 'coverage     of lines and branches, by the unit and integration tests; fails below its floors (root)'
	@echo 'e2e-matrix   the service in Debian trees of three generations, made by debootstrap, with a table (root);'
	@echo '             SUITES="bullseye bookworm trixie"; 3 GB in $(B)/trees'
	@echo 'kernel-matrix  whether it works on the kernels of Debian bullseye, bookworm and trixie, under QEMU without KVM;'
	@echo '             not a part of check: some 4 minutes on 2 processors; SUITES="NAME..."'
	@echo 'fleet        a real Prometheus over HOSTS=2000 simulated hosts for MINUTES=5, with the rules, and what it costs (root)'
	@echo 'bench        what synwaitd costs beside ss, /proc/net/tcp and node_exporter, how soon it sees a flood (root);'
	@echo '             leaves $(B)/bench.md and $(B)/bench.json; 1,000,000 sockets take 5 GB of memory'
	@echo 'bench-quick  the same with 100,000 sockets at most, in two minutes'
	@echo 'load         floods at full rate, 1,000,000 sockets, 20,000 connections a second: missed samples, CPU, memory,'
	@echo '             and whether the alerts are exact (root); half an hour and 6 GB; ONLY="ROW..." MINUTES=10'
	@echo 'install      DESTDIR, PREFIX (/usr); uninstall removes the same files'
	@echo 'dist         $(TARBALL), of the committed tree'
	@echo 'deb rpm      packages of it, in $(B)/deb and $(B)/rpm'
	@echo 'packages-check  builds the packages twice and compares them, lints, installs, upgrades and purges them in'
	@echo '             trees of Debian 11, 12 and 13 (root; SUITES="bookworm ..." for some of them)'
	@echo 'texts        write what is made from the tables of problems, causes and conditions; its parts:'
	@echo '             catalog (systemd/synwaitd.catalog) manual (lists in man/) rules ($(GENERATED_RULES))'
	@echo 'format       clang-format on every C file'
	@echo 'clean        remove $(B)'

.PHONY: all no-bpf objects test-programs run demo bench bench-quick check style analyze compilers binaries unit \
        fuzz fuzz-programs fuzz-regression integration faults soak tsan valgrind e2e e2e-matrix kernel-matrix \
        fleet load coverage instrumented gauntlet monitoring-check e2e-monitoring texts catalog manual rules format install uninstall dist \
        deb rpm packages-check clean help
.SECONDARY:
.DELETE_ON_ERROR:
BUILT := $(wildcard $(B)/release $(B)/test $(B)/soak $(B)/tsan $(B)/tools)
-include $(if $(BUILT),$(shell find $(BUILT) -type f -name '*.d'))
