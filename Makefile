# Every target does its own set-up: npm packages, and Debian packages by name.

DESTDIR =
BINDIR = /opt/cni/bin
# Where completions and manual pages are looked for.
DATADIR = /usr/local/share
DOCDIR = $(DATADIR)/doc/host-device-l3
# Where `make uninstall` looks for what is lent: the records where no configuration says otherwise, and
# the configurations of networks, each of which may have a "stateDir".
STATE_DIR = /var/lib/cni/host-device-l3
CONF_DIR = /etc/cni/net.d
# The machine to build for, arm64 or x64; the artefacts are then in dist/ARCH. Else it is this one.
ARCH =
# The Go plugin that `make bench` measures against: a path, or the name of a Debian release.
PEER = /usr/lib/cni/host-device
ROUNDS = 25
# How many devices it lends at once, and how many routes of each family a device with many has.
DEVICES = 64
ROUTES = 10000
# --json for a document in place of tables.
BENCH =
# The Debian releases whose kernels `make test-vm` runs on, and the one of `make vm-shell`.
KERNELS = bookworm sid
KERNEL = bookworm

DIST = dist$(ARCH:%=/%)
ARTEFACTS = $(DIST)/host-device-l3.cjs $(DIST)/host-device-l3
# Below $(DIST)/share, and where they are installed below $(DATADIR).
SHARED = bash-completion/completions/host-device-l3 fish/vendor_completions.d/host-device-l3.fish \
  host-device-l3/configuration.schema.json man/man8/host-device-l3.8 zsh/site-functions/_host-device-l3
CROSS_COMPILER_arm64 = gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
CROSS_COMPILER_x64 = gcc-x86-64-linux-gnu libc6-dev-amd64-cross qemu-user-static
SOURCES = build.mjs package-lock.json $(wildcard tools/*.mjs tools/*.c tools/share/*.ts bench/*) test/support/host-program.ts \
  test/support/watched-modules.c test/support/spawn.c $(shell find src -type f)

# Of what `make image` writes, and of all that is dated in it and in a release: the last commit.
IMAGE_ARCHIVE = build/image.tar
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
DEBIAN_ARCH = $(or $(ARCH:x64=amd64),$(shell dpkg --print-architecture))

.PHONY: image release reproduce build build-sanitized demo demo-image test test-javascript test-unit \
  test-long test-sanitized test-vm vm-shell vm-set-up check bench install uninstall clean help

# Builds both artefacts into dist/.
build: $(DIST)/.built

$(DIST)/.built: node_modules/.package-lock.json $(SOURCES)
	@tools/require-packages.sh musl-tools linux-libc-dev $(CROSS_COMPILER_$(ARCH))
	ARCH=$(ARCH) node build.mjs
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-fund --no-audit --loglevel=error
	@touch $@

# Lends a device and returns it, step by step.
demo: build
	@tools/require-packages.sh iproute2 iputils-ping
	@demo/lend-and-return.sh

# Draws docs/demo.svg, a picture of what `make demo` prints.
demo-image: build
	@tools/require-packages.sh iproute2 iputils-ping
	demo/lend-and-return.sh >build/demo.txt 2>&1 || { cat build/demo.txt; exit 1; }
	node demo/draw.mjs <build/demo.txt >docs/demo.svg

# Runs the pure tests, in seconds and without root.
test-unit: build
	node_modules/.bin/vitest run --config vitest.unit.config.ts

# Runs all tests that the kernel of this machine can run.
test: build
	@tools/require-packages.sh iproute2 iputils-ping logrotate procps radvd strace dnsmasq-base file \
	  busybox-static containerd containernetworking-plugins podman qemu-user-static runc runsc \
	  time util-linux-extra zstd golang-go golang-github-masterminds-sprig-dev golang-yaml.v2-dev
	$(MAKE) build ARCH=arm64
	tools/fetch-debian-package.sh forky containerd build/forky-containerd
	ARTEFACT=$(ARTEFACT) node_modules/.bin/vitest run

# Runs the tests of `make test` against the JavaScript file.
test-javascript:
	$(MAKE) test ARTEFACT=dist/host-device-l3.cjs

# Runs the sweeps and soaks of `make test` in full.
test-long: build
	@tools/require-packages.sh iproute2 procps strace
	node_modules/.bin/vitest run --config vitest.long.config.ts

SANITIZED = carried check-status-gc fuzz ipam keeper-ends lend-and-return random-states refusals roll-back
# Builds the executable with an engine and a host that find their own memory errors:
# build/host-device-l3-sanitized.
build-sanitized: build
	node build.mjs sanitized

# Tests the executable of `make build-sanitized`: what is hostile, and every kind of state, failure and
# process that the plugin starts.
test-sanitized: build-sanitized
	@tools/require-packages.sh iproute2 procps strace containernetworking-plugins
	ARTEFACT=build/host-device-l3-sanitized node_modules/.bin/vitest run test/conformance \
	  $(SANITIZED:%=test/netns/%.test.ts)

# Runs test/vm on two Debian kernels, each in a virtual machine.
test-vm: vm-set-up
	tools/vm/test.sh $(KERNELS:%=build/kernel-%)

vm-shell: KERNELS = $(KERNEL)
# Opens a shell in such a virtual machine.
vm-shell: vm-set-up
	tools/vm/run.sh build/kernel-$(KERNEL)

vm-set-up: build
	@tools/require-packages.sh qemu-system-x86 busybox-static kmod xz-utils iproute2 iputils-ping \
	  procps strace iw containernetworking-plugins runc runsc
	tools/fetch-debian-package.sh experimental runc build/experimental-runc
	tools/fetch-debian-package.sh sid crun build/sid-crun 'lib.*'
	tools/fetch-debian-package.sh sid containernetworking-plugins build/sid
# The package only names the version; newer releases split that into several packages, too.
	@for release in $(KERNELS); do \
	  tools/fetch-debian-package.sh $$release linux-image-amd64 build/kernel-$$release \
	    'linux-(image|base|binary|modules)-[0-9].*' || exit 1; \
	done
# With the compiler of that release only.
	@release=$$(. /etc/os-release && echo "$$VERSION_CODENAME"); \
	  case " $(KERNELS) " in *" $$release "*) \
	    tools/vm/module.sh "$$release" "build/kernel-$$release" ;; esac

# Runs the TypeScript compiler and the linter.
check: build
	node_modules/.bin/tsc
	node_modules/.bin/biome check

# Measures both artefacts and a Go host-device, PEER.
bench: build
	@tools/require-packages.sh iproute2 util-linux-extra
	node build.mjs bench
	@case '$(PEER)' in \
	/usr/lib/cni/*) tools/require-packages.sh containernetworking-plugins; peer=$(PEER) ;; \
	/*) peer=$(PEER) ;; \
	*) tools/fetch-debian-package.sh $(PEER) containernetworking-plugins build/$(PEER) && \
	   peer=build/$(PEER)/root/usr/lib/cni/host-device ;; \
	esac && PEER=$$peer ROUNDS=$(ROUNDS) DEVICES=$(DEVICES) ROUTES=$(ROUTES) node build/bench.mjs $(BENCH)

# An image of nothing but the executable and its licences: an archive for docker, podman and ctr.
image: build
	@tools/require-packages.sh podman
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) tools/build-image.sh $(DIST) $(DEBIAN_ARCH) $(IMAGE_ARCHIVE)

# All that is published of a version, for both machines, in release/. With VERSION, the source is
# given that version first.
release:
	@tools/require-packages.sh podman zstd
	$(if $(VERSION),node tools/set-version.mjs $(VERSION))
	@for directory in build/quickjs build/musl-arm64 build/musl-x64; do \
	  if [ -d $$directory ] && [ ! -e $$directory/packages.sha256 ]; then \
	    rm -rf $$directory dist/.built dist/*/.built; fi; \
	done
	$(MAKE) build
	$(MAKE) build ARCH=$(if $(filter x64,$(shell node -p process.arch)),arm64,x64)
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) tools/release.sh

