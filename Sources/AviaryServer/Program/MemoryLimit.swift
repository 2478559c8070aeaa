import NIOCore
import Storage

/// How much memory the process may have before the kernel ends it, where its container or unit says
/// so (`memory.max`, in older kernels `memory.limit_in_bytes`).
///
/// What grows by what clients do and leave undone is bounded by a part of that. The tree is not: it
/// is said in time that it comes near.
enum MemoryLimit {
    /// Bytes; nil if the machine's memory is all that bounds it.
    static let bytes: Int64? = {
        let limits = files(of: KernelFile.lines("/proc/self/cgroup")).compactMap {
            KernelFile.lines($0).first.flatMap { Int64($0) }
        }
        return limits.min().flatMap { $0 < ServerProcess.memorySize ? $0 : nil }
    }()

    /// A part of the limit, or `most` if that is less.
    static func share(_ part: Int64, most: Int) -> Int {
        bytes.map { min(most, Int(clamping: $0 / part)) } ?? most
    }

    /// Where limits of a process may be by its `/proc/self/cgroup`.
    ///
    /// They are its own group's and those of the groups around it; what is no file says nothing.
    static func files(of groups: [Substring]) -> [String] {
        groups.flatMap { line -> [String] in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            let (root, name): (String, String)
            switch parts[1] {
            case "": (root, name) = ("/sys/fs/cgroup", "memory.max")
            case _ where parts[1].split(separator: ",").contains("memory"):
                (root, name) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            default: return []
            }
            var folder = root
            var files = ["\(folder)/\(name)"]
            for component in parts[2].split(separator: "/") {
                folder += "/\(component)"
                files.append("\(folder)/\(name)")
            }
            return files
        }
    }
}

/// Says once that memory comes to its end, and again after it has been well in between.
struct MemoryWatch {
    static let interval = TimeAmount.seconds(5)
    let limit: Int64
    private var hasSaid = false

    init(limit: Int64) { self.limit = limit }

    /// What to say now that so much is in use.
    mutating func used(_ bytes: Int64) -> String? {
        let (share, _) = bytes.multipliedReportingOverflow(by: 100)
        if share < limit * 70 { hasSaid = false }
        guard share >= limit * 85, !hasSaid else { return nil }
        hasSaid = true
        return "\(bytes >> 20) of \(limit >> 20) MB of memory are used: at the limit the kernel "
            + "ends this server, and again each time it reads its data. Raise the limit, or remove "
            + "znodes"
    }
}
