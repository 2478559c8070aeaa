#!/bin/sh
# Puts the root of the image together: assemble.sh AVIARY_BINARY DIRECTORY
# It holds the program, the few libraries that it is linked with, and busybox for the health checks of existing
# compose files (sh, nc, wget). Needs: binutils (strip), busybox-static.
set -eu
binary=$1 root=$2

mkdir -p "$root/bin" "$root/usr/local/bin" "$root/etc" "$root/conf" "$root/data" "$root/datalog" "$root/logs" \
    "$root/tmp" "$root/home/zookeeper"
strip -o "$root/usr/local/bin/aviary" "$binary"
chmod 755 "$root/usr/local/bin/aviary"

# Each library at the path by which the loader is known to find it, the loader at its own.
ldd "$binary" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
# Without a cache the loader looks into a few folders only; this names the one in use.
dirname "$(ldd "$binary" | sed -n 's/.*libc\.so\.6 => \(\/[^ ]*\).*/\1/p')" >"$root/etc/ld.so.conf"
ldconfig -r "$root"

# The program acts as each of ZooKeeper's scripts that it is started as.
for name in zkServer.sh zkCli.sh docker-entrypoint.sh; do ln -s aviary "$root/usr/local/bin/$name"; done
ln -s usr/local/bin/aviary "$root/docker-entrypoint.sh"

cp "$(command -v busybox)" "$root/bin/busybox"
for name in sh nc wget cat ls grep env sleep hostname ps; do ln -s busybox "$root/bin/$name"; done

cat >"$root/etc/passwd" <<END
root:x:0:0:root:/:/bin/sh
zookeeper:x:1000:1000:zookeeper:/home/zookeeper:/bin/sh
END
cat >"$root/etc/group" <<END
root:x:0:
zookeeper:x:1000:
END
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# Any user of group 0 may write, too: some clusters choose the user themselves.
chown -R 1000:0 "$root/conf" "$root/data" "$root/datalog" "$root/logs" "$root/home/zookeeper"
chmod 775 "$root/conf" "$root/data" "$root/datalog" "$root/logs"
chmod 1777 "$root/tmp"
