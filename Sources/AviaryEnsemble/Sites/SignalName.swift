// Signals by name: their numbers are not the same on every platform.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The signals that the launcher sends.
enum SignalName {
    private static let all: [(name: String, number: CInt)] = [
        ("TERM", SIGTERM), ("KILL", SIGKILL), ("STOP", SIGSTOP), ("CONT", SIGCONT), ("NONE", 0),
    ]

    /// The name of one of them, here.
    static func of(_ number: CInt) -> String? { all.first { $0.number == number }?.name }

    /// The number of one of them, here.
    static func number(_ name: String) -> CInt? { all.first { $0.name == name }?.number }
}
