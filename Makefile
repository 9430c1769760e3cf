# ngx_http_mfa_module.  "make help" lists the targets.
#
# Objects go to $(B)/core, wire and cli, built once for mfactl, the unit programs
# and the fuzz targets; the module is built by nginx's own build system.

B         ?= build
VERSION   := $(shell cat VERSION)

ifeq ($(origin CC),default)
CC         = gcc
endif

CFLAGS    ?= -O2 -g -D_FORTIFY_SOURCE=2
LDFLAGS   ?=
JOBS      ?= $(shell nproc 2>/dev/null || echo 1)

DESTDIR   ?=
SBINDIR   ?= /usr/sbin
MODULEDIR ?= /usr/lib/nginx/modules
MODCONFDIR ?= /usr/share/nginx/modules-available
DATADIR   ?= /usr/share/ngx_http_mfa_module
MFA_TEMPLATES_DIR ?= $(DATADIR)/lua-free-templates

T         ?=
FUZZ_TIME ?= 60

SRC       := ngx_http_mfa_module

WARNINGS  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wformat=2 -Werror
HARDENING := -fvisibility=hidden -fstack-protector-strong -fPIE
RELRO     := -Wl,-z,relro -Wl,-z,now
DEFINES   := -DMFA_VERSION='"$(VERSION)"' \
             -DMFA_TEMPLATES_DIR='"$(MFA_TEMPLATES_DIR)"'
LIBS      := -lhiredis -lcrypto -lqrencode -lcrypt -ljansson -lyaml -lcurl

COMPILE    = $(CC) $(CFLAGS) $(WARNINGS) $(HARDENING) -I $(SRC) -MMD -MP
LINK_ONLY  = -pie $(RELRO) $(LDFLAGS)
LINK       = $(CC) $(CFLAGS) $(LINK_ONLY)

# nginx's headers are system headers for the module: the warnings are for ours.
NGINX_HEADERS := core event event/modules os/unix http http/modules http/v2
export MFA_CC_OPT ?= -O2 -fPIC -D_FORTIFY_SOURCE=2 -Wextra -Wshadow \
             -Wstrict-prototypes -Wformat=2 -Wno-unused-parameter \
             $(NGINX_HEADERS:%=-isystem src/%)
export MFA_LD_OPT ?= $(RELRO)
export MFA_TEMPLATES_DIR
export NGINX_SRC NGINX_SUITE

SANITIZE  ?= -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined

