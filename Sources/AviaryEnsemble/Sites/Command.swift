// Another program, run to its end.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a program said and how it ended.
struct CommandResult {
    /// Standard output.
    var output: String
    /// Standard error.
    var errors: String
    /// The exit code; 127 if there is no such program or nobody knows, 128 and the signal that ended
    /// it, `tookTooLong` if it was ended for that.
    var code: Int32
    static let tookTooLong: Int32 = 124

    /// The last line of what it complained about.
    var complaint: String {
        let lines = (errors.isEmpty ? output : errors).split(separator: "\n")
        // Where to read more is not what is wrong.
        let telling = lines.last { !$0.hasPrefix("Run '") && !$0.hasPrefix("See '") }
        return telling.map(String.init) ?? "exit code \(code)"
    }
}

/// Runs programs that answer soon.
enum Command {
    /// Runs a program of the search path; its input is empty, or that of a descriptor.
    ///
    /// What has not ended after so many seconds is killed.
    static func run(
        _ words: [String], input: CInt? = nil, seconds: Double = 60
    ) -> CommandResult {
        guard let child = ChildProgram(words, input: input) else {
            return CommandResult(output: "", errors: "\(words[0]) cannot be started", code: 127)
        }
        return child.finish(seconds: seconds)
    }
}

/// A program that runs, and what leads to it and from it.
///
/// Its input is a socket, as who writes to a pipe whose reader has ended gets a signal.
struct ChildProgram: ~Copyable {
    let pid: pid_t
    /// Where its standard output is read.
    let output: CInt
    /// Where its standard error is read.
    let errors: CInt
    /// Where its standard input is written, a socket; -1 if that is something else.
    private(set) var input: CInt
    /// Whether its end is known: its number may be somebody else's by now.
    private var isReaped = false

    /// Starts it; nil if that fails.
    ///
    /// With `input` nil its standard input is empty, with -1 comes from `self.input`.
    init?(_ words: [String], input given: CInt? = nil) {
        var out: [CInt] = [-1, -1], err: [CInt] = [-1, -1], into: [CInt] = [-1, -1]
        let hasPipes = unsafe (pipe(&out) == 0 && pipe(&err) == 0)
        if hasPipes, given == -1 { into = Platform.socketPair() ?? into }
        guard hasPipes, given != -1 || into[0] >= 0 else {
            for descriptor in out + err where descriptor >= 0 { _ = Platform.close(descriptor) }
            return nil
        }
        var ours = [out[0], err[0]]
        if into[1] >= 0 { ours.append(into[1]) }
        for descriptor in ours { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var inherited: [(from: CInt, to: CInt)] = [(out[1], 1), (err[1], 2)]
        if let given { inherited.append((given == -1 ? into[0] : given, 0)) }
        let (pid, failure) = LocalProcess.spawn("/usr/bin/env", words, adding: [], inherited)
        for descriptor in [out[1], err[1], into[0]] where descriptor >= 0 {
            _ = Platform.close(descriptor)
        }
        guard failure == 0 else {
            for descriptor in ours { _ = Platform.close(descriptor) }
            return nil
        }
        self.pid = pid
        output = out[0]
        errors = err[0]
        input = into[1]
    }

    deinit {
        for descriptor in [output, errors, input] where descriptor >= 0 {
            _ = Platform.close(descriptor)
        }
        // Without input it ends by itself, unless it hangs; whoever has ended hears nothing.
        if !isReaped { kill(pid, SIGTERM) }
    }

    /// No more input comes.
    mutating func closeInput() {
        if input >= 0 { _ = Platform.close(input) }
        input = -1
    }

    /// Reads all that it says, and waits for its end; after so many seconds it is killed.
    consuming func finish(seconds: Double) -> CommandResult {
        closeInput()
        var texts: [[UInt8]] = [[], []]
        var open: [CInt] = [output, errors]
        let end = LocalEnsemble.seconds() + seconds
        while open.contains(where: { $0 >= 0 }) {
            var polled = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let left = (end - LocalEnsemble.seconds()) * 1000
            guard left > 0 else { break }
            let count = unsafe poll(
                &polled, nfds_t(polled.count), CInt(clamping: Int(left.rounded(.up))))
            guard count >= 0 || errno == EINTR else { break }
            guard count > 0 else { continue }
            for place in 0..<2 where polled[place].revents != 0 {
                var buffer = [UInt8](repeating: 0, count: 65536)
                let count = Platform.read(open[place], &buffer)
                if count > 0 { texts[place] += buffer[..<count] } else { open[place] = -1 }
            }
        }
        var code = ended(before: end)
        if code == nil {
            kill(pid, SIGKILL)
            _ = ended(before: .infinity)
            texts[1] += Array("\nno end within \(Int(seconds)) s\n".utf8)
            code = CommandResult.tookTooLong
        }
        isReaped = true
        return CommandResult(
            output: String(decoding: texts[0], as: UTF8.self),
            errors: String(decoding: texts[1], as: UTF8.self), code: code ?? 127)
    }

    /// Its exit code; nil if it goes on beyond that time, 127 if nobody can say.
    private func ended(before end: Double) -> Int32? {
        while true {
            var status: CInt = 0
            let found = unsafe waitpid(pid, &status, WNOHANG)
            if found == pid { return ProcessEnding(waitStatus: status).code }
            if found < 0, errno != EINTR {
                // Somebody who takes note of all children was faster, and writes it down at once.
                for _ in 0..<100 {
                    if let ending = ProcessEnding.of(pid) { return ending.code }
                    LocalEnsemble.sleep(milliseconds: 2)
                }
                return 127
            }
            guard LocalEnsemble.seconds() < end else { return nil }
            LocalEnsemble.sleep(milliseconds: 2)
        }
    }
}
