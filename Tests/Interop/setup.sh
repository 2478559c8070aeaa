#!/usr/bin/env bash
# Brings in what the interoperability tests run against: Apache ZooKeeper's server, its shell and its C client,
# and kazoo. Everything that is not a system package lands under .build-interop/, which git ignores.
# Safe to run again; takes no time when all is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/.build-interop
mkdir -p "$tools"

kazoo=2.11.0
pytest=9.0.1
# The schemas that Kubernetes publishes, for the manifests that are rendered.
kubernetes=1.37.0
# For kazoo's own tests: a later pyOpenSSL cannot make their certificates.
openssl=26.1.0
# The Java archive of the reference server, 3.9.5, travels inside this release of pyspark.
pyspark=4.3.0

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# System packages, each named by a file that shows it is installed.
system_packages() {
    local missing=()
    [ -e /usr/include/yaml.h ] || missing+=(libyaml-dev)
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    command -v java >/dev/null || missing+=(default-jre-headless)
    [ -e /usr/include/zookeeper/zookeeper.h ] || missing+=(libzookeeper-mt-dev)
    # The package `zookeeper` holds the shell and the jars; the one that starts a service is `zookeeperd`.
    [ -e /usr/share/zookeeper/bin/zkCli.sh ] || missing+=(zookeeper)
    # What the reference server's AdminServer needs.
    [ -e /usr/share/java/jetty9-server.jar ] || missing+=(libjetty9-java)
    [ -e /usr/share/java/jackson-databind.jar ] || missing+=(libjackson2-databind-java)
    command -v prometheus >/dev/null || missing+=(prometheus)
    command -v openssl >/dev/null || missing+=(openssl)
    # Torture parts servers with these; a user who is not root may not have their folder in the search path.
    [ "$(uname)" != Linux ] || [ -e /usr/sbin/iptables ] || missing+=(iptables)
    [ "$(uname)" != Linux ] || [ -e /usr/sbin/tc ] || [ -e /sbin/tc ] || missing+=(iproute2)
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
    [ ${#missing[@]} = 0 ] && return
    echo "setup: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq
    as_root apt-get install -qq -y --no-install-recommends "${missing[@]}" >"$tools/apt.log" 2>&1 ||
        { tail -n 40 "$tools/apt.log" >&2; exit 1; }
}

virtual_environment() {
    local wanted=("kazoo[test,sasl]==$kazoo" "pytest==$pytest" "pyOpenSSL==$openssl" "kubernetes-validate==$kubernetes")
    local stamp=$tools/venv/made-of
    [ "$(cat "$stamp" 2>/dev/null)" = "${wanted[*]}" ] && return
    echo "setup: a virtual environment with kazoo $kazoo"
    rm -rf "$tools/venv"
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install -q --disable-pip-version-check "${wanted[@]}"
    echo "${wanted[*]}" >"$stamp"
}

reference_server() {
    local jars=$tools/zookeeper-3.9.5
    [ -e "$jars" ] && return
    echo "setup: the jars of Apache ZooKeeper 3.9.5 (a large download, once)"
    local scratch=$tools/download
    rm -rf "$scratch" && mkdir -p "$scratch/jars"
    "$tools/venv/bin/pip" download -q --disable-pip-version-check --no-deps -d "$scratch" "pyspark==$pyspark"
    tar -xzf "$scratch/pyspark-$pyspark.tar.gz" -C "$scratch/jars" --strip-components=3 --wildcards \
        '*/deps/jars/zookeeper-*.jar' '*/deps/jars/netty-*.jar' '*/deps/jars/slf4j-api-*.jar' \
        '*/deps/jars/log4j-api-*.jar' '*/deps/jars/log4j-core-*.jar' '*/deps/jars/log4j-slf4j2-impl-*.jar' \
        '*/deps/jars/metrics-core-*.jar' '*/deps/jars/snappy-java-*.jar' '*/deps/jars/commons-cli-*.jar'
    rm -f "$scratch"/jars/netty-tcnative-boringssl* "$scratch"/jars/netty-all-*
    mv "$scratch/jars" "$jars"
    rm -rf "$scratch"
}

c_client() {
    local binary=$tools/cclient source=Tests/Interop/clients/cclient.c
    [ "$binary" -nt "$source" ] && return
    cc -O1 -Wall -DTHREADED -o "$binary" "$source" -lzookeeper_mt
}

system_packages
virtual_environment
reference_server
c_client
