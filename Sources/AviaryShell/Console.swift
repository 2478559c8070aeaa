#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where the shell writes: results apart from everything else.
protocol Console: Sendable {
    /// What a command was asked for, with a line's end.
    func result(_ bytes: [UInt8])
    /// Everything else: errors, confirmations, events; with a line's end.
    func message(_ text: String)
}

extension Console {
    func result(_ text: String) { result(Array(text.utf8)) }
}

/// Results on stdout, all else on stderr.
struct StandardConsole: Console {
    func result(_ bytes: [UInt8]) { writeAll(bytes + [UInt8(ascii: "\n")], to: STDOUT_FILENO) }
    func message(_ text: String) { writeAll(Array((text + "\n").utf8), to: STDERR_FILENO) }
}

/// Writes all bytes, or what can be written before the other end is gone.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = unsafe rest.withUnsafeBytes { bytes in
            // The call reads what the closure lends it, and keeps nothing.
            unsafe write(descriptor, bytes.baseAddress, bytes.count)
        }
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { return }
        rest = rest.dropFirst(written)
    }
}
