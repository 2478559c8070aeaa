import ServerCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The log of a server: lines of time, level, server and message on standard output.
struct ServerLog: Sendable {
    private let name: String
    private let least: LogLevel

    /// A log whose lines name the server; `least` is the lowest level that is written.
    init(name: String, least: LogLevel = .info) {
        self.name = name
        self.least = least
    }

    /// Writes a line, if its level matters.
    func write(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard level >= least else { return }
        let line = "\(ServerLog.time()) \(ServerLog.label(level)) [\(name)] \(message())\n"
        var bytes = Array(line.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Platform.write($0) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func label(_ level: LogLevel) -> String {
        switch level {
        case .debug: "DEBUG"
        case .info: "INFO "
        case .warning: "WARN "
        case .error: "ERROR"
        }
    }

    /// `2026-11-21 02:40:01,123`, in UTC.
    private static func time() -> String {
        let milliseconds = Clock.now().wallMilliseconds
        let (date, clock) = CalendarDate.parts(milliseconds: milliseconds)
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return "\(date) \(clock),\(fraction)"
    }
}

private enum Platform {
    @unsafe static func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
            unsafe Darwin.write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
        #elseif canImport(Glibc)
            unsafe Glibc.write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
        #else
            unsafe Musl.write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
        #endif
    }
}
