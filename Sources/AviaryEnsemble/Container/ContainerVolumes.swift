// Where the data lives: on whatever volume somebody has mounted, by the paths of each image.

/// What is mounted in a container, by `/proc/self/mountinfo`.
struct ContainerMounts {
    private let points: Set<String>

    /// Reads the kernel's list; a mount point is the fifth word of a line.
    init(_ text: String) {
        points = Set(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ", maxSplits: 5)
                return words.count > 4 ? String(words[4]) : nil
            })
    }

    /// Whether the path or a folder above it, up to the one that is an image's own, is a mount point.
    func reach(_ path: String, under top: String) -> Bool {
        var path = Substring(path)
        while path.hasPrefix(top) {
            if points.contains(String(path)) { return true }
            path = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
        }
        return false
    }
}

extension ContainerServerPlanner {
    /// The folders of the data and of its log, unless somebody names them.
    ///
    /// The image holds the folders of all images, so that a new volume there gets their owner: what
    /// counts is what is mounted.
    var volumes: (data: String, logs: String) {
        let mounts = ContainerMounts(situation.read("/proc/self/mountinfo") ?? "")
        let bitnami = "/bitnami/zookeeper/data"
        if mounts.reach(bitnami, under: "/bitnami") { return (bitnami, bitnami) }
        let data = "/var/lib/zookeeper/data", logs = "/var/lib/zookeeper/log"
        let top = "/var/lib/zookeeper"
        switch (mounts.reach(data, under: top), mounts.reach(logs, under: top)) {
        case (true, true): return (data, logs)
        case (true, false): return (data, data)
        case (false, true): return ("/data", logs)
        case (false, false): return ("/data", "/datalog")
        }
    }
}