core_objs  := $(patsubst $(SRC)/%.c,$(B)/%.o,$(wildcard $(SRC)/core/*.c))
wire_objs  := $(patsubst $(SRC)/%.c,$(B)/%.o,$(wildcard $(SRC)/wire/*.c))
cli_objs   := $(patsubst $(SRC)/%.c,$(B)/%.o,$(wildcard $(SRC)/cli/*.c))
own_objs   := $(core_objs) $(wire_objs) $(cli_objs)

unit_progs := $(patsubst t/%.c,$(B)/%,$(wildcard t/unit/test_*.c))
fuzz_names := $(filter-out replay,$(patsubst t/fuzz/%.c,%,$(wildcard t/fuzz/*.c)))
fuzz_progs := $(fuzz_names:%=$(B)/fuzz/%)

# What a fuzz target is linked with to become a program.
FUZZ_MAIN ?= t/fuzz/replay.c

# V=1 shows commands.
say        = $(if $(V),,@echo "  $(1)  $@";)

jobs       = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
submake    = $(MAKE) --no-print-directory

# What every test file is told.
tests_env  = MFA_BUILD=$(CURDIR)/$(B) MFA_VERSION=$(VERSION) \
             PATH="$$PATH:/usr/sbin:/sbin" \
             PERL5LIB="$(CURDIR)/t/lib:$(CURDIR)/build/test-nginx/lib$${PERL5LIB:+:$$PERL5LIB}" \
             TEST_NGINX_SERVROOT=$(CURDIR)/$(B)/servroot


.PHONY: all module tools help
all: module tools                #= the module and mfactl

module:                          #= build/ngx_http_mfa_module.so; NGINX_SRC=dir for other sources
	@CC="$(CC)" JOBS=$(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,$(JOBS)) \
	    MAKE="$(MAKE)" build-aux/nginx-module.sh $(B)/module
	@cmp -s $(B)/module/ngx_http_mfa_module.so $(B)/ngx_http_mfa_module.so \
	    || cp $(B)/module/ngx_http_mfa_module.so $(B)/

# For t/26-matrix.t alone, in a folder of its own: a module that leaks.
.PHONY: module-no-backstop
module-no-backstop:
	@CC="$(CC)" JOBS=$(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,$(JOBS)) \
	    MFA_CC_OPT="$(MFA_CC_OPT) -DNGX_HTTP_MFA_TEST_NO_BACKSTOP=1" \
	    MAKE="$(MAKE)" build-aux/nginx-module.sh $(B)/no-backstop

tools: $(B)/mfactl               #= build/mfactl

help:                            #= this list
	@sed -n 's/^\([a-z][a-z-]*\):.*#= */  \1|/p' Makefile \
	    | while IFS='|' read -r name text; do \
	          printf '%-14s %s\n' "$$name" "$$text"; done


# Objects and programs.

FORCE:

# Changes when the compiler or its flags do; everything compiled depends on it.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@printf '%s\n' '$(subst ','\'',$(COMPILE) $(DEFINES) $(LINK) $(LIBS))' > $@.$$$$; \
	    if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

# Core is strict C11; the other two stand on POSIX.
$(B)/core/%.o: $(SRC)/core/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -std=c11 -c -o $@ $<

$(B)/wire/%.o: $(SRC)/wire/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -std=gnu11 -c -o $@ $<

$(B)/cli/%.o: $(SRC)/cli/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) $(DEFINES) -std=gnu11 -c -o $@ $<

# Archives, so that a program takes what it uses: a unit program has a main of
# its own and leaves mfactl's out.  Made anew each time: a file that was removed
# must not live on inside.
$(B)/core.a: $(core_objs)
$(B)/wire.a: $(wire_objs)
$(B)/cli.a:  $(cli_objs)

$(B)/core.a $(B)/wire.a $(B)/cli.a: $(B)/flags
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $(filter %.o,$^)

archives := $(B)/cli.a $(B)/wire.a $(B)/core.a

$(B)/mfactl: $(own_objs) $(B)/flags
	$(call say,LD)$(LINK) -o $@ $(own_objs) -Wl,--as-needed $(LIBS)

$(B)/unit/%: t/unit/%.c $(archives) $(B)/flags
	@mkdir -p $(@D)
	$(call say,LD)$(COMPILE) $(DEFINES) -std=gnu11 -I t/unit $(LINK_ONLY) -o $@ $< \
	    $(archives) -Wl,--as-needed -lcmocka $(LIBS)

$(B)/fuzz/%: t/fuzz/%.c $(FUZZ_MAIN) $(archives) $(B)/flags
	@mkdir -p $(@D)
	$(call say,LD)$(COMPILE) -std=gnu11 $(LINK_ONLY) -o $@ $< $(FUZZ_MAIN) \
	    $(archives) -Wl,--as-needed $(LIBS)

$(B)/bench/fill: bench/fill.c $(archives) $(B)/flags
	@mkdir -p $(@D)
	$(call say,LD)$(COMPILE) -std=gnu11 $(LINK_ONLY) -o $@ $< \
	    $(archives) -Wl,--as-needed $(LIBS)

-include $(wildcard $(B)/core/*.d $(B)/wire/*.d $(B)/cli/*.d $(B)/unit/*.d \
                    $(B)/fuzz/*.d $(B)/bench/*.d)

.PHONY: objects unit fuzz-seeds bench-fill
bench-fill: $(B)/bench/fill
objects: $(own_objs)
unit: $(unit_progs)              #= the unit programs, build/unit/*
fuzz-seeds: $(fuzz_progs)        #= the programs that replay fuzz seeds, build/fuzz/*


# What has to be on the machine.

.PHONY: deps deps-test
deps:                            #= install what building needs (sudo when not root)
	@build-aux/deps.sh build

deps-test: deps                  #= install what the tests need
	@build-aux/deps.sh test
	@build-aux/test-nginx.sh build/test-nginx
	@build-aux/sshd.sh build/sshd
	@build-aux/postfix.sh build/postfix
	@cd t/e2e && if [ ! -e node_modules/.package-lock.json ] \
	    || [ package-lock.json -nt node_modules/.package-lock.json ]; then \
	        npm ci --no-audit --no-fund \
	        && touch node_modules/.package-lock.json; fi


# Checking.

.PHONY: test asan fuzz lint format coverage bench
test: deps-test                  #= every suite; T=t/20-gate.t runs one file, V=1 shows each test
	@$(submake) $(jobs) module module-no-backstop tools unit fuzz-seeds
	@$(tests_env) \
	    TEST_NGINX_BINARY=$${TEST_NGINX_BINARY:-$$(PATH="$$PATH:/usr/sbin" command -v nginx)} \
	    TEST_NGINX_LOAD_MODULES=$(CURDIR)/$(B)/ngx_http_mfa_module.so \
	    build-aux/run-tests $(T)

# The suites against a sanitized nginx with the module compiled in, and the unit
# programs sanitized; the browser journey and the guards gain nothing by it.
asan_tests = $(filter-out t/01-% t/90-%,$(sort $(wildcard t/*.t)))

asan: deps-test                  #= the suites under ASan and UBSan; T= as in test
	@$(submake) $(jobs) B=build/asan tools unit fuzz-seeds \
	    CFLAGS="$(SANITIZE) -fno-sanitize-recover=undefined"
	@CC="$(CC)" SANITIZE="$(SANITIZE)" MAKE="$(MAKE)" JOBS=$(JOBS) \
	    build-aux/nginx-asan.sh build/asan
	@$(submake) B=build/asan run-asan T="$(or $(T),$(asan_tests))"

# nginx leaves what lives as long as the process to the kernel, and its own code
# is not what is tested here: its files are named in ubsan.supp.
.PHONY: run-asan
run-asan:
	@$(tests_env) \
	    TEST_NGINX_BINARY=$(CURDIR)/$(B)/nginx TEST_NGINX_LOAD_MODULES= \
	    MFA_ASAN=1 \
	    ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=1 \
	    UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1:suppressions=$(CURDIR)/build-aux/ubsan.supp \
	    build-aux/run-tests $(T)

FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer \
             -fsanitize=fuzzer-no-link,address,undefined \
             -fno-sanitize-recover=undefined

fuzz: deps                       #= libFuzzer, FUZZ_TIME=60 seconds for each target; T=name runs one
	@build-aux/deps.sh fuzz
	@$(submake) $(jobs) B=build/libfuzzer CC=clang CFLAGS="$(FUZZ_FLAGS)" \
	    FUZZ_MAIN= LDFLAGS=-fsanitize=fuzzer fuzz-seeds
	@set -e; for name in $(or $(T),$(fuzz_names)); do \
	    echo "fuzz: $$name"; \
	    corpus=build/libfuzzer/corpus/$$name; mkdir -p $$corpus; \
	    seeds=t/fuzz/seeds/$$name; test -d $$seeds || seeds=; \
	    build/libfuzzer/fuzz/$$name -max_total_time=$(FUZZ_TIME) \
	        -print_final_stats=1 -artifact_prefix=build/libfuzzer/ \
	        $$corpus $$seeds; \
	done

lint: deps                       #= both compilers with every warning, guards, shellcheck
	@build-aux/deps.sh lint
	@for cc in gcc clang; do \
	    echo "lint: $$cc"; \
	    $(submake) $(jobs) B=build/lint/$$cc CC=$$cc \
	        objects unit fuzz-seeds bench-fill module || exit 1; \
	done
	@MFA_BUILD=$(CURDIR)/build/lint/gcc build-aux/run-tests t/01-guards.t
	@shellcheck -x build-aux/*.sh .ci/run \
	    $(wildcard bench/*.sh examples/*/*.sh)

format:                          #= clang-format over all C files, in place
	@build-aux/deps.sh lint
	clang-format -i $(wildcard $(SRC)/*/*.c $(SRC)/*/*.h t/unit/*.c \
	    t/unit/*.h t/fuzz/*.c)

coverage: deps-test              #= line coverage of core and wire by the unit programs
	@rm -f build/coverage/*/*.gcda
	@$(submake) $(jobs) B=build/coverage CC=gcc CFLAGS="-O0 -g --coverage" \
	    unit fuzz-seeds
	@MFA_BUILD=$(CURDIR)/build/coverage build-aux/run-tests t/00-unit.t \
	    t/02-fuzz-seeds.t
	@build-aux/coverage.sh build/coverage

bench: deps                      #= ratios against the ungated proxy and against alternatives
	@build-aux/deps.sh bench
	@$(submake) $(jobs) module tools bench-fill
	@MFA_BUILD=$(CURDIR)/$(B) bench/run.sh


# Using.

.PHONY: demo demo-stop install clean
demo: deps                       #= two gated portals here; DETACH=1 leaves them running, TLS=1, USER_PORT=, ADMIN_PORT=, MAIL_PORT=
	@$(submake) $(jobs) module tools
	@MFA_BUILD=$(CURDIR)/$(B) DETACH=$(DETACH) examples/quickstart/demo.sh up

demo-stop:                       #= ends what make demo DETACH=1 started
	@MFA_BUILD=$(CURDIR)/$(B) examples/quickstart/demo.sh down

install: all                     #= module, mfactl and templates, below DESTDIR
	install -d $(DESTDIR)$(MODULEDIR) $(DESTDIR)$(MODCONFDIR) \
	    $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MFA_TEMPLATES_DIR)
	install -m 644 $(B)/ngx_http_mfa_module.so $(DESTDIR)$(MODULEDIR)/
	install -m 755 $(B)/mfactl $(DESTDIR)$(SBINDIR)/
	printf 'load_module modules/ngx_http_mfa_module.so;\n' \
	    > $(DESTDIR)$(MODCONFDIR)/mod-http-mfa.conf
	chmod 644 $(DESTDIR)$(MODCONFDIR)/mod-http-mfa.conf
	cd lua-free-templates && find . -type f -exec \
	    install -D -m 644 {} $(DESTDIR)$(MFA_TEMPLATES_DIR)/{} \;

clean:                           #= remove build/ and what tests left behind
	rm -rf build t/servroot t/servroot_*
