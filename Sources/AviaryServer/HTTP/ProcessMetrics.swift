import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Figures of the process under the names that every Prometheus client uses, and two of a JVM's
/// that stock alerts divide by each other: memory in use, and what there is of it.
enum ProcessMetrics {
    static func text() -> String {
        var lines: [String] = []
        func add(_ name: String, _ type: String, _ value: String, labels: String = "") {
            lines.append(
                "# HELP \(name) \(name)\n# TYPE \(name) \(type)\n\(name)\(labels) \(value)\n")
        }
        var usage = rusage()
        #if canImport(Glibc)
            _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            _ = unsafe getrusage(RUSAGE_SELF, &usage)
        #endif
        add("process_cpu_seconds_total", "counter", seconds(usage.ru_utime, usage.ru_stime))
        for figure in ServerProcess.figures() {
            let isMax = figure.key.hasPrefix("max")
            add(isMax ? "process_max_fds" : "process_open_fds", "gauge", figure.value + ".0")
        }
        if let start = startSeconds {
            add("process_start_time_seconds", "gauge", "\(start)")
        }
        if let resident = memory("VmRSS:"), let virtual = memory("VmSize:") {
            add("process_resident_memory_bytes", "gauge", "\(resident).0")
            add("process_virtual_memory_bytes", "gauge", "\(virtual).0")
            add("jvm_memory_bytes_used", "gauge", "\(resident).0", labels: "{area=\"heap\"}")
            add("jvm_memory_bytes_max", "gauge", "\(memoryMax).0", labels: "{area=\"heap\"}")
        }
        if let threads = field("Threads:") {
            add("jvm_threads_current", "gauge", "\(threads).0")
        }
        return lines.joined()
    }

    private static func seconds(_ user: timeval, _ system: timeval) -> String {
        let microseconds =
            (Int64(user.tv_sec) + Int64(system.tv_sec)) * 1_000_000 + Int64(user.tv_usec)
            + Int64(system.tv_usec)
        let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
        return "\(microseconds / 1_000_000).\(fraction)"
    }

    /// A number of `/proc/self/status`; nil where there is none.
    private static func field(_ name: String) -> Int64? {
        KernelFile.lines("/proc/self/status").first { $0.hasPrefix(name) }
            .flatMap { $0.split { $0 == "\t" || $0 == " " }.dropFirst().first }
            .flatMap { Int64($0) }
    }

    private static func memory(_ name: String) -> Int64? { field(name).map { $0 << 10 } }

    /// What a container may use, else all that the machine has.
    private static var memoryMax: Int64 { MemoryLimit.bytes ?? ServerProcess.memorySize }

    /// What the process has in memory, bytes; nil where nobody tells.
    static var residentSize: Int64? { memory("VmRSS:") }

    /// When the process began, in seconds after 1970: ticks after the start of the machine.
    private static let startSeconds: Double? = {
        guard let own = KernelFile.lines("/proc/self/stat").first?.split(separator: ")").last,
            let machine = KernelFile.lines("/proc/stat").first(where: { $0.hasPrefix("btime ") }),
            let base = Double(machine.dropFirst(6))
        else { return nil }
        // Behind the name in parentheses it is the twentieth field.
        let fields = own.split(separator: " ")
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        return base + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()
}
