#!/bin/sh
# Prints the share of lines the unit programs ran, file by file.
#
#   coverage.sh DIR           a build folder compiled with --coverage and run
set -eu

cd "$1"

# By the compiler's notes, so that a file no program ran counts as not run.
for notes in core/*.gcno wire/*.gcno; do
    gcov -n -o "$(dirname "$notes")" "$notes" 2>/dev/null
done | awk '
    /^File /           { file = substr($2, 2, length($2) - 2) }
    /^Lines executed:/ {
        if (file ~ /^ngx_http_mfa_module\/.*\.c$/) {
            split($0, part, /[:% ]+/)
            share = part[3] + 0; lines = $NF
            printf "%6.2f%% of %4d  %s\n", share, lines, file
            run += share * lines / 100; all += lines
        }
        file = ""
    }
    END {
        if (all == 0) { print "coverage: nothing was run"; exit 1 }
        printf "%6.2f%% of %4d  in all\n", 100 * run / all, all
    }'
