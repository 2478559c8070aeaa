// A command that a user has named, run by the shell.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Runs commands for `/bin/sh`.
///
/// One that restarts a server must be able to end whatever becomes of this process: it is in a session
/// of its own, hears no Ctrl-C, and writes to a file and not to somebody who may be gone.
enum ShellCommand {
    private static let outputSizeMax = 1 << 16

    /// The command's end, with both outputs in one.
    ///
    /// After so many seconds it is killed, and whatever it has started; `tick` is called until then.
    /// Whatever becomes of this process, `lock` stays open until the command has ended, and not for
    /// servers that it leaves behind.
    static func run(
        _ command: String, _ variables: [String], holding lock: CInt, seconds: Double,
        tick: () -> Void
    ) -> CommandResult {
        var template = Array(
            (temporaryFolder + "/aviary-command-" + String(repeating: "X", count: 6)).utf8CString)
        let file = unsafe mkstemp(&template)
        guard file >= 0 else {
            let failure = Platform.text(of: errno)
            return CommandResult(
                output: "no file for its output in \(temporaryFolder): \(failure)", errors: "",
                code: 127)
        }
        unsafe unlink(template)
        defer { _ = Platform.close(file) }
        let holder = "/bin/sh -c \"$1\" 9>&-; exit $?"
        // env: what it adds replaces what stands in the environment of this process.
        let (pid, failure) = LocalProcess.spawn(
            "/usr/bin/env", variables + ["/bin/sh", "-c", holder, "sh", command], adding: [],
            [(file, 1), (file, 2), (lock, 9)])
        guard failure == 0 else {
            return CommandResult(
                output: "/usr/bin/env: \(Platform.text(of: failure))", errors: "", code: 127)
        }
        let end = LocalEnsemble.seconds() + seconds
        var code: Int32?
        while code == nil {
            code = ended(pid)
            guard code == nil else { break }
            guard LocalEnsemble.seconds() < end else {
                kill(-pid, SIGKILL)
                while ended(pid) == nil { LocalEnsemble.sleep(milliseconds: 2) }
                code = CommandResult.tookTooLong
                break
            }
            tick()
            LocalEnsemble.sleep(milliseconds: 10)
        }
        return CommandResult(output: text(of: file), errors: "", code: code ?? 127)
    }

    private static var temporaryFolder: String {
        unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    }

    /// Its exit code; nil while it runs, 127 if nobody can say.
    private static func ended(_ pid: pid_t) -> Int32? {
        var status: CInt = 0
        let found = unsafe waitpid(pid, &status, WNOHANG)
        if found == pid { return ProcessEnding(waitStatus: status).code }
        guard found < 0, errno != EINTR else { return nil }
        return ProcessEnding.of(pid)?.code ?? 127
    }

    /// The end of what it has said.
    private static func text(of file: CInt) -> String {
        let size = lseek(file, 0, SEEK_END)
        var buffer = [UInt8](repeating: 0, count: Int(min(max(0, size), off_t(outputSizeMax))))
        let count = unsafe pread(file, &buffer, buffer.count, size - off_t(buffer.count))
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }
}
