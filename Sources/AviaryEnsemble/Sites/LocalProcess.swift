internal import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One server's process on this machine, in a session of its own.
///
/// The pid file is locked, and the server inherits the lock and holds it for its life: whether it
/// runs is asked of the lock, so a number that some other process has by now fools nobody.
///
/// A binary may be a script that starts the server and stays: whoever holds the lock counts, and all
/// that the script has started is signalled with it.
struct LocalProcess {
    private let path: String
    private let id: Int

    /// The server whose folder is `path`.
    init(path: String, id: Int) {
        self.path = path
        self.id = id
    }

    init(_ folder: ServerFolder) { self.init(path: folder.path, id: folder.server.id) }

    private var pidPath: String { path + "/server.pid" }
    private var logPath: String { path + "/server.log" }

    /// Process groups that were told to end, by the folders of their servers.
    private static let ending: Mutex<[String: Set<pid_t>]> = Mutex([:])

    /// The process, or nil if the server does not run.
    var pid: Int32? { holder ?? leftover }

    /// Who still runs of those that were told to end, although nobody holds the lock any more.
    private var leftover: Int32? {
        let groups = LocalProcess.ending.withLock { $0[path] ?? [] }
        for group in groups.sorted() {
            if let pid = LockHolders.member(ofGroup: group) { return pid }
        }
        if !groups.isEmpty { LocalProcess.ending.withLock { $0[path] = nil } }
        return nil
    }

    private var holder: Int32? {
        let descriptor = unsafe open(pidPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = Platform.close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        let holders = LockHolders(of: descriptor)
        // Locked and empty: it is being started, and says in a moment who it is.
        for _ in 0..<200 {
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
            let digits = buffer[..<max(0, count)].prefix { $0 >= 48 && $0 <= 57 }
            if let pid = Int32(String(decoding: digits, as: UTF8.self)) {
                // A script that is gone may have left behind who holds the lock.
                return holders?.contains(pid) == false ? holders?.all.first ?? pid : pid
            }
            if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
            LocalEnsemble.sleep(milliseconds: 5)
        }
        return nil
    }

    /// Sends a signal, or with 0 only looks whether one may be sent; false if the server does not
    /// run.
    @discardableResult
    func signal(_ number: CInt) throws(EnsembleError) -> Bool {
        guard let pid else { return false }
        let targets = number == 0 ? [pid] : targets(besides: pid)
        if number == SIGTERM || number == SIGKILL {
            let groups = targets.filter { $0 < 0 }.map { -$0 }
            LocalProcess.ending.withLock { $0[path, default: []].formUnion(groups) }
        }
        var isDone = false
        for target in targets {
            if kill(target, number) == 0 {
                isDone = true
            } else if errno == EPERM {
                throw EnsembleError(
                    "server \(id) belongs to another user, and this one may not signal its "
                        + "process \(pid): 'ps -o user= -p \(pid)' says whose it is. Type the same as "
                        + "that user, or with sudo")
            }
        }
        return isDone
    }

    /// The group of the process, and those of whoever else holds the lock, as `kill` takes them.
    private func targets(besides pid: Int32) -> [pid_t] {
        var processes = [pid]
        let descriptor = unsafe open(pidPath, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            processes += LockHolders(of: descriptor)?.all ?? []
            _ = Platform.close(descriptor)
        }
        let own = getsid(0)
        let all = processes.map { process in
            let group = getpgid(process)
            // Who was not started in a session of its own has others in its group.
            return group > 1 && getsid(process) != own ? -group : process
        }
        return Set(all).sorted()
    }

    /// Starts the server from `binary`, in a session of its own so that it outlives the launcher
    /// and hears no Ctrl-C but the launcher's.
    func start(
        _ binary: String, _ sockets: [(name: String, socket: PortReservation)],
        adding variables: [String] = []
    ) throws(EnsembleError) {
        let lock = unsafe open(
            pidPath, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o644))
        guard lock >= 0 else { throw cannotOpen(pidPath) }
        defer { _ = Platform.close(lock) }
        guard isLocked(lock) else {
            throw EnsembleError(
                "server \(id) is being started by somebody else: \(pidPath) is locked. "
                    + "'aviary status' shows whether it runs by now")
        }
        ftruncate(lock, 0)
        let log = unsafe open(
            logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode_t(0o644))
        guard log >= 0 else { throw cannotOpen(logPath) }
        defer { _ = Platform.close(log) }
        var inherited: [(from: CInt, to: CInt)] = [(log, 1), (log, 2), (lock, 9)]
        var announced: [String] = []
        for (index, socket) in sockets.enumerated() {
            inherited.append((socket.socket.descriptor, CInt(10 + index)))
            announced.append("\(socket.name)=\(10 + index)")
        }
        let (pid, failure) = LocalProcess.spawn(
            binary, ["server", path + "/zoo.cfg"],
            adding: variables + [
                "AVIARY_LISTEN_FDS=" + announced.joined(separator: ","),
                // The server writes its number too: this launcher may be killed before it can.
                "AVIARY_PID_FD=9",
            ], inherited)
        guard failure == 0 else {
            throw EnsembleError(
                "server \(id) could not be started: \(binary): \(Platform.text(of: failure)). "
                    + "Look at it with 'ls -l \(binary)'")
        }
        // If the binary is a script, the server that it has started may have said who it is.
        guard lseek(lock, 0, SEEK_END) == 0 else { return }
        let text = Array("\(pid)\n".utf8)
        _ = unsafe pwrite(lock, text, text.count, 0)
    }

