#!/bin/bash
# Makes a certificate for localhost that signs for itself: portal.pem and
# portal.key in a folder.  One that is there and still good is kept.  A browser
# warns of it once; a real portal has one that it trusts.
#
#   certificate.sh FOLDER
set -eu
umask 077

pem=$1/portal.pem
key=$1/portal.key

openssl x509 -in "$pem" -noout -checkend 86400 > /dev/null 2>&1 \
    && test -s "$key" && exit 0

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
    -days 90 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$key" -out "$pem" 2> /dev/null \
    || { echo 'certificate.sh: openssl could not make one' >&2; exit 1; }
