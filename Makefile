# SPDX-License-Identifier: MIT
VERSION := 0.1.0
B := build
CC ?= gcc
PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog

PKGS := libmnl libsystemd libconfig jansson
WARN := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes $(if $(CI),-Werror)
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=2
CPPFLAGS += -D_GNU_SOURCE -DSYNWAITD_VERSION='"$(VERSION)"' -Iinclude
CFLAGS ?= -O2 -g
LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

pkg_cflags = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
pkg_libs = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

LIB_SRC := $(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/release/%.o)
TEST_LIB_OBJ := $(LIB_SRC:%.c=$(B)/test/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/test/unit/%,$(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(patsubst tests/integration/%.c,$(B)/test/integration/%,$(wildcard tests/integration/test_*.c))
TOOLS := $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c))

all: $(B)/synwaitd

$(B)/release/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) $(HARDEN) $(pkg_cflags) -pthread -MMD -MP -c $< -o $@

$(B)/libsynwaitd.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/synwaitd: $(B)/release/daemon/main.o $(B)/libsynwaitd.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(pkg_libs) -pthread -o $@

$(B)/test/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -O1 -g $(WARN) $(SANITIZE) $(pkg_cflags) -pthread -MMD -MP -c $< -o $@

$(B)/test/libsynwaitd.a: $(TEST_LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/test/unit/% $(B)/test/integration/%: $(B)/test/libsynwaitd.a
	$(CC) $(SANITIZE) $(filter %.o,$^) $(B)/test/libsynwaitd.a $(pkg_libs) -lcmocka -pthread -o $@

$(UNIT_TESTS): $(B)/test/unit/%: $(B)/test/tests/unit/%.o
$(INTEGRATION_TESTS): $(B)/test/integration/%: $(B)/test/tests/integration/%.o

$(B)/test/synwaitd: $(B)/test/daemon/main.o $(B)/test/libsynwaitd.a
	$(CC) $(SANITIZE) $^ $(pkg_libs) -pthread -o $@

$(B)/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -MF $@.d $< -o $@

clean:
	rm -rf $(B)

.PHONY: all clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