    /// Takes the lock; somebody who only asks whether the server runs holds it for a moment.
    private func isLocked(_ descriptor: CInt) -> Bool {
        for _ in 0..<40 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            LocalEnsemble.sleep(milliseconds: 5)
        }
        return false
    }

    private func cannotOpen(_ file: String) -> EnsembleError {
        let failure = Platform.text(of: errno)
        return EnsembleError(
            "server \(id) could not be started: \(file): \(failure). Look at its "
                + "owner and rights with 'ls -la \(path)'")
    }

    /// Starts a program with these descriptors, the signals as a program expects them.
    static func spawn(
        _ binary: String, _ arguments: [String], adding entries: [String],
        _ inherited: [(from: CInt, to: CInt)]
    ) -> (pid: pid_t, failure: CInt) {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t? = nil
            var attributes: posix_spawnattr_t? = nil
        #else
            var actions = unsafe posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (from, to) in inherited {
            unsafe posix_spawn_file_actions_adddup2(&actions, from, to)
        }
        // What the launcher ignores or blocks, to end a verb in peace, its children must not.
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGINT)
        unsafe sigaddset(&defaults, SIGTERM)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
        // POSIX_SPAWN_SETSID, which the headers hide, SETSIGDEF and SETSIGMASK.
        #if canImport(Darwin)
            unsafe posix_spawnattr_setflags(&attributes, 0x40c)
        #else
            unsafe posix_spawnattr_setflags(&attributes, 0x8c)
        #endif
        keepOwnDescriptors()
        var words = unsafe ([binary] + arguments).map { unsafe strdup($0) } + [nil]
        var environment = unsafe variables(adding: entries)
        defer {
            unsafe words.forEach { unsafe free($0) }
            unsafe environment.forEach { unsafe free($0) }
        }
        var pid: pid_t = 0
        let result = unsafe posix_spawn(&pid, binary, &actions, &attributes, &words, &environment)
        return (pid, result)
    }

    /// A server that had a copy of the launcher's connections would keep its sessions from ending.
    private static func keepOwnDescriptors() {
        for descriptor in 3..<min(4096, getdtablesize()) {
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }

    /// The environment with some variables more, as C strings that the caller frees.
    @unsafe private static func variables(adding entries: [String]) -> [UnsafeMutablePointer<
        CChar
    >?] {
        var all: [UnsafeMutablePointer<CChar>?] = unsafe []
        var next = unsafe environ
        while let variable = unsafe next.pointee {
            unsafe all.append(strdup(variable))
            unsafe next = next.advanced(by: 1)
        }
        for entry in entries { unsafe all.append(strdup(entry)) }
        return unsafe all + [nil]
    }
}
