# cdnfs: see README.md. BUILD=dir builds elsewhere, SAN=address,undefined|thread adds sanitizers,
# CC=clang takes the other compiler; each combination has a folder of its own. V=1 shows the commands.
SHELL := /bin/bash
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
ifeq ($(origin CC),default)
CC := gcc
endif
comma := ,
Q := $(if $(V),,@)
BUILD ?= build$(if $(findstring clang,$(CC)),-clang)$(if $(SAN),-$(subst $(comma),-,$(SAN)))
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

PKGS_common := libmicrohttpd gnutls libcurl libcjson libxxhash yaml-0.1
PKGS_all := $(PKGS_common) libpq sqlite3 fuse3
# asked once, and only when something is compiled (`make deps` has to run without pkg-config)
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $$(PKGS_all)))$(PKG_CFLAGS)
libs = $(shell pkg-config --libs $(1))

WERROR ?= -Werror
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 \
	-Wnull-dereference $(WERROR)
OPT ?= -O2 -g
CPPFLAGS += -I. -I$(BUILD) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=314 -DVERSION='"$(VERSION)"'
CFLAGS += -std=c17 $(OPT) $(WARN) -pthread -fno-strict-aliasing
LDFLAGS += -pthread -Wl,--as-needed
ifneq ($(SAN),)
# the checks that sanitizers insert make gcc see null pointers and unset values that are not there
CFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all -Wno-null-dereference \
	-Wno-maybe-uninitialized
LDFLAGS += -fsanitize=$(SAN)
endif

