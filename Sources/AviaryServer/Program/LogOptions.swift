public import ServerCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How a server's log is written: which lines, and in which form.
public struct LogOptions: Equatable, Sendable {
    /// The lowest level that is written.
    public var least: LogLevel
    /// A line of JSON a message, for collectors, instead of a line for people.
    public var isJSON: Bool
    /// A file that gets the lines as well; -1: none.
    private(set) var copy: CInt = -1

    /// Lines for people from INFO upwards, unless told otherwise.
    public init(least: LogLevel = .info, isJSON: Bool = false) {
        self.least = least
        self.isJSON = isJSON
    }

    /// What `AVIARY_LOG_LEVEL` and `AVIARY_LOG_FORMAT` say; words that mean nothing count as unset.
    public static func ofEnvironment() -> LogOptions {
        LogOptions(
            level: unsafe getenv("AVIARY_LOG_LEVEL").map { unsafe String(cString: $0) },
            format: unsafe getenv("AVIARY_LOG_FORMAT").map { unsafe String(cString: $0) })
    }

    /// Opens the file that `AVIARY_LOG_FILE` names, if it does.
    private mutating func openCopy() {
        guard let path = unsafe getenv("AVIARY_LOG_FILE") else { return }
        copy = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode_t(0o644))
    }

    /// Options in the words of people: `debug`, `WARN` and the like, and `json`.
    public init(level: String?, format: String?) {
        let least: LogLevel =
            switch level?.lowercased() {
            case "trace", "debug", "all": .debug
            case "warn", "warning": .warning
            case "error", "fatal", "off": .error
            default: .info
            }
        self.init(least: least, isJSON: format?.lowercased() == "json")
        openCopy()
    }
}
