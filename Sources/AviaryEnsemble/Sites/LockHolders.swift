// Who holds the lock of a pid file: the server, or a script that has started it, and whatever else
// they have left behind. The number in the file may be another's, or nobody's any more.

internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The processes that hold an exclusive lock on a file, as `/proc` shows them.
///
/// Where there is none, or where the processes are another user's, nothing can be seen.
struct LockHolders {
    private let device: dev_t
    private let inode: ino_t

    /// Of a file that is open here.
    init?(of descriptor: CInt) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
    }

    /// Whether this process is among them; nil if that cannot be seen.
    func contains(_ pid: Int32) -> Bool? {
        // Where a launcher's servers have it.
        if isHeld(by: pid, through: "9") { return true }
        guard let descriptors = try? POSIXFileSystem().list("/proc/\(pid)/fd") else {
            return kill(pid, 0) != 0 && errno == ESRCH ? false : nil
        }
        return descriptors.contains { isHeld(by: pid, through: $0) }
    }

    /// All of them that can be seen, ascending.
    ///
    /// A child of this process has all that is open here until it becomes another program.
    var all: [Int32] {
        let own = KernelFile.text("/proc/self/cmdline")
        return LockHolders.processes.filter { pid in
            contains(pid) == true && KernelFile.text("/proc/\(pid)/cmdline") != own
        }
    }

    /// Whoever only asks whether a server runs has the file open, too, for a moment.
    private func isHeld(by pid: Int32, through descriptor: String) -> Bool {
        var status = stat()
        guard unsafe stat("/proc/\(pid)/fd/\(descriptor)", &status) == 0,
            status.st_dev == device, status.st_ino == inode
        else { return false }
        let lines = KernelFile.lines("/proc/\(pid)/fdinfo/\(descriptor)")
        return lines.contains { $0.contains("FLOCK") && $0.contains("WRITE") }
    }

    private static var processes: [Int32] {
        ((try? POSIXFileSystem().list("/proc")) ?? []).compactMap { Int32($0) }.sorted()
    }

    /// A process of a group that has not ended; nil if there is none.
    ///
    /// One that has ended and that nobody asks for counts as a member, but does nothing any more.
    static func member(ofGroup group: pid_t) -> Int32? {
        guard kill(-group, 0) == 0 || errno == EPERM else { return nil }
        let all = processes
        // Without /proc: whoever is signalled is there.
        guard !all.isEmpty else { return group }
        return all.first { pid in
            guard getpgid(pid) == group, let fields = KernelFile.text("/proc/\(pid)/stat"),
                let name = fields.lastIndex(of: ")")
            else { return false }
            let state = fields[fields.index(after: name)...].first { $0 != " " }
            return state != "Z" && state != "X"
        }
    }
}
