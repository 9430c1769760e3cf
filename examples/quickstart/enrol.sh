#!/bin/bash
# Sets up an authenticator for an account as its owner would in a browser, and
# prints the key.  Fails when the account has one already.
#
#   enrol.sh PORTAL-URL LOGIN [CURL-OPTION...] < password
set -euo pipefail

portal=$1
login=$2
shift 2

jar=$(mktemp)
trap 'rm -f "$jar"' EXIT

read -r password

get() {
    curl -sSf --max-time 20 -b "$jar" -c "$jar" "$@"
}

field() {
    sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" | head -n 1
}

# Fields come from standard input: arguments can be seen by other users.
token=$(get "$@" "$portal/mfa/login" | field csrf)
printf '%s' "$password" \
    | get "$@" -o /dev/null --data-urlencode "csrf=$token" \
        --data-urlencode "login=$login" --data-urlencode password@- \
        "$portal/mfa/login"

page=$(get "$@" "$portal/mfa/enrol/scan")
token=$(printf '%s\n' "$page" | field csrf)
key=$(printf '%s\n' "$page" | sed -n 's/.*data-mfa-key>\([^<]*\)<.*/\1/p' \
    | tr -d ' ')

printf '%s' "$key" | oathtool --totp -b - \
    | tr -d '\n' \
    | get "$@" -o /dev/null --data-urlencode "csrf=$token" \
        --data-urlencode code@- "$portal/mfa/enrol/scan"

echo "$key"
