# cdnfs: see README.md. BUILD=dir builds elsewhere, SAN=address,undefined|thread adds sanitizers.
SHELL := /bin/bash
BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
comma := ,
CC ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

PKGS_common := libmicrohttpd libcurl libcjson libxxhash yaml-0.1
PKGS_node := $(PKGS_common)
PKGS_dist := $(PKGS_common) libpq sqlite3
PKGS_cdnfs := $(PKGS_common) fuse3
PKGS_all := $(PKGS_common) libpq sqlite3 fuse3

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 \
	-Wnull-dereference -Werror
OPT ?= -O2 -g
CPPFLAGS += -I. -I$(BUILD) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=314 -DVERSION='"$(VERSION)"'
CFLAGS += -std=c17 $(OPT) $(WARN) -pthread -fno-strict-aliasing
LDFLAGS += -pthread
ifdef SAN
CFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SAN)
endif

src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
CTL_SRC := $(wildcard cdnfs/ctl*.c)
COMMON_OBJ := $(call obj,$(call src,common))
NODE_OBJ := $(call obj,$(call src,node))
DIST_OBJ := $(call obj,$(call src,dist)) $(BUILD)/dist/schema_sql.o
CDNFS_OBJ := $(call obj,$(filter-out $(CTL_SRC),$(call src,cdnfs)))
CTL_OBJ := $(call obj,$(CTL_SRC))
BINS := $(foreach b,node dist cdnfs cdnctl,$(BUILD)/bin/$(b))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/*_test.c))

.PHONY: all up down deps test unit lint fmt fuzz bench install uninstall clean
all: $(BINS)

$(BUILD)/bin/node: $(NODE_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/dist: $(DIST_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/cdnfs: $(CDNFS_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/cdnctl: $(CTL_OBJ) $(BUILD)/libcommon.a
$(BUILD)/bin/node: LDLIBS = $(shell pkg-config --libs $(PKGS_node))
$(BUILD)/bin/dist: LDLIBS = $(shell pkg-config --libs $(PKGS_dist))
$(BUILD)/bin/cdnfs: LDLIBS = $(shell pkg-config --libs $(PKGS_cdnfs))
$(BUILD)/bin/cdnctl: LDLIBS = $(shell pkg-config --libs $(PKGS_common))
$(BINS):
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libcommon.a: $(COMMON_OBJ)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(shell pkg-config --cflags $(PKGS_all)) $(CFLAGS) -MMD -MP -c -o $@ $<

# the numbered migrations, as one C table
$(BUILD)/dist/schema_sql.c: dist/schema/embed.sh $(wildcard dist/schema/*.sql)
	@mkdir -p $(@D)
	bash dist/schema/embed.sh dist/schema/*.sql > $@.tmp && mv $@.tmp $@
$(BUILD)/dist/schema_sql.o: $(BUILD)/dist/schema_sql.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# unit tests: tests/unit/ROOM/FILE_test.c is linked with its room but for main, and needs no registration
define unit_rule
$(BUILD)/unit/$(1)/%: tests/unit/$(1)/%.c $(2) $(BUILD)/libcommon.a
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) $$(shell pkg-config --cflags $$(PKGS_all)) $$(CFLAGS) -MMD -MP -MF $$@.d $$(LDFLAGS) -o $$@ $$< \
		$(2) $$(BUILD)/libcommon.a $$(shell pkg-config --libs $$(PKGS_all) cmocka)
endef
nomain = $(filter-out %/main.o,$(1))
$(eval $(call unit_rule,common,))
$(eval $(call unit_rule,node,$(call nomain,$(NODE_OBJ))))
$(eval $(call unit_rule,dist,$(call nomain,$(DIST_OBJ))))
$(eval $(call unit_rule,cdnfs,$(call nomain,$(CDNFS_OBJ))))

unit: $(UNIT)

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
include local/targets.mk
