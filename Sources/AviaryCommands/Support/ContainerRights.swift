// Whose the folders of a container are, and as whom its server runs: never as root, where the image
// names another.

import AviaryEnsemble
import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The rights of a container's first process.
enum ContainerRights {
    /// As whom a server runs.
    struct User: Equatable, CustomStringConvertible {
        var uid: uid_t
        var gid: gid_t

        var description: String { "\(uid):\(gid)" }

        /// The user `zookeeper` of a passwd file.
        init?(passwd text: String) {
            for line in text.split(separator: "\n") {
                let fields = line.split(separator: ":", omittingEmptySubsequences: false)
                guard fields.count > 3, fields[0] == "zookeeper", let uid = uid_t(fields[2]),
                    let gid = gid_t(fields[3]), uid != 0
                else { continue }
                (self.uid, self.gid) = (uid, gid)
                return
            }
            return nil
        }
    }

    private static let fileSystem = POSIXFileSystem()

    /// Whom a server that was started as root goes on as; nil: as who it is.
    ///
    /// Root without any capability has no rights to drop and only its own files: so a launcher that
    /// is root starts its servers.
    static func successor() -> User? {
        guard geteuid() == 0, hasCapabilities,
            let bytes = (try? AtomicFile.read("/etc/passwd", in: fileSystem)) ?? nil
        else { return nil }
        return User(passwd: String(decoding: bytes, as: UTF8.self))
    }

    /// Whether this process may do anything that others may not.
    private static var hasCapabilities: Bool {
        let lines = KernelFile.lines("/proc/self/status")
        guard let line = lines.first(where: { $0.hasPrefix("CapEff:") }) else { return true }
        return line.dropFirst("CapEff:".count).contains { $0.isHexDigit && $0 != "0" }
    }

    /// Gives the folders and all in them that is another's to the user.
    ///
    /// What cannot be given may still be within the user's rights, as on some network file systems;
    /// whether it is will show.
    ///
    /// - Returns: how many have changed hands.
    static func give(_ folders: [String], to user: User) -> Int {
        folders.reduce(0) { $0 + ($1 == "/" ? 0 : give($1, to: user, isTop: true)) }
    }

    private static func give(_ path: String, to user: User, isTop: Bool) -> Int {
        var status = stat()
        // The folder itself may be reached by a link; what links in it lead to is not in it.
        guard unsafe (isTop ? stat(path, &status) : lstat(path, &status)) == 0 else { return 0 }
        var count = 0
        if status.st_uid != user.uid {
            let result =
                isTop
                ? unsafe chown(path, user.uid, user.gid) : unsafe lchown(path, user.uid, user.gid)
            if result == 0 { count = 1 }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return count }
        for name in ((try? fileSystem.list(path)) ?? []).sorted() {
            count += give("\(path)/\(name)", to: user, isTop: false)
        }
        return count
    }

    /// Becomes the user, for good.
    static func become(_ user: User) throws {
        let groups = [user.gid]
        guard unsafe setgroups(1, groups) == 0, setgid(user.gid) == 0, setuid(user.uid) == 0,
            getuid() == user.uid, geteuid() == user.uid, getegid() == user.gid
        else {
            throw Complaint(
                "started as root, but the rights of root cannot be dropped "
                    + "(\(unsafe String(cString: strerror(errno)))): start the container as "
                    + "\(user), or leave it the capabilities CHOWN, SETGID and SETUID")
        }
    }

    /// Complains of the first folder of the data that this user cannot use, or file in it.
    static func check(_ folders: [String], files: Int32 = R_OK) throws {
        for folder in folders {
            let inner = folder + "/version-2"
            for path in [folder, inner] { try check(path, R_OK | W_OK | X_OK, in: folder) }
            for name in ((try? fileSystem.list(inner)) ?? []).sorted() {
                try check("\(inner)/\(name)", files, in: folder)
            }
        }
    }

    private static func check(_ path: String, _ mode: Int32, in folder: String) throws {
        guard unsafe access(path, mode) != 0 else { return }
        let code = errno
        guard code == EACCES || code == EPERM || code == EROFS else { return }
        throw complaint(path, code, in: folder)
    }

    /// That something cannot be used, by whom, and what helps.
    static func complaint(_ path: String, _ code: Int32, in folder: String) -> Complaint {
        let reason = unsafe String(cString: strerror(code))
        guard code != EROFS else {
            return Complaint("\(path) cannot be written (\(reason)): mount it to be written")
        }
        let found = Complaint.nearest(to: path), mounted = Complaint.nearest(to: folder)
        var status = stat()
        var owner = ""
        if unsafe stat(found, &status) == 0 {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            owner = "; \(found) belongs to \(status.st_uid):\(status.st_gid), mode \(mode)"
        }
        let user = "\(geteuid()):\(getegid())"
        return Complaint(
            "\(path) cannot be used by \(user), as whom this container runs (\(reason)\(owner)). "
                + "'chown -R \(user) DIR' on the host gives DIR, which is mounted at \(mounted), to "
                + "that user. A container that is started as root (--user 0, or 'user: root' in "
                + "compose) does this by itself, for 1000:1000, and goes on as 1000:1000")
    }
}
