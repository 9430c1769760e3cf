# shellcheck shell=sh disable=SC2016
#
# Sourced: apt with sources and lists of its own, so that one package of another
# Debian suite, or a source package, can be had without touching the machine's
# sources.  Needs no privilege.
#
#   private_apt_init DIR deb|deb-src [SUITE]
#       SUITE of the mirror this machine uses, or by default the machine's own
#       suites; 0, or 1 when the machine has no mirror configured
#   private_apt apt-get|apt-cache ARGUMENTS...
#       the tool with them

private_apt_init() {
    private_dir=$1
    private_key=/usr/share/keyrings/debian-archive-keyring.gpg
    private_options=

    rm -rf "$private_dir"
    mkdir -p "$private_dir/lists/partial" "$private_dir/cache/archives/partial"

    test -f "$private_key" && private_options="[signed-by=$private_key]"

    # The addresses come from the configuration, which is there before any list
    # has been loaded.
    apt-get indextargets \
        --format '$(CREATED_BY) $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        | sed -n 's/^Packages //p' | sort -u > "$private_dir/machine"

    if [ -n "${3:-}" ]; then
        grep -v security "$private_dir/machine" | head -n 1 \
            | while read -r uri _; do
                  echo "$2 $private_options $uri $3 main"
              done
    else
        sed "s|^|$2 $private_options |" "$private_dir/machine"
    fi > "$private_dir/sources.list"

    test -s "$private_dir/sources.list"
}

# Signatures are checked, freshness is not: the mirror may be a snapshot, and what
# is fetched is for tests only.
private_apt() {
    tool=$1
    shift

    "$tool" -qq \
        -o Dir::Etc::SourceList="$private_dir/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$private_dir/lists" \
        -o Dir::Cache="$private_dir/cache" \
        -o Acquire::Check-Valid-Until=false \
        -o APT::Sandbox::User="$(id -un)" \
        "$@"
}
