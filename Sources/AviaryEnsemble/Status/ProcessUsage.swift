internal import Storage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a process has used so far; only where a file tells it (Linux).
public struct ProcessUsage: Equatable, Sendable {
    /// Processor time, in seconds.
    public var processorSeconds: Double
    /// For how long it has been running, in seconds.
    public var ageSeconds: Double
    /// Memory that it occupies, in bytes.
    public var residentBytes: Int
    /// Whether a signal has stopped it.
    public var isPaused: Bool

    /// Looks at the process now.
    static func of(_ pid: Int32) -> ProcessUsage? {
        #if canImport(Darwin)
            return nil
        #else
            guard let stat = KernelFile.text("/proc/\(pid)/stat"),
                let uptime = KernelFile.text("/proc/uptime"),
                let up = uptime.split(separator: " ").first.flatMap({ Double($0) }),
                // The name, in parentheses, may hold anything.
                let name = stat.lastIndex(of: ")")
            else { return nil }
            // The fields of proc(5), from its third.
            let fields = stat[stat.index(after: name)...].split(separator: " ")
            let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
            guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
                let started = Double(fields[19]), let pages = Int(fields[21])
            else { return nil }
            return ProcessUsage(
                processorSeconds: (user + system) / ticks,
                ageSeconds: max(0.01, up - started / ticks),
                residentBytes: pages * max(4096, sysconf(Int32(_SC_PAGESIZE))),
                isPaused: fields[0] == "T")
        #endif
    }
}
