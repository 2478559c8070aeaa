// How processes that this one has started have ended, for whoever asks why a server is not there.

internal import Storage
internal import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What became of a process that has ended.
enum ProcessEnding: Equatable, Sendable {
    case exited(status: CInt)
    case killed(signal: CInt)

    private static let all: Mutex<[pid_t: ProcessEnding]> = Mutex([:])

    /// From what the system says of a child.
    init(waitStatus: CInt) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited(status: waitStatus >> 8 & 0xff) : .killed(signal: signal)
    }

    /// As shells have it.
    var code: Int32 {
        switch self {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }

    /// "with exit status 1", "by signal 9 (Killed)".
    var text: String {
        switch self {
        case .exited(let status): return "with exit status \(status)"
        case .killed(let signal):
            let name = unsafe strsignal(signal).map { unsafe String(cString: $0) }
            return "by signal \(signal)\(name.map { " (\($0))" } ?? "")"
        }
    }

    /// Takes note of children that have ended.
    static func reap() {
        var status: CInt = 0
        while true {
            let pid = unsafe waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return }
            let ending = ProcessEnding(waitStatus: status)
            all.withLock { $0[pid] = ending }
        }
    }

    /// How a child of this process has ended; nil if it is none, or has not.
    static func of(_ pid: pid_t) -> ProcessEnding? { all.withLock { $0[pid] } }
}

extension ServerFolder {
    /// What the server has said and how it has ended since it was last started from a binary; nil
    /// stands for the launcher itself.
    func account(of binary: String?) -> String {
        let name = binary ?? "it"
        let words = MergedLog.reason(of: self)
        guard ServerProcess(self).pid == nil else { return "\(name) runs: \(words)" }
        let ending = ending.map { " \($0.text)" } ?? ""
        return "\(name) ended\(ending): \(words)"
    }

    /// Whether a signal has stopped its process: it says nothing, and nobody knows how it is.
    var isPaused: Bool {
        ServerProcess(self).pid.flatMap { site.usage(of: self, $0) }?.isPaused ?? false
    }

    /// How its last process has ended, if this process has started it.
    private var ending: ProcessEnding? {
        let bytes = (try? AtomicFile.read(pidPath, in: POSIXFileSystem())) ?? nil
        let digits = (bytes ?? []).prefix { $0 >= 48 && $0 <= 57 }
        guard let pid = pid_t(String(decoding: digits, as: UTF8.self)) else { return nil }
        // The lock that says it runs is gone a moment before its ending can be asked for.
        for _ in 0..<10 {
            ProcessEnding.reap()
            if let ending = ProcessEnding.of(pid) { return ending }
            if kill(pid, 0) != 0 { return nil }
            LocalEnsemble.sleep(milliseconds: 5)
        }
        return nil
    }

    /// Where in its log the words of its last start begin.
    private var logMarkPath: String { path + "/started.log" }

    /// Takes note of that, before a start.
    func markLog() throws(StorageError) {
        let size = try fileSystem.exists(logPath) ? fileSystem.size(of: logPath) : 0
        try LauncherFile.write("\(size)\n", to: logMarkPath, in: fileSystem)
    }

    /// The offset of the first byte since the last start, in a log of this size.
    func logMark(size: Int64) -> Int64 {
        let bytes = (try? AtomicFile.read(logMarkPath, in: fileSystem)) ?? nil
        let digits = (bytes ?? []).prefix { $0 >= 48 && $0 <= 57 }
        let mark = Int64(String(decoding: digits, as: UTF8.self)) ?? 0
        // Somebody has cut the log off.
        return mark <= size ? mark : 0
    }
}