src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
CTL_SRC := $(wildcard cdnfs/ctl*.c)
COMMON_OBJ := $(call obj,$(call src,common))
NODE_OBJ := $(call obj,$(call src,node))
DIST_OBJ := $(call obj,$(call src,dist)) $(BUILD)/dist/schema_sql.o
CDNFS_OBJ := $(call obj,$(filter-out $(CTL_SRC),$(call src,cdnfs)))
CTL_OBJ := $(call obj,$(CTL_SRC) cdnfs/mounted.c cdnfs/settings.c)
BINS := $(foreach b,node dist cdnfs cdnctl,$(BUILD)/bin/$(b))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/*_test.c))
POSIX := $(BUILD)/posix/posix
MODEL := $(BUILD)/model/model
MAN := $(foreach p,cdnfs.8 mount.cdnfs.8 cdnctl.1 cdn-dist.8 cdn-node.8 cdnfs.conf.5 nodes.yml.5,$(BUILD)/man/$(p))
FLAGS := $(BUILD)/flags

.PHONY: all man up down deps deb test test-compose test-deb unit posix model stress lint fmt fuzz bench install uninstall clean
all: $(BINS) $(MAN)

$(BUILD)/bin/node: $(NODE_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/dist: $(DIST_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/cdnfs: $(CDNFS_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/cdnctl: $(CTL_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/node: LDLIBS = $(call libs,$(PKGS_common))
$(BUILD)/bin/dist: LDLIBS = $(call libs,$(PKGS_common) libpq sqlite3)
$(BUILD)/bin/cdnfs: LDLIBS = $(call libs,$(PKGS_common) fuse3)
$(BUILD)/bin/cdnctl: LDLIBS = $(call libs,$(PKGS_common))
$(BINS): $(FLAGS)
	@mkdir -p $(@D)
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)

$(BUILD)/libcommon.a: $(COMMON_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/%.o: %.c $(FLAGS)
	@mkdir -p $(@D); echo '  CC $<'
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# written anew only when compiler or flags change, so that everything is built again then
define FLAGS_TEXT
$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
endef
export FLAGS_TEXT
$(FLAGS): .FORCE
	@mkdir -p $(@D); printf '%s\n' "$$FLAGS_TEXT" | cmp -s - $@ || printf '%s\n' "$$FLAGS_TEXT" > $@
.PHONY: .FORCE
.FORCE:

# the numbered migrations, as one C table
$(BUILD)/dist/schema_sql.c: dist/schema/embed.sh $(wildcard dist/schema/*.sql)
	@mkdir -p $(@D)
	$(Q)bash dist/schema/embed.sh dist/schema/*.sql > $@.tmp && mv $@.tmp $@
$(BUILD)/dist/schema_sql.o: $(BUILD)/dist/schema_sql.c $(FLAGS)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Manual pages: docs/man/PAGE.in with the options of the program's own --help. Their date is that of the
# source, SOURCE_DATE_EPOCH where that is set.
man: $(MAN)
DATE = $(eval DATE := $$(shell e=$$$${SOURCE_DATE_EPOCH:-$$$$(git log -1 --format=%ct 2> /dev/null)}; \
	date -u $$$${e:+-d "@$$$$e"} +%F))$(DATE)
define man_rule
$(BUILD)/man/$(1): $(BUILD)/man/$(2).help docs/man/$(1).in docs/man/fill.awk
	@echo '  MAN $$@'
	$$(Q)awk -v version='$$(VERSION)' -v date='$$(DATE)' -f docs/man/fill.awk $$< docs/man/$(1).in > $$@
endef
$(foreach p,cdnfs.8 mount.cdnfs.8 cdnfs.conf.5,$(eval $(call man_rule,$(p),cdnfs)))
$(eval $(call man_rule,cdnctl.1,cdnctl))
$(foreach p,cdn-dist.8 nodes.yml.5,$(eval $(call man_rule,$(p),dist)))
$(eval $(call man_rule,cdn-node.8,node))
# a program with thread sanitizer does not start beside the kernel's random addresses
$(BUILD)/man/%.help: $(BUILD)/bin/%
	@mkdir -p $(@D)
	$(Q)$(if $(findstring thread,$(SAN)),setarch $(shell uname -m) -R) $< --help > $@

# unit tests: tests/unit/ROOM/FILE_test.c is linked with its room but for main, and needs no registration;
# filter.c makes T=name run only the tests with that in their names
define unit_rule
$(BUILD)/unit/$(1): tests/unit/$(1).c $(BUILD)/tests/unit/filter.o $(2) $(BUILD)/libcommon.a $(FLAGS)
	@mkdir -p $$(@D); echo '  CC $$<'
	$$(Q)$$(CC) $$(CPPFLAGS) $$(PKG_CFLAGS) $$(CFLAGS) -MMD -MP -MF $$@.d -MT $$@ $$(LDFLAGS) -o $$@ $$< \
		$$(filter %.o %.a,$$^) $$(call libs,$$(PKGS_all) cmocka)
endef
nomain = $(filter-out %/main.o %/ctl.o,$(1))
$(eval $(call unit_rule,common/%,))
$(eval $(call unit_rule,node/%,$(call nomain,$(NODE_OBJ))))
$(eval $(call unit_rule,dist/%,$(call nomain,$(DIST_OBJ))))
$(eval $(call unit_rule,cdnfs/%,$(call nomain,$(CDNFS_OBJ))))
$(eval $(call unit_rule,cdnfs/ctl%,$(call nomain,$(CTL_OBJ))))
.SECONDARY: $(BUILD)/tests/unit/filter.o

unit: $(UNIT) $(POSIX) $(MODEL)

# what POSIX says of file systems, as cases for any directory: tests/posix/posix.h
posix: $(POSIX)
$(POSIX): $(call obj,$(call src,tests/posix)) $(FLAGS)
	@mkdir -p $(@D)
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^)

# random operations beside a model of the tree, for SECONDS; SEED repeats a run
$(MODEL): $(call obj,$(call src,tests/model)) $(FLAGS)
	@mkdir -p $(@D)
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^)
SECONDS ?= 60
model: $(BINS) $(MODEL)
	@CDN_BIN='$(abspath $(BUILD)/bin)' SAN='$(SAN)' MODEL_SECONDS='$(SECONDS)' MODEL_SEED='$(SEED)' \
		/usr/bin/python3 -m pytest -q -s -p no:cacheprovider --timeout=86400 \
		tests/mount/test_model.py -k mount

# make test T=name: only what has that in its name. SUITES="unit api mount docs" chooses.
test:
	@BUILD='$(BUILD)' CC='$(CC)' SAN='$(SAN)' T='$(T)' PG_BIN='$(PG_BIN)' AGAIN='$(AGAIN)' tests/run.sh

# the containers, for real, as root: docs/compose.md
test-compose: all
	@CDN_BIN='$(abspath $(BUILD)/bin)' tests/compose/run.sh

# SECONDS_EACH=n, T=stressor
stress: all
	@local/deps.sh stress
	@CDN_BIN='$(abspath $(BUILD)/bin)' SAN='$(SAN)' SECONDS_EACH='$(SECONDS_EACH)' T='$(T)' tests/stress/run.sh

# the Debian packages, in clean systems, as root: docs/install.md
test-deb:
	@tests/deb/run.sh

lint: export LINT_FLAGS = $(subst ',,$(CPPFLAGS)) $(PKG_CFLAGS) -std=c17 $(WARN)
lint: all
	@CC='$(CC)' CDN_BIN='$(BUILD)/bin' tests/lint/run.sh

fmt:
	clang-format -i $(sort $(wildcard $(foreach d,common node dist cdnfs tests/fuzz tests/unit tests/unit/* tests/posix tests/model tests/bench,$(d)/*.[ch])))

FUZZ_SECONDS ?= 10
fuzz:
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' T='$(T)' tests/fuzz/run.sh

bench: all
	@CDN_BIN='$(abspath $(BUILD)/bin)' tests/bench/bench.sh

deps:
	@local/deps.sh

# what runs needs less than what is tested: the build packages only
up:
	@local/deps.sh build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD='$(BUILD)' local/up.sh

down:
	@BUILD='$(BUILD)' local/down.sh

# Where things go: SBIN has the servers, MOUNT_SBIN the helper that mount(8) looks for there only
SBIN ?= $(PREFIX)/bin
MOUNT_SBIN ?= /sbin
UNITS ?= $(PREFIX)/lib/systemd/system
SHARE := $(PREFIX)/share
EXAMPLES := $(SHARE)/doc/cdnfs/examples
# to(FOLDER,FILES,MODE): FILE:PLACE:MODE of each
to = $(foreach f,$(2),$(f):$(1)/$(notdir $(f)):$(3))
INSTALLED = $(call to,$(PREFIX)/bin,$(BUILD)/bin/cdnfs $(BUILD)/bin/cdnctl,755) \
	$(foreach s,dist node,$(BUILD)/bin/$(s):$(SBIN)/cdn-$(s):755 $(BUILD)/systemd/cdn-$(s).service:$(UNITS)/cdn-$(s).service:644 \
		local/systemd/cdn-$(s).sysusers:$(PREFIX)/lib/sysusers.d/cdn-$(s).conf:644) \
	$(foreach p,$(MAN),$(call to,$(SHARE)/man/man$(subst .,,$(suffix $(p))),$(p),644)) \
	$(call to,$(EXAMPLES),$(wildcard local/etc/*),644) \
	$(foreach f,$(wildcard completions/cdn.bash),$(f):$(SHARE)/bash-completion/completions/cdnctl:644) \
	$(call to,$(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions),$(wildcard completions/_cdn),644) \
	$(foreach f,$(wildcard completions/cdn.fish),$(foreach p,$(COMPLETED) cdnctl,$(f):$(FISH)/$(p).fish:644))
COMPLETED := cdnfs mount.cdnfs cdn-dist cdn-node
FISH := $(SHARE)/fish/vendor_completions.d
# PLACE:WHAT IT POINTS TO
LINKED = $(MOUNT_SBIN)/mount.cdnfs:$(PREFIX)/bin/cdnfs \
	$(if $(wildcard completions/cdn.bash),$(foreach p,$(COMPLETED),$(SHARE)/bash-completion/completions/$(p):cdnctl))

$(BUILD)/systemd/%.service: local/systemd/%.service .FORCE
	@mkdir -p $(@D)
	$(Q)sed 's,@SBIN@,$(SBIN),' $< > $@

install: all $(MAN) $(foreach s,dist node,$(BUILD)/systemd/cdn-$(s).service)
	@set -e; for f in $(INSTALLED); do IFS=: read -r from to mode <<< "$$f"; install -D -m "$$mode" "$$from" "$(DESTDIR)$$to"; done
	@set -e; for l in $(LINKED); do install -d "$(DESTDIR)$$(dirname "$${l%%:*}")"; ln -sfn "$${l#*:}" "$(DESTDIR)$${l%%:*}"; done

# what was installed, and the folders that only this makes
uninstall:
	@for f in $(INSTALLED); do f=$${f#*:}; rm -f "$(DESTDIR)$${f%:*}"; done
	@for l in $(LINKED); do rm -f "$(DESTDIR)$${l%%:*}"; done
	@for d in $(EXAMPLES) $(SHARE)/doc/cdnfs; do [ ! -d "$(DESTDIR)$$d" ] || rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$d"; done

# Debian packages, of the source and not of what BUILD has
deb:
	@local/deps.sh "build deb"
	@local/deb.sh build/deb

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
