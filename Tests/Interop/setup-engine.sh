#!/usr/bin/env bash
# Brings in a container engine and what puts the image together, for test_image.py. The test runs it where docker is
# missing, and starts the engine itself.
set -euo pipefail

missing=()
command -v docker >/dev/null && command -v dockerd >/dev/null || missing+=(docker.io iptables)
command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 || missing+=(docker-compose)
command -v busybox >/dev/null || missing+=(busybox-static)
command -v strip >/dev/null || missing+=(binutils)
[ ${#missing[@]} = 0 ] && exit
[ "$(id -u)" = 0 ] || { echo "not root, and ${missing[*]} missing" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "no apt-get, and ${missing[*]} missing" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
