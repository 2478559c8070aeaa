#!/bin/sh
# Puts the root of the image together: assemble.sh AVIARY_BINARY DIRECTORY
# It holds the program, the few libraries that it is linked with, and a shell and busybox for the health checks of
# existing compose files. Needs: binutils (strip), dash, busybox-static.
set -eu
binary=$1 root=$2

mkdir -p "$root/bin" "$root/usr/local/bin" "$root/etc" "$root/conf" "$root/data" "$root/datalog" "$root/logs" \
    "$root/tmp" "$root/home/zookeeper" "$root/bitnami/zookeeper/data" "$root/var/lib/zookeeper/data" \
    "$root/var/lib/zookeeper/log"
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

# The program acts as each of ZooKeeper's scripts that it is started as, and as the nc that health checks want.
for name in zkServer.sh zkCli.sh docker-entrypoint.sh nc; do ln -s aviary "$root/usr/local/bin/$name"; done
ln -s usr/local/bin/aviary "$root/docker-entrypoint.sh"

# Busybox's own shell takes its own nc before any in PATH, so the shell is another; it is linked with the C library alone.
cp -L "$(command -v dash)" "$root/bin/sh"
cp "$(command -v busybox)" "$root/bin/busybox"
for name in $("$root/bin/busybox" --list); do
    case $name in busybox | nc | sh | ash) ;; *) ln -s busybox "$root/bin/$name" ;; esac
done

cat >"$root/etc/passwd" <<END
root:x:0:0:root:/:/bin/sh
zookeeper:x:1000:1000:zookeeper:/home/zookeeper:/bin/sh
END
cat >"$root/etc/group" <<END
root:x:0:
zookeeper:x:1000:
END
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# Any user of group 0 may write, too: some clusters choose the user themselves. A new volume gets the owner and the mode
# of the folder below it, so the folders of other images' volumes are here as well; they are used where one is mounted.
chown -R 1000:0 "$root/conf" "$root/data" "$root/datalog" "$root/logs" "$root/home/zookeeper" "$root/bitnami" \
    "$root/var/lib/zookeeper"
chmod 775 "$root/conf" "$root/data" "$root/datalog" "$root/logs" "$root/bitnami" "$root/bitnami/zookeeper" \
    "$root/bitnami/zookeeper/data" "$root/var/lib/zookeeper" "$root/var/lib/zookeeper/data" "$root/var/lib/zookeeper/log"
chmod 1777 "$root/tmp"
