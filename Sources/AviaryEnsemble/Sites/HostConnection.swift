// A connection to a host: ssh, and at its other end this same program, which is put there first.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An open connection to HostService on a host.
struct HostConnection: ~Copyable {
    private var child: ChildProgram
    private var received: [UInt8] = []
    private let host: String

    private static let patienceSeconds = 30.0

    /// Connects; the program is put on the host if it is not there.
    init(
        _ host: String, _ settings: SSHSettings, program: HostProgram
    ) throws(EnsembleError) {
        self.host = host
        let words = HostConnection.ssh(host, settings)
        do {
            child = try HostConnection.greeted(words, program, host)
        } catch {
            guard error.isMissing else { throw EnsembleError("\(host): \(error.text)") }
            try program.put(on: host, words)
            do { child = try HostConnection.greeted(words, program, host) } catch {
                throw EnsembleError("\(host): \(error.text)")
            }
        }
    }

    /// The words that reach a host; a command follows.
    static func ssh(_ host: String, _ settings: SSHSettings) -> [String] {
        var words = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-T"]
        for option in settings.options { words += ["-o", option] }
        // A host that has gone without a word; what the spec says of it counts first.
        words += ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]
        if let user = settings.user { words += ["-l", user] }
        if let port = settings.port { words += ["-p", String(port)] }
        if let identity = settings.identity { words += ["-i", identity] }
        return words + ["--", host]
    }

    struct Refusal: Error {
        var text: String
        /// There is no such program on the host.
        var isMissing: Bool
    }

    /// Starts the program on the host, which has so many `seconds` to answer.
    static func greeted(
        _ words: [String], _ program: HostProgram, _ host: String,
        seconds: Double = patienceSeconds
    ) throws(Refusal) -> ChildProgram {
        let command = "exec \(HostProgram.quoted(program.remotePath)) host-service"
        guard let child = ChildProgram(words + [command], input: -1) else {
            throw Refusal(text: "ssh cannot be started: is it installed?", isMissing: false)
        }
        var received: [UInt8] = []
        let hello = HostMessage(words: ["hello"])
        if HostConnection.send(hello.bytes, to: child.input),
            let answer = try? HostConnection.receive(child.output, &received, seconds: seconds),
            answer.words == ["ok", "aviary-host-1"]
        {
            return child
        }
        // It has had its time.
        let result = child.finish(seconds: min(seconds, 2))
        guard result.code != CommandResult.tookTooLong else {
            throw Refusal(
                text: "no answer within \(Int(seconds)) s; see whether "
                    + "'\(words.joined(separator: " ")) true' comes back",
                isMissing: false)
        }
        let isMissing = [126, 127].contains(result.code) && !result.errors.contains("libraries")
        throw Refusal(text: result.complaint, isMissing: isMissing)
    }

    /// Asks, and waits for the answer.
    mutating func ask(_ question: HostMessage) throws(EnsembleError) -> HostMessage {
        guard HostConnection.send(question.bytes, to: child.input) else {
            throw EnsembleError("\(host): the connection is lost")
        }
        return try HostConnection.receive(child.output, &received)
    }

    /// Whether all of it went out in time.
    static func send(
        _ bytes: [UInt8], to descriptor: CInt, seconds: Double = patienceSeconds
    ) -> Bool {
        let end = LocalEnsemble.seconds() + seconds
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Platform.sendSome(rest, to: descriptor)
            if count > 0 {
                rest = rest.dropFirst(count)
                continue
            }
            guard count < 0, [EAGAIN, EINTR].contains(errno) else { return false }
            var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let left = Int((end - LocalEnsemble.seconds()) * 1000)
            guard left > 0 else { return false }
            _ = unsafe poll(&polled, 1, CInt(clamping: left))
        }
        return true
    }

    private static func receive(
        _ descriptor: CInt, _ received: inout [UInt8], seconds: Double = patienceSeconds
    ) throws(EnsembleError) -> HostMessage {
        let end = LocalEnsemble.seconds() + seconds
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if let message = try HostMessage.take(from: &received) { return message }
            var polled = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            let left = Int((end - LocalEnsemble.seconds()) * 1000)
            let answered = left > 0 ? unsafe poll(&polled, 1, CInt(left)) : 0
            if answered < 0, errno == EINTR { continue }
            guard answered != 0 else {
                throw EnsembleError("no answer within \(Int(seconds)) s")
            }
            let count = Platform.read(descriptor, &chunk)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw EnsembleError("the connection is lost") }
            received += chunk[..<count]
        }
    }
}

/// The program as it is put on hosts: a build is there once, under a name of its own.
struct HostProgram {
    /// On this machine.
    let path: String
    /// On a host.
    let remotePath: String

    init(_ path: String, directory: String) {
        self.path = path
        var status = stat()
        _ = unsafe stat(path, &status)
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        let mark = "\(status.st_size)-\(time.tv_sec)-\(time.tv_nsec)"
        remotePath = "\(directory)/bin/aviary-\(mark)"
    }

    /// A word for a shell.
    static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// Puts it there; several may do so at once.
    func put(on host: String, _ ssh: [String]) throws(EnsembleError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw EnsembleError("\(path): \(Platform.text(of: errno))") }
        defer { _ = Platform.close(descriptor) }
        let target = HostProgram.quoted(remotePath)
        let folder = HostProgram.quoted(String(remotePath.prefix(upTo: lastSlash)))
        let command =
            "umask 022; mkdir -p \(folder) && cat > \(target).$$ && chmod 755 \(target).$$ && "
            + "mv -f \(target).$$ \(target)"
        let result = Command.run(ssh + [command], input: descriptor, seconds: 600)
        guard result.code == 0 else {
            throw EnsembleError(
                "\(host): the program cannot be put to \(remotePath): \(result.complaint). "
                    + "'ssh: {directory: DIR}' in the spec names a folder that the user may write to"
            )
        }
    }

    private var lastSlash: String.Index { remotePath.lastIndex(of: "/") ?? remotePath.startIndex }
}
