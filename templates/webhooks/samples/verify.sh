#!/bin/sh
# sh verify.sh SECRET HEADERS_FILE BODY_FILE
# BODY_FILE: the bytes as they came (no line end added). HEADERS_FILE: one "name: value" a line.
# One signature of several is enough: while a secret is replaced there are two.
verify() {
  secret=$1 headers=$2 body=$3
  id=$(header webhook-id) timestamp=$(header webhook-timestamp)
  case $timestamp in '' | *[!0-9]* | ????????????*) return 1 ;; esac
  age=$(($(date +%s) - timestamp))
  [ "$age" -le 300 ] && [ "$age" -ge -300 ] || return 1 # too old: perhaps a delivery that somebody recorded
  case $secret in
    whsec_*) key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | hex) ;;
    *) key=$(printf %s "$secret" | hex) ;;
  esac
  expected=$({ printf '%s.%s.' "$id" "$timestamp" && cat "$body"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
  for given in $(header webhook-signature); do
    [ "$(digest "v1,$expected")" = "$(digest "$given")" ] && return 0 # how long this takes tells nothing of the two
  done
  return 1
}

header() { tr -d '\r' <"$headers" | sed -n "s/^$1: *//p" | head -n 1; } # names in lower case
hex() { od -An -v -tx1 | tr -d ' \n'; }
digest() { printf %s "$1" | openssl dgst -sha256; }

# The plain header X-Webhook-Signature, over the same bytes, with the text of the secret as it is:
#   key=$(printf %s "$secret" | hex)
#   expected=$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" <"$body" | sed 's/.* //')
#   [ "$(digest "$expected")" = "$(digest "$(header x-webhook-signature)")" ]

[ $# -ne 3 ] || verify "$@"
