#!/bin/sh
# Makes an authority and what it has signed, for trying things out: certificates.sh DIRECTORY
#   ca.pem      whom both sides trust
#   server.pem  key and certificate of the servers
#   client.pem  key and certificate of a client; client.key and client.crt have them one by one
set -eu
directory=$1
mkdir -p "$directory"
cd "$directory"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=an authority" \
    -keyout ca.key -out ca.pem 2>/dev/null
sign() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
    cat "$1.key" "$1.crt" >"$1.pem"
    rm "$1.csr" "$1.ext"
}
sign server "DNS:zoo1,DNS:zoo2,DNS:zoo3,DNS:localhost,IP:127.0.0.1"
sign client "DNS:client"
# The containers' user is not the one who runs this.
chmod 644 server.pem