# Makes the release of the last commit twice, in two new directories, and compares. With RELEASE, a
# directory, it is made once and compared with what is there.
reproduce:
	tools/reproduce.sh $(RELEASE)

# Installs both artefacts, the completions, the manual page, the JSON Schema and the licences. Each artefact is
# written beside its place and then renamed: a runtime that calls the plugin meanwhile runs the old
# or the new one.
install: build
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DOCDIR)
	@set -e; for file in $(ARTEFACTS); do \
	  to=$(DESTDIR)$(BINDIR)/$$(basename $$file); new=$(DESTDIR)$(BINDIR)/.$$(basename $$file).new; \
	  echo "install $$file $$to"; \
	  install -m 755 $$file $$new; sync $$new; mv -f $$new $$to; \
	done
	install -m 644 LICENSE $(DIST)/THIRD-PARTY-NOTICES $(DESTDIR)$(DOCDIR)
	@set -e; for file in $(SHARED); do \
	  echo "install $$file $(DESTDIR)$(DATADIR)/$$file"; \
	  install -D -m 644 $(DIST)/share/$$file $(DESTDIR)$(DATADIR)/$$file; \
	done

# Removes what install installed. While devices are lent, the plugin says which, and nothing is
# removed: only the plugin can bring them home.
uninstall:
	@if [ -x $(DESTDIR)$(BINDIR)/host-device-l3 ]; then \
	  $(DESTDIR)$(BINDIR)/host-device-l3 uninstall --bin-dir $(DESTDIR)$(BINDIR) \
	    --conf-dir $(CONF_DIR) --state-dir $(STATE_DIR); fi
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(notdir $(ARTEFACTS))) \
	  $(addprefix $(DESTDIR)$(DOCDIR)/,LICENSE THIRD-PARTY-NOTICES) \
	  $(addprefix $(DESTDIR)$(DATADIR)/,$(SHARED))

# Lists the targets.
help:
	@awk '/^# /{text = text (text ? " " : "") substr($$0, 3); next} \
	  /^[a-z-]+:/ && text {sub(/[.:] .*|\.$$/, "", text); sub(/:.*/, "", $$1); \
	    printf "  make %-15s %s\n", $$1, text} {text = ""}' $(firstword $(MAKEFILE_LIST))

# Removes all that was built, and node_modules.
clean:
	rm -rf build dist node_modules release
