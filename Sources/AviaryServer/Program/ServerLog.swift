public import ServerCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The log of a server: time, level, server and message a line, for people or as JSON.
public struct ServerLog: Sendable {
    private let name: String
    private let options: LogOptions

    /// A log whose lines name the server.
    public init(name: String, _ options: LogOptions = LogOptions()) {
        self.name = name
        self.options = options
    }

    /// Writes a line on standard output, if its level matters.
    public func write(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard level >= options.least else { return }
        let now = Clock.now().wallMilliseconds
        let line = line(level, message(), wallMilliseconds: now)
        ServerLog.write(line, to: STDOUT_FILENO)
        if options.copy >= 0 { ServerLog.write(line, to: options.copy) }
    }

    /// Writes a line that nothing is wrong with.
    public func inform(_ message: String) { write(.info, message) }

    /// The line of a message.
    func line(_ level: LogLevel, _ message: String, wallMilliseconds: Int64) -> String {
        let (date, clock) = CalendarDate.parts(milliseconds: wallMilliseconds)
        let fraction = String(1000 + wallMilliseconds % 1000).dropFirst()
        guard options.isJSON else {
            // `2026-11-21 02:40:01,123`, in UTC.
            return "\(date) \(clock),\(fraction) \(ServerLog.label(level)) [\(name)] \(message)\n"
        }
        let word = ServerLog.label(level).trimmingSuffix
        return "{\"time\":\"\(date)T\(clock).\(fraction)Z\",\"level\":\"\(word)\",\"server\":"
            + ServerLog.quoted(name) + ",\"message\":" + ServerLog.quoted(message) + "}\n"
    }

    static func write(_ line: String, to descriptor: CInt) {
        var bytes = Array(line.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Platform.write($0, descriptor) }
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

    /// Text as a string of JSON, on one line whatever it holds.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}

extension String {
    /// Without blanks at the end.
    fileprivate var trimmingSuffix: Substring { self.prefix { $0 != " " } }
}

private enum Platform {
    @unsafe static func write(
        _ bytes: UnsafeRawBufferPointer, _ descriptor: CInt
    ) -> Int {
        #if canImport(Darwin)
            unsafe Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Glibc)
            unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            unsafe Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
