import ArgumentParser
import AviaryEnsemble

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// This program and its terminal.
enum Program {
    /// The path of the running binary.
    static var path: String {
        #if canImport(Darwin)
            var buffer = [CChar](repeating: 0, count: 4096)
            var size = UInt32(buffer.count)
            guard unsafe _NSGetExecutablePath(&buffer, &size) == 0 else {
                return CommandLine.arguments[0]
            }
            return unsafe String(cString: buffer)
        #else
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
            guard count > 0 else { return CommandLine.arguments[0] }
            let path = String(
                decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            // So the kernel calls a file that a newer build has replaced.
            let mark = " (deleted)"
            return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
        #endif
    }

    /// A path as it is seen from wherever a server runs.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : EnsembleHome.workingDirectory + "/" + path
    }

    /// Whether there is a program at the path that this user may start.
    static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

    /// Whether standard output is a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether somebody reads what is said while it goes on.
    static var isAttended: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether standard output is a terminal that wants colour.
    static var isColoured: Bool {
        // Set and not empty, as no-color.org has it.
        let wish = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
        return isTerminal && !wish
    }

    /// Columns and lines of the terminal; nil if standard output is none.
    static var size: (width: Int, height: Int)? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// A result, on standard output.
    static func show(_ text: String) {
        print(text)
        flush()
    }

    /// Lets out what was printed.
    ///
    /// Where nobody reads it any more (`aviary logs -f | head`) there is nothing left to do.
    static func flush() {
        fflush(nil)
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        if unsafe poll(&output, 1, 0) == 1, output.revents & Int16(POLLERR) != 0 {
            _exit(128 + SIGPIPE)
        }
    }

    /// Writing to who is gone is an error like others from now on.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Progress and other things that are not the result go to standard error.
    static func note(_ line: String) { noteWithoutNewline(line + "\n") }

    static func noteWithoutNewline(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Runs a verb, turning its errors into messages and exit codes.
    static func run(
        saying say: (String) -> Void = { note("aviary: \($0)") }, _ verb: () throws -> Void
    ) throws {
        do {
            try verb()
        } catch {
            guard let complaint = Complaint(error) else { throw error }
            fflush(nil)
            say(complaint.description)
            throw ExitCode(complaint.status.rawValue)
        }
    }
}
